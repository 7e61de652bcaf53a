"""The environment of an instance: declared variables, those of the image and those of the platform.

https://cloud.google.com/run/docs/container-contract. Of the sandbox's own environment an instance gets only the path
of the virtual environment, which stands for the image's installed packages.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from firedrill.sandbox.google.cloud_run.template import SecretKey, Template
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.secrets import Secrets, secret_version_name
from firedrill.settings import Settings

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def resolve_variables(template: Template, project: str, secrets: Secrets, iam: Iam) -> dict[str, str]:
    """Return the declared variables with secrets resolved. Raises ErrorResponse for a secret that cannot be read."""
    return {
        name: value
        if isinstance(value, str)
        else _resolve_secret(value, template.service_account, project, secrets, iam)
        for name, value in template.environment.items()
    }


def _resolve_secret(key: SecretKey, service_account: str, project: str, secrets: Secrets, iam: Iam) -> str:
    version_name = secret_version_name(project, key.secret, key.version)
    if not iam.may_access_secret(service_account, version_name.project, version_name.secret):
        account = service_account or "the default Compute Engine service account"
        raise ErrorResponse(
            403,
            f"Permission denied on secret: {version_name} for Revision service account {account}. The service account "
            "must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the "
            "secret or project level before the revision is created: make the service depend on the grant",
        )
    return secrets.access(version_name)[1].decode()


def secret_names(template: Template) -> set[str]:
    """Return the names of the variables whose values are secrets."""
    return {name for name, value in template.environment.items() if isinstance(value, SecretKey)}


def process_environment(
    settings: Settings,
    service: str,
    revision: str,
    port: int,
    home: Path,
    *,
    image: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, str]:
    """Return a process's whole environment: declared variables override the image's, the platform's override both."""
    google = f"localhost:{settings.google_port}"
    return {
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # serverless-init in the image provides an agent on localhost.
        "DD_TRACE_AGENT_URL": settings.datadog_url,
        "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{settings.statsd_port}",
        # In place of the API hosts that the service derives from DD_SITE.
        "DD_API_URL": settings.datadog_url,
        "GOOGLE_VERTEX_BASE_URL": settings.google_url,
        "STORAGE_EMULATOR_HOST": settings.google_url,
        **image,
        **variables,
        "PORT": str(port),
        # Containers listen on all addresses, and gunicorn's own variable overrides what its configuration says: here
        # no container keeps the port from other machines.
        "GUNICORN_CMD_ARGS": f"{variables.get('GUNICORN_CMD_ARGS', '')} --bind=127.0.0.1:{port}".strip(),
        "K_SERVICE": service,
        "K_REVISION": revision,
        "K_CONFIGURATION": service,
        "GCE_METADATA_HOST": google,
        "GCE_METADATA_IP": google,
    }
