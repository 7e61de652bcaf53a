"""Entry points of the evaluator: ``run`` over a stretch of time at once, ``advance`` one minute at a time.

Both measure a monitor's query at some times (:mod:`measure`), advance the states of its groups
(:mod:`state.machine`, :mod:`state.composite`), and decide what notifies (:mod:`state.notifications`). A value depends
on its own window alone, and a state on the memory before it: ``run`` takes its times in pieces that fit into memory,
and ``advance`` is a ``run`` with one time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate.context import MeasureContext, MeasurementCache
from firedrill.evaluate.conventions import conventions
from firedrill.evaluate.measure import measure, most_groups
from firedrill.evaluate.model import Account, Certainty, Json, Note, Refused, State, Transition, group_name
from firedrill.evaluate.parsed_monitor import ParsedMonitor, check_query, parse_monitor
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.state.composite import GroupStates, MemberStates, advance_composite, member_names
from firedrill.evaluate.state.downtimes import Downtime, read_downtime
from firedrill.evaluate.state.machine import StateChange, advance_groups
from firedrill.evaluate.state.notifications import NotificationContext, SampleAt, ValueAt, notifications
from firedrill.evaluate.state.rules import Rules
from firedrill.evaluate.state.schedule import due
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.timeline import MonitorTimeline, Timeline
from firedrill.query import QueryError
from firedrill.query.tree import CompositeAnd, CompositeNot, CompositeOr, Member, ParenthesizedComposite

MonitorId = int | str
_COMPOSITE = (CompositeAnd, CompositeOr, CompositeNot, Member, ParenthesizedComposite)
MAX_VALUES, MAX_GROUPS = 2_000_000, 1000
"""Values of a signal that are held in memory at once, and the most groups that are expected without looking."""
HISTORY = 91 * 86400
"""Seconds for which changes are remembered: monitor SLOs look back up to 90 days."""


def advance(
    account: Account, state: State, time: float, telemetry: Telemetry, *, strict: bool = True
) -> tuple[State, list[Transition]]:
    """Evaluate everything that is due at a time (epoch seconds) and return the new state and the transitions.

    ``state`` itself is not changed. Raises :class:`Refused` for a monitor that the evaluator cannot compute; with
    ``strict=False`` leaves it out.
    """
    timeline = _evaluate(account, _copy_memory(state.data), np.array([float(time)]), telemetry, strict=strict).timeline
    return timeline.state, timeline.transitions


def run(
    account: Account,
    telemetry: Telemetry,
    start: float,
    end: float,
    step: float = 60,
    *,
    strict: bool = True,
    cache: MeasurementCache | None = None,
    state: State | None = None,
) -> Timeline:
    """Evaluate an account at ``start``, ``start + step`` ... up to and including ``end``.

    Raises :class:`Refused` for a monitor that the evaluator cannot compute; with ``strict=False`` leaves such a monitor
    out and lists it in ``Timeline.refused``, as it does a downtime that it cannot read. A ``cache`` of the same
    telemetry avoids measuring again what an earlier run with it measured. A ``state`` is that of an earlier run, which
    this one continues.
    """
    if cache is not None and cache.telemetry is not telemetry:
        raise ValueError("the cache belongs to other telemetry")
    times = (start + step * np.arange(int((end - start) // step) + 1)).astype(np.float64)
    memory = _copy_memory((state or State()).data)
    return _evaluate(account, memory, times, telemetry, strict=strict, cache=cache).timeline


def evaluate_at(account: Account, telemetry: Telemetry, times: Sequence[float]) -> Timeline:
    """Evaluate every monitor at exactly these times (ascending), whatever its usual frequency."""
    instants = np.array(times, dtype=np.float64)
    return _evaluate(account, {"monitors": {}}, instants, telemetry, always_due=True).timeline


@dataclass
class _Evaluation:
    """One call of an entry point: its inputs, the memory that it updates and the timeline that it fills.

    ``states_before`` are the states of each monitor's groups before the first of the times.
    """

    account: Account
    memory: Json
    times: FloatArray
    downtimes: list[Downtime]
    context: MeasureContext
    timeline: Timeline
    states_before: dict[MonitorId, GroupStates]
    always_due: bool


def _evaluate(
    account: Account,
    memory: Json,
    times: FloatArray,
    telemetry: Telemetry,
    *,
    strict: bool = True,
    always_due: bool = False,
    cache: MeasurementCache | None = None,
) -> _Evaluation:
    timeline = Timeline(State(memory))
    downtimes = _read_downtimes(account, times, timeline, strict=strict)
    context = MeasureContext(account, telemetry, memory, cache)
    evaluation = _Evaluation(account, memory, times, downtimes, context, timeline, {}, always_due)
    for monitor in sorted(account.monitors, key=_evaluation_order):
        try:
            _evaluate_monitor(evaluation, monitor)
        except (Refused, QueryError) as error:
            if strict:
                raise
            refusal = error if isinstance(error, Refused) else Refused("query", str(error))
            timeline.refused[monitor["id"]] = refusal
    order = {monitor["id"]: place for place, monitor in enumerate(account.monitors)}
    timeline.transitions.sort(key=lambda transition: (transition.time, order[transition.monitor_id]))
    _forget_deleted_monitors(memory, account)
    return evaluation


def _read_downtimes(account: Account, times: FloatArray, timeline: Timeline, *, strict: bool) -> list[Downtime]:
    start, end = (float(times[0]), float(times[-1])) if times.size else (0.0, 0.0)
    downtimes = []
    for definition in account.downtimes:
        try:
            downtimes.append(read_downtime(definition, start, end))
        except Refused as refusal:
            if strict:
                raise
            timeline.refused[f"downtime {definition.get('id')}"] = refusal
    return downtimes


def _copy_memory(memory: Json) -> Json:
    """Return a memory whose groups and units can be replaced; each of them is replaced whole, never changed."""
    monitors = {
        key: {**monitor, "groups": dict(monitor["groups"]), "units": dict(monitor["units"])}
        for key, monitor in memory["monitors"].items()
    }
    return {**memory, "monitors": monitors}


def _forget_deleted_monitors(memory: Json, account: Account) -> None:
    existing = {str(monitor["id"]) for monitor in account.monitors}
    for key in [key for key in memory["monitors"] if key not in existing]:
        del memory["monitors"][key]


def _evaluation_order(monitor: Json) -> int:
    """SLO alerts read the states of monitors, composites may read those of SLO alerts."""
    return {"slo alert": 1, "composite": 2}.get(monitor["type"], 0)


def _evaluate_monitor(evaluation: _Evaluation, monitor: Json) -> None:
    parsed = parse_monitor(monitor)
    key, timeline = str(monitor["id"]), evaluation.timeline
    memory = evaluation.memory["monitors"].get(key) or {"groups": {}, "units": {}, "history": [], "evaluated": None}
    evaluation.states_before[monitor["id"]] = {
        name: (group["group"], group["state"]) for name, group in memory["groups"].items()
    }
    times = evaluation.times
    if not evaluation.always_due:
        times = due(parsed.query, monitor.get("options") or {}, times, memory["evaluated"])
    if not times.size:
        check_query(parsed, monitor)
        timeline.monitors[monitor["id"]] = MonitorTimeline(times, set(), evaluation.states_before[monitor["id"]])
        return
    notes: set[Note] = conventions(parsed.query, parsed.rules)
    track = MonitorTimeline(times, notes, evaluation.states_before[monitor["id"]])
    transitions: list[Transition] = []
    for piece in _pieces(evaluation, parsed, monitor, times):
        rules, signal, changes = _advance_states(evaluation, parsed, monitor, memory, piece)
        if signal is not None:
            notes |= signal.notes
            track.default = signal.default
        certainty: Certainty = "indicative" if any(note.approximation for note in notes) else "documented"
        context = NotificationContext(rules, evaluation.downtimes, *_readers(signal), certainty)
        transitions.extend(notifications(context, memory["units"], changes, piece))
        memory["evaluated"] = float(piece[-1])
        memory["history"] = _history(memory["history"], changes, float(piece[0]))
        offset = int(np.searchsorted(times, piece[0]))
        track.changes.extend(replace(change, index=change.index + offset) for change in changes)
        track.certainty = certainty
    if track.default is None and parsed.rules.counts and parsed.rules.missing == "default":
        track.default = 0.0
    if not isinstance(parsed.query.body, _COMPOSITE):
        track.measured = _MeasuredValues(parsed, monitor, replace(evaluation.context, cache=None, slis={}), times)
    timeline.transitions.extend(transitions)
    evaluation.memory["monitors"][key] = memory
    timeline.monitors[monitor["id"]] = track


def _pieces(evaluation: _Evaluation, parsed: ParsedMonitor, monitor: Json, times: FloatArray) -> Iterator[FloatArray]:
    """Yield the times in pieces whose signals fit into memory."""
    if isinstance(parsed.query.body, _COMPOSITE) or times.size <= MAX_VALUES // MAX_GROUPS:
        yield times
        return
    groups = most_groups(parsed, monitor, evaluation.context, times)
    size = max(1, MAX_VALUES // max(1, groups))
    for start in range(0, times.size, size):
        yield times[start : start + size]


@dataclass(frozen=True)
class _MeasuredValues:
    """The values of a monitor's groups at some times, which are measured again when they are asked for."""

    parsed: ParsedMonitor
    monitor: Json
    context: MeasureContext
    times: FloatArray

    def __call__(self) -> dict[str, FloatArray]:
        signal = measure(self.parsed, self.monitor, self.context, self.times)
        return {group_name(signal.group(key)): signal.values[row] for row, key in enumerate(signal.keys)}


