"""The state machine of one group (docs: monitors/configuration, monitors/status).

:func:`walk` takes a signal at one time or at a month of them. Only evaluations at which something can change are
visited: where the class of the value changes, and where a clock runs out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Json, Status, group_name
from firedrill.evaluate.rules import Rules
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.telemetry import FloatArray
from firedrill.evaluate.thresholds import next_status

NEVER = float("inf")
_VALUE_CLASS = 16


@dataclass(frozen=True)
class Change:
    """A group's new state (None: the group is forgotten). ``old`` is None for a state never had before."""

    time: float
    index: int
    name: str
    group: dict[str, str]
    old: Status | None
    new: Status | None
    value: float | None
    first_triggered: float | None = None
    last_triggered: float | None = None


@dataclass(frozen=True)
class Row:
    """One group at one evaluation. ``bits`` are the threshold classes of the value."""

    time: float
    index: int
    status: int
    value: float | None
    bits: int
    latest: float
    first: float


def new_group(group: dict[str, str], seen: float, hold: float) -> Json:
    """A group that is not evaluated until ``hold`` seconds after it was first seen (C-delay-edge)."""
    return {
        "group": group,
        "state": None,
        "seen": seen,
        "hold": hold,
        "latest": None,
        "empty_since": None,
        "first_triggered": None,
        "last_triggered": None,
    }


def decide(rules: Rules, memory: Json, row: Row, default_bits: int | None) -> Status | None:
    """The state after an evaluation; None while there has been none."""
    previous: Status | None = memory["state"]
    if rules.independent:
        previous = None if row.status == VALUE else previous
    if row.status == VALUE:
        if _is_stale(rules, memory, row):
            return "NO DATA"
        return next_status(row.bits, previous)
    if row.status == SKIP:
        return previous
    if default_bits is not None:
        return next_status(default_bits, previous)
    if previous is None and not (rules.always and rules.missing == "default"):
        return None
    return _without_data(rules, memory, row, previous)


def _is_stale(rules: Rules, memory: Json, row: Row) -> bool:
    return (
        rules.missing == "legacy"
        and rules.notify_no_data
        and rules.no_data_after > 0
        and memory["latest"] is not None
        and row.time - memory["latest"] >= rules.no_data_after
    )


def _without_data(rules: Rules, memory: Json, row: Row, previous: Status | None) -> Status | None:
    if rules.resolve_after and previous not in {None, "OK"}:
        since = memory["empty_since"]
        if since is not None and row.time - since >= rules.resolve_after:
            return "OK"
    match rules.missing:
        case "legacy":
            return "NO DATA" if _is_stale(rules, memory, row) and not _resolved(rules, memory, row) else previous
        case "show_no_data" | "show_and_notify_no_data":
            return previous if _resolved(rules, memory, row) else "NO DATA"
        case "resolve":
            return "OK"
    if rules.counts and rules.thresholds is not None:
        return next_status(int(rules.thresholds.classes(np.zeros(1))[0]), previous)
    return previous


def _resolved(rules: Rules, memory: Json, row: Row) -> bool:
    """Whether the monitor resolved itself during this lack of data: it then stays OK until data comes back."""
    since = memory["empty_since"]
    return bool(rules.resolve_after) and since is not None and row.time - since >= rules.resolve_after


def step(
    rules: Rules,
    memory: Json | None,
    row: Row,
    group: dict[str, str],
    *,
    default: tuple[float, int] | None = None,
    hold: float = 0,
) -> Json | None:
    """The group's memory after one evaluation, None when there is nothing to remember. ``memory`` is not changed.

    ``hold`` is the delay of a group that is new; ``default`` the value of an empty window, and its class.
    """
    has_data = row.latest > -np.inf
    if memory is None:
        if not has_data and not (rules.always or (default is not None and not group)):
            return None
        memory = new_group(group, row.first if has_data else row.time, hold)
    else:
        memory = dict(memory)
    if has_data:
        memory["latest"] = max(row.latest, memory["latest"] if memory["latest"] is not None else row.latest)
    if memory["group"] and row.status != VALUE and row.time - (memory["latest"] or memory["seen"]) >= rules.retention:
        return None
    if row.time < memory["seen"] + memory["hold"]:
        return memory
    if row.status != EMPTY:
        memory["empty_since"] = None
    elif memory["empty_since"] is None:
        memory["empty_since"] = row.time
    state = decide(rules, memory, row, default[1] if default is not None else None)
    if state != memory["state"]:
        if state not in {None, "OK"}:
            if memory["state"] in {None, "OK"}:
                memory["first_triggered"] = row.time
            memory["last_triggered"] = row.time
        memory["state"] = state
    return memory


