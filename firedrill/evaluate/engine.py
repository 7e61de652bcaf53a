"""One core for both uses: ``run`` takes an account through a stretch of time at once, ``advance`` a minute at a time.

Both measure a monitor's query at some times (:mod:`measure`), take its groups through their states (:mod:`groups`,
:mod:`composite`), and decide what notifies (:mod:`notices`). ``advance`` is ``run`` with one time and a memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate.composite import MemberStates, member_names, walk_composite
from firedrill.evaluate.conventions import conventions
from firedrill.evaluate.downtimes import Downtime, read_downtime
from firedrill.evaluate.groups import Change, walk
from firedrill.evaluate.indicators import Memo, SloContext
from firedrill.evaluate.measure import Plan, check, measure, plan
from firedrill.evaluate.model import Account, Certainty, Json, Note, Refused, State, Status, Transition, group_name
from firedrill.evaluate.notices import Context, notices
from firedrill.evaluate.schedule import due
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.timeline import Timeline, Track
from firedrill.query import QueryError
from firedrill.query.tree import BothOf, EitherOf, Inverse, Member, Parenthesized

Id = int | str
_COMPOSITE = (BothOf, EitherOf, Inverse, Member, Parenthesized)


@dataclass
class _Session:
    """One call of ``run`` or ``advance``: the state it works on and what it has found so far."""

    account: Account
    memory: Json
    telemetry: Telemetry
    timeline: Timeline
    downtimes: list[Downtime]
    before: dict[Id, dict[str, tuple[dict[str, str], Status | None]]]
    slos: SloContext


def advance(
    account: Account, state: State, time: float, telemetry: Telemetry, *, strict: bool = True
) -> tuple[State, list[Transition]]:
    """Evaluate everything that is due at a time (epoch seconds). Pure: the given state is not changed.

    Raises :class:`Refused` for a monitor that the evaluator cannot compute, or with ``strict=False`` leaves it out.
    """
    session = _evaluated(account, _copied(state.data), np.array([float(time)]), telemetry, strict=strict)
    return State(session.memory), session.timeline.transitions


def run(
    account: Account,
    telemetry: Telemetry,
    start: float,
    end: float,
    step: float = 60,
    *,
    strict: bool = True,
    memo: Memo | None = None,
) -> Timeline:
    """Evaluate an account at ``start``, ``start + step`` ... up to and with ``end``.

    Raises :class:`Refused` for a monitor that the evaluator cannot compute; with ``strict=False`` leaves such a monitor
    out and lists it in ``Timeline.refused`` (where a downtime that cannot be read is listed, too). A ``memo`` of the
    same telemetry spares what an earlier run with it measured already.
    """
    times = start + step * np.arange(int((end - start) // step) + 1)
    if memo is not None and memo.telemetry is not telemetry:
        raise ValueError("the memo is one of other telemetry")
    instants = times.astype(np.float64)
    return _evaluated(account, {"monitors": {}}, instants, telemetry, strict=strict, memo=memo).timeline


def evaluate_at(account: Account, telemetry: Telemetry, times: Sequence[float]) -> Timeline:
    """Evaluate every monitor at exactly these times (ascending), whatever its usual frequency."""
    instants = np.array(times, dtype=np.float64)
    return _evaluated(account, {"monitors": {}}, instants, telemetry, forced=instants).timeline


def _evaluated(
    account: Account,
    memory: Json,
    times: FloatArray,
    telemetry: Telemetry,
    *,
    strict: bool = True,
    forced: FloatArray | None = None,
    memo: Memo | None = None,
) -> _Session:
    span = (float(times[0]), float(times[-1])) if times.size else (0.0, 0.0)
    timeline = Timeline()
    session = _Session(
        account,
        memory,
        telemetry,
        timeline,
        [],
        {},
        SloContext(account, telemetry, memory, timeline, memo),
    )
    for downtime in account.downtimes:
        try:
            session.downtimes.append(read_downtime(downtime, *span))
        except Refused as refusal:
            if strict:
                raise
            timeline.refused[f"downtime {downtime.get('id')}"] = refusal
    for monitor in sorted(account.monitors, key=_rank):
        try:
            _monitor(session, monitor, times, forced)
        except Refused as refusal:
            if strict:
                raise
            session.timeline.refused[monitor["id"]] = refusal
        except QueryError as error:
            if strict:
                raise
            session.timeline.refused[monitor["id"]] = Refused("query", str(error))
    order = {monitor["id"]: place for place, monitor in enumerate(account.monitors)}
    session.timeline.transitions.sort(key=lambda one: (one.time, order[one.monitor_id]))
    known = {str(monitor["id"]) for monitor in account.monitors}
    for key in [key for key in memory["monitors"] if key not in known]:
        del memory["monitors"][key]
    return session


def _copied(memory: Json) -> Json:
    """A state whose groups and units can be replaced; each of them is replaced whole, never changed."""
    monitors = {
        key: {**one, "groups": dict(one["groups"]), "units": dict(one["units"])}
        for key, one in memory["monitors"].items()
    }
    return {**memory, "monitors": monitors}


def _rank(monitor: Json) -> int:
    """SLO alerts read monitors' states, composites may read SLO alerts'."""
    return {"slo alert": 1, "composite": 2}.get(monitor["type"], 0)


def _monitor(session: _Session, monitor: Json, times: FloatArray, forced: FloatArray | None) -> None:
    prepared = plan(monitor)
    key = str(monitor["id"])
    memory = session.memory["monitors"].get(key) or {"groups": {}, "units": {}, "history": [], "evaluated": None}
    session.before[monitor["id"]] = {name: (one["group"], one["state"]) for name, one in memory["groups"].items()}
    chosen = forced if forced is not None else due(prepared.query, monitor.get("options") or {}, times)
    if not chosen.size:
        check(prepared, monitor)
        session.timeline.tracks[monitor["id"]] = Track(chosen, {}, [], set())
        return
    values: dict[str, FloatArray] = {}
    signal: Signal | None = None
    rules = prepared.rules
    notes: set[Note] = conventions(prepared.query, rules)
    if isinstance(prepared.query.body, _COMPOSITE):
        members = _members(session, prepared)
        rules = replace(rules, quiet_members=not all(member.loud for member in members.values()))
        changes = walk_composite(rules, prepared.query.body, memory["groups"], members, chosen)
    else:
        signal = measure(prepared, monitor, session.slos, chosen)
        notes |= signal.notes
        values = {group_name(signal.group(one)): signal.values[row] for row, one in enumerate(signal.keys)}
        changes = walk(rules, memory["groups"], signal, first_run=memory["evaluated"] is None)
    certainty: Certainty = "indicative" if any(note.approximation for note in notes) else "documented"
    found = notices(
        Context(
            rules,
            session.downtimes,
            lambda name, index: _value(values, name, index),
            lambda group, time: _sample(signal, group, time),
            certainty,
        ),
        memory["units"],
        changes,
        chosen,
    )
    memory["evaluated"] = float(chosen[-1])
    memory["history"] = _history(memory["history"], changes, float(chosen[-1]))
    session.memory["monitors"][key] = memory
    session.timeline.transitions.extend(found)
    default = signal.default if signal is not None else None
    if default is None and rules.counts and rules.missing == "default":
        default = 0.0
    session.timeline.tracks[monitor["id"]] = Track(chosen, values, changes, notes, certainty, default)


HISTORY = 91 * 86400
"""Seconds for which changes are remembered: monitor SLOs look back up to 90 days."""


def _history(known: list[list[object]], changes: list[Change], now: float) -> list[list[object]]:
    """Time, group and state of every change that an SLO can still see, and the last one before."""
    history = known + [[change.time, change.name, change.new] for change in changes]
    old = [entry for entry in history if isinstance(entry[0], float) and entry[0] < now - HISTORY]
    last = {entry[1]: entry for entry in old}
    return [*last.values(), *history[len(old) :]] if len(old) > len(last) else history


def _value(values: dict[str, FloatArray], name: str, index: int) -> float | None:
    if name not in values or np.isnan(values[name][index]):
        return None
    return float(values[name][index])


def _sample(signal: Signal | None, group: dict[str, str], time: float) -> Json | None:
    if signal is None or signal.sample is None:
        return None
    return signal.sample(tuple(group.values()), time)


def _members(session: _Session, prepared: Plan) -> dict[str, MemberStates]:
    assert isinstance(prepared.query.body, _COMPOSITE)
    known = {str(monitor["id"]): monitor for monitor in session.account.monitors}
    members: dict[str, MemberStates] = {}
    for name in member_names(prepared.query.body):
        if name not in known:
            raise Refused("composite", f"monitor {name} is not in this account")
        monitor = known[name]
        if monitor["type"] == "composite":
            raise Refused("composite", f"monitor {name} is a composite itself")
        if monitor["id"] in session.timeline.refused:
            raise Refused("composite", f"member {name} is refused: {session.timeline.refused[monitor['id']]}")
        groups = session.before[monitor["id"]]
        read = plan(monitor)
        changes = session.timeline.tracks[monitor["id"]].changes
        members[name] = MemberStates(bool(read.by), read.rules.shows_no_data_loudly, groups, changes)
    return members