def _advance_states(
    evaluation: _Evaluation, parsed: ParsedMonitor, monitor: Json, memory: Json, times: FloatArray
) -> tuple[Rules, Signal | None, list[StateChange]]:
    """Return the monitor's rules, its signal (None for composites), and the changes of its groups' states."""
    rules, body = parsed.rules, parsed.query.body
    if isinstance(body, _COMPOSITE):
        members = _members(evaluation, parsed)
        rules = replace(rules, quiet_members=not all(member.notifies_no_data for member in members.values()))
        return rules, None, advance_composite(rules, body, memory["groups"], members, times)
    signal = measure(parsed, monitor, evaluation.context, times)
    first_run = memory["evaluated"] is None
    return rules, signal, advance_groups(rules, memory["groups"], signal, first_run=first_run)


def _history(before: list[list[object]], changes: list[StateChange], now: float) -> list[list[object]]:
    """Return time, group and state of every change that an SLO can still see, and of each group's last one before."""
    history = before + [[change.time, change.name, change.new] for change in changes]
    old = [entry for entry in history if isinstance(entry[0], float) and entry[0] < now - HISTORY]
    last = {entry[1]: entry for entry in old}
    return [*last.values(), *history[len(old) :]] if len(old) > len(last) else history


def _readers(signal: Signal | None) -> tuple[ValueAt, SampleAt]:
    """Return access to a signal's value of a group at an evaluation, and to an event that matched."""
    rows = {} if signal is None else {group_name(signal.group(key)): row for row, key in enumerate(signal.keys)}

    def value_at(name: str, index: int) -> float | None:
        if signal is None or name not in rows or np.isnan(signal.values[rows[name]][index]):
            return None
        return float(signal.values[rows[name]][index])

    def sample_at(group: dict[str, str], time: float) -> Json | None:
        return None if signal is None or signal.sample is None else signal.sample(tuple(group.values()), time)

    return value_at, sample_at


def _members(evaluation: _Evaluation, composite: ParsedMonitor) -> dict[str, MemberStates]:
    assert isinstance(composite.query.body, _COMPOSITE)
    by_id = {str(monitor["id"]): monitor for monitor in evaluation.account.monitors}
    timeline = evaluation.timeline
    members: dict[str, MemberStates] = {}
    for name in member_names(composite.query.body):
        if name not in by_id:
            raise Refused("composite", f"monitor {name} is not in this account")
        monitor = by_id[name]
        if monitor["type"] == "composite":
            raise Refused("composite", f"monitor {name} is a composite itself")
        if monitor["id"] in timeline.refused:
            raise Refused("composite", f"member {name} is refused: {timeline.refused[monitor['id']]}")
        member = parse_monitor(monitor)
        members[name] = MemberStates(
            grouped=bool(member.by),
            notifies_no_data=member.rules.notifies_no_data,
            groups=evaluation.states_before[monitor["id"]],
            changes=timeline.monitors[monitor["id"]].changes,
        )
    return members