def wake(rules: Rules, memory: Json | None, row: Row) -> float:
    """When the group's state could next change without a change of its signal."""
    if memory is None:
        return NEVER
    clocks = [memory["seen"] + memory["hold"]]
    if memory["latest"] is not None:
        clocks.append(memory["latest"] + rules.no_data_after)
    if row.status != VALUE:
        clocks.append((memory["latest"] or memory["seen"]) + rules.retention)
    if memory["empty_since"] is not None:
        clocks.append(memory["empty_since"] + rules.resolve_after)
    return min((clock for clock in clocks if clock > row.time), default=NEVER)


def walk(rules: Rules, memories: Json, signal: Signal, *, first_run: bool) -> list[Change]:
    """Take all groups through a signal. ``memories`` (by group name) is updated in place."""
    changes: list[Change] = []
    rows = {group_name(signal.group(key)): place for place, key in enumerate(signal.keys)}
    if not signal.by and not rows:
        rows["*"] = -1
    for name in sorted(rows.keys() | memories.keys()):
        changes.extend(_walk_group(rules, memories, signal, name, rows.get(name, -1), first_run=first_run))
    changes.sort(key=lambda change: change.index)
    return changes


def _walk_group(
    rules: Rules, memories: Json, signal: Signal, name: str, place: int, *, first_run: bool
) -> Iterator[Change]:
    times = signal.times
    group = memories[name]["group"] if name in memories else (signal.group(signal.keys[place]) if place >= 0 else {})
    status, values, latest, first = _columns(signal, place)
    bits = bits_of(rules, values)
    default = default_of(rules, signal)
    classes = np.where(status == VALUE, bits + _VALUE_CLASS, status)
    turns = np.flatnonzero(np.diff(classes)) + 1
    latest = np.maximum.accumulate(latest)
    at = 0
    while at < times.size:
        missing = np.isnan(values[at])
        row = Row(
            float(times[at]), at, int(status[at]), None if missing else float(values[at]), int(bits[at]),
            float(latest[at]), float(first[at]),
        )  # fmt: skip
        before = memories.get(name)
        hold = 0 if first_run and at == 0 else rules.new_group_delay
        after = step(rules, before, row, group, default=default, hold=hold)
        if after is None:
            memories.pop(name, None)
        else:
            memories[name] = after
        yield from _changes(rules, row, name, before=before, after=after, default=default)
        following = turns[np.searchsorted(turns, at, side="right") :][:1]
        soon = wake(rules, after, row)
        if after is None and place >= 0:
            soon = NEVER
        clock = int(np.searchsorted(times, soon, side="left")) if soon < NEVER else times.size
        at = min(int(following[0]) if following.size else times.size, max(clock, at + 1))


def _changes(
    rules: Rules,
    row: Row,
    name: str,
    *,
    before: Json | None,
    after: Json | None,
    default: tuple[float, int] | None,
) -> Iterator[Change]:
    old = before["state"] if before is not None else None
    new = after["state"] if after is not None else None
    if old == new and not (rules.independent and row.status == VALUE and new not in {None, "OK"}):
        return
    value = row.value
    if value is None and row.status == EMPTY:
        value = default[0] if default is not None else (0.0 if rules.counts and rules.missing == "default" else None)
    known: Json = after or before or {}
    yield Change(
        time=row.time,
        index=row.index,
        name=name,
        group=known["group"],
        old=old,
        new=new,
        value=value,
        first_triggered=known["first_triggered"],
        last_triggered=known["last_triggered"],
    )


def _columns(signal: Signal, place: int) -> tuple[NDArray[np.int8], FloatArray, FloatArray, FloatArray]:
    size = signal.times.size
    if place < 0:
        status = np.zeros(size, np.int8) if signal.absent is None else signal.absent
        return status, np.full(size, np.nan), np.full(size, -np.inf), np.full(size, np.inf)
    status = signal.status[place]
    if signal.absent is not None:
        status = np.where(status == EMPTY, signal.absent, status)
    return status, signal.values[place], signal.latest[place], signal.first[place]


def bits_of(rules: Rules, values: FloatArray) -> NDArray[np.int8]:
    """The threshold classes of some values."""
    if rules.thresholds is None:
        return np.zeros(values.shape, np.int8)
    return rules.thresholds.classes(values)


def default_of(rules: Rules, signal: Signal) -> tuple[float, int] | None:
    """The value of an empty window and its threshold class, where the query gives it one."""
    if signal.default is None or rules.thresholds is None:
        return None
    return signal.default, int(rules.thresholds.classes(np.array([signal.default]))[0])
