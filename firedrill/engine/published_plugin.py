"""The published Datadog plugin on this machine, on PATH or in Pulumi's folder of plugins; never downloaded here."""

import os
import shutil
from importlib.metadata import version
from pathlib import Path

from firedrill.errors import KnownFailure

PROGRAM = "pulumi-resource-datadog"


def plugin_folder(*homes: Path) -> Path:
    """Return the folder of the plugin: that on PATH, as Pulumi prefers it, else the one of the SDK's version.

    homes: Pulumi's folders to look in before the user's own (``PULUMI_HOME``, by default ``~/.pulumi``).
    https://www.pulumi.com/docs/iac/cli/environment-variables/

    Raises:
        KnownFailure: there is none.
    """
    on_path = shutil.which(PROGRAM)
    if on_path:
        return Path(on_path).absolute().parent
    sdk = version("pulumi-datadog")
    plugins = [home / "plugins" for home in (*homes, Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"))]
    for installed in (folder / f"resource-datadog-v{sdk}" for folder in plugins):
        # Pulumi marks an installation that was not completed with a file beside it.
        if shutil.which(PROGRAM, path=str(installed)) and not installed.with_name(f"{installed.name}.partial").exists():
            return installed
    others = sorted({path.name for folder in plugins for path in folder.glob("resource-datadog-v*") if path.is_dir()})
    instead = f" (there: {', '.join(others)})" if others else ""
    raise KnownFailure(
        f"{PROGRAM} v{sdk} is neither on PATH nor in {' or '.join(dict.fromkeys(map(str, plugins)))}{instead}: "
        f"run `pulumi plugin install resource datadog v{sdk}`"
    )
