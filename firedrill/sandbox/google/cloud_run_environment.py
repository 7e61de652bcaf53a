"""The environment of an instance: what its revision declares, what the image sets, and what the platform adds.

https://cloud.google.com/run/docs/container-contract. Nothing of the sandbox's own environment gets in but the path of
the virtual environment, which stands for the image's installed packages.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from firedrill.sandbox.google.cloud_run_template import SecretKey, Template
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.secrets import Secrets, reference
from firedrill.sandbox.settings import Settings

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def declared(template: Template, project: str, secrets: Secrets, iam: Iam) -> dict[str, str]:
    """The declared variables with their secrets resolved; GoogleError where one cannot be read."""
    return {
        name: value if isinstance(value, str) else _resolve(value, template.service_account, project, secrets, iam)
        for name, value in template.environment.items()
    }


def _resolve(key: SecretKey, service_account: str, project: str, secrets: Secrets, iam: Iam) -> str:
    wanted = reference(project, key.secret, key.version)
    if not iam.may_access_secret(service_account, wanted.project, wanted.secret):
        who = service_account or "the default Compute Engine service account"
        raise GoogleError(
            403,
            f"Permission denied on secret: {wanted} for Revision service account {who}. The service account used must "
            "be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret "
            "or project level before the revision is made: let the service depend on the grant",
        )
    return secrets.access(wanted)[1].decode()


def secret_names(template: Template) -> set[str]:
    """The variables whose values are secrets."""
    return {name for name, value in template.environment.items() if isinstance(value, SecretKey)}


def complete(
    settings: Settings,
    service: str,
    revision: str,
    port: int,
    home: Path,
    *,
    image: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, str]:
    """All that a process of the revision sees; what is declared wins over the image, the platform over both."""
    google = f"localhost:{settings.google_port}"
    return {
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # What serverless-init in the image provides: an agent on localhost.
        "DD_TRACE_AGENT_URL": settings.datadog_url,
        "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{settings.statsd_port}",
        # Stands for the hosts of Datadog's API, which the service would derive from DD_SITE.
        "DD_API_URL": settings.datadog_url,
        "GOOGLE_VERTEX_BASE_URL": settings.google_url,
        "STORAGE_EMULATOR_HOST": settings.google_url,
        **image,
        **variables,
        "PORT": str(port),
        "K_SERVICE": service,
        "K_REVISION": revision,
        "K_CONFIGURATION": service,
        "GCE_METADATA_HOST": google,
        "GCE_METADATA_IP": google,
    }
