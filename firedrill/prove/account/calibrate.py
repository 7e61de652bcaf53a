"""Calibrate the evaluator: compare it with an account's own monitors, minute by minute.

The states of each group are steps over the minutes of an export. Differences of up to :data:`TOLERANCE` count as
agreement, since nobody outside the account knows at which second of a minute it evaluates.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate import Timeline, run
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.prove.account.export_folder import AccountExport, RecordedStateChange, to_iso

TOLERANCE = 120
"""Seconds by which a change may be earlier or later."""
MINUTE = 60
STATES = np.array(["", "OK", "WARN", "ALERT", "NO DATA"])
"""States by code; "" is the state of a group that does not exist."""
OK = 1
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Divergence:
    """The first minute in which the account and the evaluator differ for longer than the tolerance."""

    time: float
    group: str
    account: str
    evaluator: str
    value: float | None

    def __str__(self) -> str:
        value = "" if self.value is None else f", its value {self.value:.4g}"
        return f"{to_iso(self.time)[:16]} {self.group}: {self.account} in the account, {self.evaluator} here{value}"


@dataclass(frozen=True)
class Agreement:
    """The agreement on one monitor, in minutes of all groups that the account or the evaluator has.

    ``changes`` is the number of state changes in the account, ``refused`` why the evaluator refuses the monitor.
    """

    alert: str
    agreed: int
    minutes: int
    changes: int
    first: Divergence | None = None
    refused: str = ""

    @property
    def share(self) -> float:
        """The share of minutes with agreement, from 0 to 1; 1 if there is nothing to compare."""
        return self.agreed / self.minutes if self.minutes else 1.0


def calibrate(exported: AccountExport) -> list[Agreement]:
    """Return the agreement on each monitor of an export."""
    definitions = exported.definitions
    timeline = run(definitions.account, exported.telemetry, exported.start, exported.end, strict=False)
    changes: dict[str, list[RecordedStateChange]] = defaultdict(list)
    for change in sorted(exported.history, key=lambda change: change.time):
        changes[change.monitor].append(change)
    return [
        _agreement(definitions.alert(monitor), monitor, timeline, changes[str(monitor["id"])])
        for monitor in definitions.account.monitors
    ]


def _agreement(alert: str, monitor: Json, timeline: Timeline, changes: Sequence[RecordedStateChange]) -> Agreement:
    if monitor["id"] in timeline.refused:
        return Agreement(alert, 0, 0, len(changes), refused=str(timeline.refused[monitor["id"]]))
    times, states = timeline.times(monitor["id"]), timeline.states(monitor["id"])
    agreed = minutes = 0
    divergences = []
    for group in sorted(states.keys() | {change.group for change in changes}):
        ours = _codes(states[group]) if group in states else np.zeros(times.size, np.int64)
        theirs = _steps([change for change in changes if change.group == group], times)
        differs = differing(theirs, ours, times)
        counted = (theirs > 0) | (ours > 0)
        agreed += int((counted & ~differs).sum())
        minutes += int(counted.sum())
        if differs.any():
            place = int(np.argmax(differs))
            value = timeline.values(monitor["id"]).get(group, np.full(times.size, np.nan))[place]
            divergences.append(
                Divergence(
                    time=float(times[place]),
                    group=group,
                    account=str(STATES[theirs[place]]) or "nothing",
                    evaluator=str(STATES[ours[place]]) or "nothing",
                    value=None if np.isnan(value) else float(value),
                )
            )
    first = min(divergences, key=lambda divergence: divergence.time, default=None)
    return Agreement(alert, agreed, minutes, len(changes), first)


def _codes(states: NDArray[np.str_]) -> Codes:
    return np.array([int(np.flatnonzero(state == STATES)[0]) for state in states], dtype=np.int64)


def _steps(changes: Sequence[RecordedStateChange], times: FloatArray) -> Codes:
    """Return the account's state at each time: OK before the first change, unless that names its previous state."""
    before = changes[0].before if changes else None
    states = [before or "OK", *(change.state for change in changes)]
    place = np.searchsorted(np.array([change.time for change in changes]), times, side="right")
    return _codes(np.array(states))[place]


def differing(theirs: Codes, ours: Codes, times: FloatArray) -> NDArray[np.bool_]:
    """Return the minutes in which one has a state that the other does not have within the tolerance."""
    reach = max(1, round(TOLERANCE / MINUTE))
    unmatched = np.stack([theirs, ours]) > -1
    for shift in range(-reach, reach + 1):
        places = np.clip(np.arange(times.size) + shift, 0, max(times.size - 1, 0))
        unmatched[0] &= theirs != ours[places]
        unmatched[1] &= ours != theirs[places]
    result: NDArray[np.bool_] = ((ours > 0) | (theirs != OK)) & unmatched.any(axis=0)
    return result


def markdown(agreements: Sequence[Agreement]) -> str:
    """Return a table, the least agreement first."""
    compared = [agreement for agreement in agreements if not agreement.refused]
    minutes = sum(agreement.minutes for agreement in compared)
    share = sum(agreement.agreed for agreement in compared) / minutes if minutes else 1.0
    lines = [
        f"{len(compared)} of {len(agreements)} monitors compared: agreement in {share:.2%} of {minutes} minutes.",
        "",
        "| monitor | agreement | changes in the account | first divergence |",
        "|---|---|---|---|",
    ]
    for agreement in sorted(agreements, key=lambda agreement: (agreement.share, agreement.alert)):
        percent = "not compared" if agreement.refused else f"{agreement.share:.2%}"
        reason = agreement.refused or agreement.first or ""
        lines.append(f"| {agreement.alert} | {percent} | {agreement.changes} | {reason} |")
    return "\n".join(lines) + "\n"
