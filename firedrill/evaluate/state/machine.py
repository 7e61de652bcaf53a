"""State machine of a monitor's groups (docs: monitors/configuration, monitors/status).

:func:`advance_groups` takes a signal at one time or at a month of them. It visits only evaluations at which something
can change: where the threshold class of the value changes, and where a deadline passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Json, Status, group_name
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.state.rules import Rules
from firedrill.evaluate.state.thresholds import next_status
from firedrill.evaluate.telemetry import FloatArray

NEVER = float("inf")
_VALUE_CLASS, _DATA_CLASS, _STALE_CLASS = 16, 32, 64


@dataclass(frozen=True)
class StateChange:
    """A group's new state at one evaluation.

    ``new`` is None when the group is forgotten, ``old`` is None for its first state. ``index`` is the number of the
    evaluation among the times of the signal.
    """

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
class Observation:
    """One group at one evaluation.

    ``bits`` are the threshold classes of the value. ``has_data`` is whether the window has a point, ``first`` the time
    of its first one, ``latest`` that of the last point so far (minus infinity for none).
    """

    time: float
    index: int
    status: int
    value: float | None
    bits: int
    has_data: bool
    latest: float
    first: float


@dataclass(frozen=True)
class DefaultValue:
    """The value of an empty window where the query gives it one (``default_zero``), and its threshold classes."""

    value: float
    bits: int


def new_group(group: dict[str, str], first_seen: float, hold: float) -> Json:
    """Return the memory of a group that is not evaluated until ``hold`` seconds after it was seen (C-delay-edge)."""
    return {
        "group": group,
        "state": None,
        "seen": first_seen,
        "hold": hold,
        "latest": None,
        "empty_since": None,
        "first_triggered": None,
        "last_triggered": None,
    }


def next_state(rules: Rules, memory: Json, observation: Observation, default: DefaultValue | None) -> Status | None:
    """Return the state after an evaluation; None while the group has had no state."""
    previous: Status | None = memory["state"]
    if observation.status == VALUE:
        if _is_stale(rules, memory, observation):
            return "NO DATA"
        return next_status(observation.bits, None if rules.independent else previous)
    if observation.status == SKIP:
        return previous
    if default is not None:
        return next_status(default.bits, previous)
    if previous is None and not (rules.always and rules.missing == "default"):
        return None
    return _state_without_data(rules, memory, observation, previous)


def _is_stale(rules: Rules, memory: Json, observation: Observation) -> bool:
    """Return whether the last point is ``no_data_timeframe`` old (C-nodata-legacy)."""
    return (
        rules.missing == "legacy"
        and rules.notify_no_data
        and rules.no_data_after > 0
        and memory["latest"] is not None
        and observation.time - memory["latest"] >= rules.no_data_after
    )


def _state_without_data(rules: Rules, memory: Json, observation: Observation, previous: Status | None) -> Status | None:
    if _is_auto_resolved(rules, memory, observation):
        return "OK"
    match rules.missing:
        case "legacy":
            return "NO DATA" if _is_stale(rules, memory, observation) else previous
        case "show_no_data" | "show_and_notify_no_data":
            return "NO DATA"
        case "resolve":
            return "OK"
    if rules.counts and rules.thresholds is not None:
        return next_status(int(rules.thresholds.classes(np.zeros(1))[0]), previous)
    return previous


def _is_auto_resolved(rules: Rules, memory: Json, observation: Observation) -> bool:
    """Return whether data has been missing for ``timeout_h`` (C-timeout): the group is OK until data comes back."""
    since = memory["empty_since"]
    return bool(rules.resolve_after) and since is not None and observation.time - since >= rules.resolve_after


def observe(
    rules: Rules,
    memory: Json | None,
    observation: Observation,
    group: dict[str, str],
    *,
    default: DefaultValue | None = None,
    hold: float = 0,
) -> Json | None:
    """Return the group's memory after one evaluation, None when there is nothing to remember.

    ``memory`` itself is not changed. ``hold`` is the delay of a group that is new.
    """
    if memory is None:
        if not observation.has_data and not (rules.always or (default is not None and not group)):
            return None
        memory = new_group(group, observation.first if observation.has_data else observation.time, hold)
    else:
        memory = dict(memory)
    if observation.latest > -np.inf:
        memory["latest"] = observation.latest
    silence = observation.time - _last_seen(memory)
    if memory["group"] and observation.status != VALUE and silence >= rules.retention:
        return None
    if observation.time < memory["seen"] + memory["hold"]:
        return memory
    if observation.status != EMPTY:
        memory["empty_since"] = None
    elif memory["empty_since"] is None:
        memory["empty_since"] = observation.time
    state = next_state(rules, memory, observation, default)
    if state != memory["state"]:
        if state not in {None, "OK"}:
            if memory["state"] in {None, "OK"}:
                memory["first_triggered"] = observation.time
            memory["last_triggered"] = observation.time
        memory["state"] = state
    return memory


def _last_seen(memory: Json) -> float:
    return float(memory["seen"] if memory["latest"] is None else memory["latest"])


def next_deadline(rules: Rules, memory: Json | None, observation: Observation) -> float:
    """Return when the group's state could next change without a change of its signal."""
    if memory is None:
        return NEVER
    deadlines = [memory["seen"] + memory["hold"]]
    if observation.status != VALUE:
        deadlines.append(_last_seen(memory) + rules.retention)
    if memory["empty_since"] is not None:
        deadlines.append(memory["empty_since"] + rules.resolve_after)
    return min((deadline for deadline in deadlines if deadline > observation.time), default=NEVER)


