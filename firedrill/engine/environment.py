"""The environment variables with which plain ``pulumi`` works against a sandbox (``firedrill env``)."""

import os
import sys
from pathlib import Path

from firedrill import bootstrap
from firedrill.engine.published_plugin import plugin_folder
from firedrill.settings import API_KEY, APP_KEY, GOOGLE_URL, Provider, Settings

PASSPHRASE = "sandbox"  # noqa: S105 - not a secret: it encrypts only the sandbox's own
"""Encrypts the secrets of Pulumi.local.yaml, which belong to the sandbox and open nothing else."""


def variables(settings: Settings) -> dict[str, str]:
    """Return the environment variables for Pulumi. PATH begins with the CLI and this environment's programs.

    Raises:
        KnownFailure: the published provider is chosen and not on this machine.
    """
    attached = {"gcp": settings.gcp_provider_port}
    plugins = []
    if settings.provider == Provider.PUBLISHED:
        plugins = [str(plugin_folder(settings.home / "pulumi"))]
    else:
        attached["datadog"] = settings.datadog_provider_port
    cli = bootstrap.pulumi_cli()
    if cli is None:
        raise SystemExit("the Pulumi CLI is not installed: run `make setup`")
    folders = [str(cli.parent), str(Path(sys.executable).parent)]
    if cli.parent != bootstrap.cli_folder() and bootstrap.needs_language_host(cli):
        folders.append(str(bootstrap.SHIMS))
    folders += plugins
    others = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in folders]
    return {
        "PATH": os.pathsep.join(folders + others),
        "PULUMI_HOME": str(settings.home / "pulumi"),
        "PULUMI_BACKEND_URL": (settings.home / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in attached.items()),
        "DD_HOST": settings.datadog_url,
        "DD_API_KEY": API_KEY,
        "DD_APP_KEY": APP_KEY,
        GOOGLE_URL: settings.google_url,
        "FIREDRILL_PYTHON": sys.executable,
        "FIREDRILL_LEAN_SDK": "1",
    }


def prepare(settings: Settings) -> None:
    """Create the folders that Pulumi expects."""
    (settings.home / "state").mkdir(parents=True, exist_ok=True)
    (settings.home / "pulumi").mkdir(parents=True, exist_ok=True)
