"""The dashboards that a change of the program changes, drawn before and after, for a pull request."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firedrill.dashboards.declared import read_declared
from firedrill.dashboards.pictures import draw, require_chromium
from firedrill.dashboards.telemetry import recorded
from firedrill.prove.collect import registered
from firedrill.prove.revision import files_of

RECORDING = "throttle_storm"
"""The recorded drill of the pictures."""


@dataclass(frozen=True)
class ChangedDashboard:
    """A dashboard with its pictures; None where the version does not declare it."""

    name: str
    before: Path | None
    after: Path | None


def draw_changes(root: Path, base: str, stack: str, drill: str, files: Path) -> list[ChangedDashboard]:
    """Draw each dashboard that differs from a git revision, with both versions on the same telemetry.

    Raises:
        KnownFailure: There is no Chromium, no such revision or no such recording.
    """
    require_chromium()
    with files_of(root, base) as folder:
        earlier = read_declared(registered(folder, stack))
    later = read_declared(registered(root, stack))
    names = later.changed(earlier)
    if not names:
        return []
    story = recorded(root / "drills", drill)
    before = draw(earlier, names, story, files, ".before")
    after = draw(later, names, story, files, ".after")
    return [ChangedDashboard(name, before.get(name), after.get(name)) for name in names]


def markdown(changes: Sequence[ChangedDashboard], environment: Mapping[str, str] = os.environ) -> str:
    """Return the section of a pull request's comment; in a run of GitHub's it links to the run's artifacts."""
    heading = "### Dashboards"
    if not changes:
        return f"{heading}: no changes\n"
    rows = [f"| `{change.name}` | {_file(change.before)} | {_file(change.after)} |" for change in changes]
    table = ["| dashboard | before | after |", "|---|---|---|", *rows]
    return "\n".join([f"{heading}: {len(changes)} changed", "", _place(environment), "", *table]) + "\n"


def _place(environment: Mapping[str, str]) -> str:
    run = environment.get("GITHUB_RUN_ID")
    if not run:
        return "Drawn on recorded telemetry."
    url = f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}/actions/runs/{run}#artifacts"
    return f"Drawn on recorded telemetry: the artifact `dashboards` of [this run]({url}) has the pictures."


def _file(picture: Path | None) -> str:
    return "none" if picture is None else f"`{picture.name}`"