def advance_groups(rules: Rules, memories: Json, signal: Signal, *, first_run: bool) -> list[StateChange]:
    """Return the changes of all groups over a signal. ``memories`` (by group name) is updated in place."""
    changes: list[StateChange] = []
    rows = {group_name(signal.group(key)): row for row, key in enumerate(signal.keys)}
    if not signal.by and not rows:
        rows["*"] = -1
    for name in sorted(rows.keys() | memories.keys()):
        changes.extend(_advance_group(rules, memories, signal, name, rows.get(name, -1), first_run=first_run))
    changes.sort(key=lambda change: change.index)
    return changes


def _advance_group(
    rules: Rules, memories: Json, signal: Signal, name: str, row: int, *, first_run: bool
) -> Iterator[StateChange]:
    """Yield the changes of one group; its row in the signal is -1 where the signal lacks it."""
    times = signal.times
    group = memories[name]["group"] if name in memories else (signal.group(signal.keys[row]) if row >= 0 else {})
    status, values, latest, first = _columns(signal, row)
    has_data, latest = latest > -np.inf, np.maximum.accumulate(latest)
    if name in memories and memories[name]["latest"] is not None:
        latest = np.maximum(latest, memories[name]["latest"])
    bits = threshold_classes(rules, values)
    default = default_value(rules, signal)
    classes = np.where(status == VALUE, bits + _VALUE_CLASS, status) + _DATA_CLASS * has_data
    if rules.missing == "legacy" and rules.no_data_after > 0:
        classes += _STALE_CLASS * (times - latest >= rules.no_data_after)
    class_changes = np.flatnonzero(np.diff(classes)) + 1
    index = 0
    while index < times.size:
        value = None if np.isnan(values[index]) else float(values[index])
        observation = Observation(
            float(times[index]), index, int(status[index]), value, int(bits[index]), bool(has_data[index]),
            float(latest[index]), float(first[index]),
        )  # fmt: skip
        before = memories.get(name)
        hold = 0 if first_run and index == 0 else rules.new_group_delay
        after = observe(rules, before, observation, group, default=default, hold=hold)
        if after is None:
            memories.pop(name, None)
        else:
            memories[name] = after
        yield from _changes(rules, observation, name, before=before, after=after, default=default)
        if rules.independent:
            index += 1
            continue
        following = class_changes[np.searchsorted(class_changes, index, side="right") :][:1]
        deadline = next_deadline(rules, after, observation)
        due = int(np.searchsorted(times, deadline, side="left")) if deadline < NEVER else times.size
        index = min(int(following[0]) if following.size else times.size, max(due, index + 1))
    if name in memories and latest[-1] > -np.inf:  # points after the last observation do not change the group's class
        memories[name] = {**memories[name], "latest": float(latest[-1])}


def _changes(
    rules: Rules,
    observation: Observation,
    name: str,
    *,
    before: Json | None,
    after: Json | None,
    default: DefaultValue | None,
) -> Iterator[StateChange]:
    old = before["state"] if before is not None else None
    new = after["state"] if after is not None else None
    if old == new and not (rules.independent and observation.status == VALUE and new not in {None, "OK"}):
        return
    value = observation.value
    if value is None and observation.status == EMPTY:
        count = 0.0 if rules.counts and rules.missing == "default" else None
        value = default.value if default is not None else count
    memory: Json = after or before or {}
    yield StateChange(
        time=observation.time,
        index=observation.index,
        name=name,
        group=memory["group"],
        old=old,
        new=new,
        value=value,
        first_triggered=memory["first_triggered"],
        last_triggered=memory["last_triggered"],
    )


def _columns(signal: Signal, row: int) -> tuple[NDArray[np.int8], FloatArray, FloatArray, FloatArray]:
    """Return status, values, last and first points of one group over all times."""
    size = signal.times.size
    if row < 0:
        status = np.zeros(size, np.int8) if signal.absent is None else signal.absent
        return status, np.full(size, np.nan), np.full(size, -np.inf), np.full(size, np.inf)
    status = signal.status[row]
    if signal.absent is not None:
        status = np.where(status == EMPTY, signal.absent, status)
    return status, signal.values[row], signal.latest[row], signal.first[row]


def threshold_classes(rules: Rules, values: FloatArray) -> NDArray[np.int8]:
    """Return the threshold classes of some values."""
    if rules.thresholds is None:
        return np.zeros(values.shape, np.int8)
    return rules.thresholds.classes(values)


def default_value(rules: Rules, signal: Signal) -> DefaultValue | None:
    """Return the value of an empty window where the query gives it one."""
    if signal.default is None or rules.thresholds is None:
        return None
    return DefaultValue(signal.default, int(rules.thresholds.classes(np.array([signal.default]))[0]))
