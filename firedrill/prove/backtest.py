"""Two versions of a stack over the same telemetry: what a change does to its alerts, as Markdown."""

import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from firedrill.drill.account import Definitions, stories
from firedrill.errors import KnownFailure
from firedrill.evaluate import run
from firedrill.prove.collect import from_program
from firedrill.prove.exported import Exported, iso, read
from firedrill.prove.months import WEEK, month, noise
from firedrill.prove.proof import play
from firedrill.prove.session import Bench, bench

NEAR = 15 * 60
"""Seconds within which two versions' alerts are the same one."""
MOST = 5
"""Times that a line lists."""


class BacktestError(KnownFailure):
    """Why two versions could not be compared."""


def compare_revision(root: Path, base: str, stack: str, seeds: int, data: Path | None = None) -> str:
    """The checkout against a git revision of it, over the checkout's scenarios, and exported ``data``."""
    archived = subprocess.run(["git", "archive", base], cwd=root, capture_output=True, check=False)
    if archived.returncode:
        raise BacktestError(f"git knows no revision {base!r} in {root}: {archived.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
            archive.extractall(folder, filter="data")
        before = from_program(Path(folder), stack)
    after = from_program(root, stack)
    exported = None if data is None else read(data)
    return compare(before, bench(after, root / "drills"), seeds, exported)


def compare(before: Definitions, after: Bench, seeds: int, exported: Exported | None = None) -> str:
    """What changed for each alert: gained, lost, earlier, later, and notifications in ordinary weeks."""
    old = {before.alert(one): one for one in before.account.monitors}
    new = {after.definitions.alert(one): one for one in after.definitions.account.monitors}
    rows = [f"| {name} | | new alert |" for name in new if name not in old]
    rows += [f"| {name} | | **alert removed** |" for name in old if name not in new]
    for staged in after.staged():
        was = play(before, staged, readings=False).stories
        now = play(after.definitions, staged, readings=False).stories
        for name in sorted(was.keys() & now.keys()):
            began = staged.clock.failure
            change = _change(was[name].fired(), now[name].fired(), "fires", began) or _change(
                was[name].cleared(), now[name].cleared(), "clears", began
            )
            if change:
                rows.append(f"| {name} | {staged.name} | {change} |")
    for name, (first, second) in _weekly(before, after, seeds).items():
        if abs(first - second) > 0.005:
            rows.append(f"| {name} | ordinary weeks | {first:.2f} → {second:.2f} notifications a week |")
    if exported is not None:
        rows += on_data(before, after.definitions, exported)
    text = [f"{len(new)} alerts, {len(after.scenarios)} scenarios, {seeds} ordinary months.", ""]
    text += ["| alert | where | change |", "|---|---|---|", *rows] if rows else ["No alert behaves differently."]
    return "\n".join(text) + "\n"


def on_data(before: Definitions, after: Definitions, exported: Exported) -> list[str]:
    """A line for each alert that behaves differently on an account's own telemetry."""
    weeks = (exported.end - exported.start) / WEEK
    shown = f"{iso(exported.start)[:10]} to {iso(exported.end)[:10]}"
    was, now = (
        stories(one, run(one.account, exported.telemetry, exported.start, exported.end, strict=False),
                exported.telemetry)
        for one in (before, after)
    )  # fmt: skip
    rows = []
    for name in sorted(was.keys() & now.keys()):
        fired = [[one.time for one in told[name].transitions if one.new == "ALERT"] for told in (was, now)]
        sent = [len(told[name].notifications) for told in (was, now)]
        if fired[0] == fired[1] and sent[0] == sent[1]:
            continue
        change = f"{len(fired[0])} → {len(fired[1])} alerts, {sent[0] / weeks:.2f} → {sent[1] / weeks:.2f} a week"
        gone = [iso(one)[:16] for one in fired[0] if not any(abs(one - other) <= NEAR for other in fired[1])]
        new = [iso(one)[:16] for one in fired[1] if not any(abs(one - other) <= NEAR for other in fired[0])]
        change += f"; no more at {', '.join(gone[:MOST])}" if gone else ""
        change += f"; newly at {', '.join(new[:MOST])}" if new else ""
        rows.append(f"| {name} | {shown} | {change} |")
    return rows


def _weekly(before: Definitions, after: Bench, seeds: int) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for seed in range(seeds):
        telemetry = month(after.ordinary, seed)
        first, second = noise(before, telemetry), noise(after.definitions, telemetry)
        for name in first.notified.keys() | second.notified.keys():
            was, now = found.get(name, (0.0, 0.0))
            found[name] = (
                was + first.notified[name] / first.weeks / seeds,
                now + second.notified[name] / second.weeks / seeds,
            )
    return found


def _change(was: float | None, now: float | None, verb: str, began: float) -> str:
    """One change, with its times in minutes after the failure began."""
    if was == now:
        return ""
    if was is None and now is not None:
        return f"**gained**: {verb} after {(now - began) / 60:.0f} min"
    if was is not None and now is None:
        return f"**lost**: {verb} no more, which it did after {(was - began) / 60:.0f} min"
    assert was is not None and now is not None
    later = "later" if now > was else "earlier"
    times = f"after {(now - began) / 60:.0f} min, not {(was - began) / 60:.0f}"
    return f"{verb} {abs(now - was) / 60:.0f} min {later} ({times})"
