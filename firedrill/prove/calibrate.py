"""The evaluator against an account's own monitors: how often both agree, and where they first differ.

Both are told by group as steps over the minutes of an export. A difference that is over within :data:`TOLERANCE` is
the phase of the account's evaluation, which nobody outside knows, and counts as agreement.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate import Timeline, run
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.prove.exported import Change, Exported, iso

TOLERANCE = 120
"""Seconds by which a change may come sooner or later."""
MINUTE = 60
NAMES = np.array(["", "OK", "WARN", "ALERT", "NO DATA"])
OK = 1
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Divergence:
    """Where both first differ for longer than the tolerance."""

    time: float
    group: str
    account: str
    evaluator: str
    value: float | None

    def __str__(self) -> str:
        value = "" if self.value is None else f", its value {self.value:.4g}"
        return f"{iso(self.time)[:16]} {self.group}: {self.account} in the account, {self.evaluator} here{value}"


@dataclass(frozen=True)
class Agreement:
    """One monitor: in how many minutes of how many, over all groups that either knows, and the first divergence."""

    alert: str
    agreed: int
    minutes: int
    changes: int
    """Changes of state that the account tells of."""
    first: Divergence | None = None
    refused: str = ""

    @property
    def share(self) -> float:
        """1 when both always agree; also when there was nothing to compare."""
        return self.agreed / self.minutes if self.minutes else 1.0


def calibrate(exported: Exported) -> list[Agreement]:
    """Every monitor of an export."""
    definitions = exported.definitions
    timeline = run(definitions.account, exported.telemetry, exported.start, exported.end, strict=False)
    told: dict[str, list[Change]] = defaultdict(list)
    for change in sorted(exported.history, key=lambda one: one.time):
        told[change.monitor].append(change)
    return [
        _agreement(definitions.alert(one), one, timeline, told[str(one["id"])]) for one in definitions.account.monitors
    ]


def _agreement(alert: str, monitor: Json, timeline: Timeline, told: Sequence[Change]) -> Agreement:
    if monitor["id"] in timeline.refused:
        return Agreement(alert, 0, 0, len(told), refused=str(timeline.refused[monitor["id"]]))
    times, own = timeline.times(monitor["id"]), timeline.states(monitor["id"])
    groups = sorted(own.keys() | {one.group for one in told})
    agreed = minutes = 0
    divergences = []
    for group in groups:
        ours = _codes(own[group]) if group in own else np.zeros(times.size, np.int64)
        theirs = _steps([one for one in told if one.group == group], times)
        wrong = differing(theirs, ours, times)
        counted = (theirs > 0) | (ours > 0)
        agreed += int((counted & ~wrong).sum())
        minutes += int(counted.sum())
        if wrong.any():
            place = int(np.argmax(wrong))
            value = timeline.values(monitor["id"]).get(group, np.full(times.size, np.nan))[place]
            here, there = str(NAMES[ours[place]]) or "nothing", str(NAMES[theirs[place]])
            divergences.append(
                Divergence(float(times[place]), group, there, here, None if np.isnan(value) else float(value))
            )
    first = min(divergences, key=lambda one: one.time, default=None)
    return Agreement(alert, agreed, minutes, len(told), first)


def _codes(states: NDArray[np.str_]) -> Codes:
    return np.array([int(np.flatnonzero(one == NAMES)[0]) for one in states], dtype=np.int64)


def _steps(changes: Sequence[Change], times: FloatArray) -> Codes:
    """The account's state at each time: OK before the first change that says nothing else."""
    before = changes[0].before if changes else None
    states = [before or "OK", *(one.state for one in changes)]
    place = np.searchsorted(np.array([one.time for one in changes]), times, side="right")
    return _codes(np.array(states))[place]


def differing(theirs: Codes, ours: Codes, times: FloatArray) -> NDArray[np.bool_]:
    """Minutes in which one has a state that the other has not within the tolerance before or after."""
    reach = max(1, round(TOLERANCE / MINUTE))
    unmatched = np.stack([theirs, ours]) > -1
    for shift in range(-reach, reach + 1):
        places = np.clip(np.arange(times.size) + shift, 0, max(times.size - 1, 0))
        unmatched[0] &= theirs != ours[places]
        unmatched[1] &= ours != theirs[places]
    result: NDArray[np.bool_] = ((ours > 0) | (theirs != OK)) & unmatched.any(axis=0)
    return result


def markdown(found: Sequence[Agreement]) -> str:
    """A table, those that agree least first."""
    compared = [one for one in found if not one.refused]
    minutes = sum(one.minutes for one in compared)
    share = sum(one.agreed for one in compared) / minutes if minutes else 1.0
    lines = [f"{len(compared)} of {len(found)} monitors compared: agreement in {share:.2%} of {minutes} minutes.", "",
             "| monitor | agreement | changes in the account | first divergence |", "|---|---|---|---|"]  # fmt: skip
    for one in sorted(found, key=lambda one: (one.share, one.alert)):
        shown = "not compared" if one.refused else f"{one.share:.2%}"
        lines.append(f"| {one.alert} | {shown} | {one.changes} | {one.refused or one.first or ''} |")
    return "\n".join(lines) + "\n"
