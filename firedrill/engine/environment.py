"""The environment in which plain ``pulumi`` works against a sandbox: what ``firedrill env`` prints."""

import os
import shutil
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from firedrill import bootstrap
from firedrill.errors import KnownFailure
from firedrill.sandbox import settings as sandbox

PASSPHRASE = "sandbox"  # noqa: S105 - not a secret: it opens only what the sandbox made
"""Encrypts the secrets of Pulumi.local.yaml, which are the sandbox's own and open nothing else."""
PUBLISHED_PLUGIN = "pulumi-resource-datadog"


class Provider(StrEnum):
    """Which Datadog provider Pulumi uses against the sandbox's API."""

    OURS = "ours"
    PUBLISHED = "published"


def variables(settings: sandbox.Settings, provider: Provider = Provider.OURS) -> dict[str, str]:
    """Environment variables for Pulumi, by name. PATH comes first with the CLI and this environment's programs.

    Raises :class:`KnownFailure` where the published provider is wanted and not on PATH.
    """
    if provider == Provider.PUBLISHED and shutil.which(PUBLISHED_PLUGIN) is None:
        raise KnownFailure(
            f"{PUBLISHED_PLUGIN} is not on PATH: run `pulumi plugin install resource datadog "
            f"v{version('pulumi-datadog')}` and put its folder, below PULUMI_HOME/plugins, on PATH"
        )
    attached = {"datadog": settings.datadog_provider_port, "gcp": settings.gcp_provider_port}
    if provider == Provider.PUBLISHED:
        del attached["datadog"]
    cli = bootstrap.pulumi_cli()
    if cli is None:
        raise SystemExit("There is no Pulumi CLI yet: run `make setup`")
    folders = [str(cli.parent), str(Path(sys.executable).parent)]
    if cli.parent != bootstrap.cli_folder() and bootstrap.needs_language_host(cli):
        folders.append(str(bootstrap.SHIMS))
    kept = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in folders]
    return {
        "PATH": os.pathsep.join(folders + kept),
        "PULUMI_HOME": str(settings.home / "pulumi"),
        "PULUMI_BACKEND_URL": (settings.home / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in attached.items()),
        "DD_HOST": settings.datadog_url,
        "DD_API_KEY": sandbox.API_KEY,
        "DD_APP_KEY": sandbox.APP_KEY,
        "FIREDRILL_PYTHON": sys.executable,
        "FIREDRILL_LEAN_SDK": "1",
    }


def prepare(settings: sandbox.Settings) -> None:
    """Make the folders that Pulumi wants to find."""
    (settings.home / "state").mkdir(parents=True, exist_ok=True)
    (settings.home / "pulumi").mkdir(parents=True, exist_ok=True)
