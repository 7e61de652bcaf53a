"""Kinds of single rules of the state machine and of notifications."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate.event.monitor import measure_events
from firedrill.evaluate.metric.anomalies import interval_is_valid
from firedrill.evaluate.metric.monitor import is_full
from firedrill.evaluate.model import Status
from firedrill.evaluate.signals import EMPTY, SKIP
from firedrill.evaluate.state.composite import combine_states, common_groups, keep_last_known
from firedrill.evaluate.state.downtimes import read_downtime
from firedrill.evaluate.state.machine import Observation, StateChange, new_group, observe
from firedrill.evaluate.state.notifications import NotificationContext, notifications, should_notify
from firedrill.evaluate.state.rules import Rules, read_rules
from firedrill.evaluate.state.schedule import frequency
from firedrill.evaluate.state.thresholds import holds
from firedrill.evaluate.telemetry import Event, Recording
from firedrill.query import parse
from firedrill.query.tree import CompositeAnd, CompositeNot, CompositeOr, Member, ParenthesizedComposite
from tests.vectors.monitors import series_of, timeline_of

Case = dict[str, Any]
MINUTE = 60
_STATES: dict[str, Status] = {"Alert": "ALERT", "Warn": "WARN", "No Data": "NO DATA", "OK": "OK"}
_API_NAMES = {state: name for name, state in _STATES.items()}


def _rules(
    options: Case, *, counts: bool = False, by: tuple[str, ...] = (), comparator: str = ">", bound: float = 0
) -> Rules:
    text = f"sum(last_5m):sum:a{{*}} {comparator} {bound}"
    return read_rules({"id": 1, "options": options}, parse("query alert", text), counts=counts, by=by)


def missing(inputs: Case) -> Case:
    """Evaluate an empty window after a state."""
    rules = _rules(
        {"on_missing_data": inputs["on_missing_data"]},
        counts=inputs["query_kind"] in {"count", "sum"},
        comparator=inputs["comparator"],
        bound=inputs["threshold"],
    )
    memory = {**new_group({}, 0, 0), "state": inputs["previous"], "latest": 0.0}
    after = observe(rules, memory, Observation(300, 0, EMPTY, None, 0, False, -np.inf, np.inf), {})
    assert after is not None
    old, new = inputs["previous"], after["state"]
    return {"state": new, "notify": _notifies(rules, old, new)}


def _notifies(rules: Rules, old: Status, new: Status) -> bool:
    return old != new and should_notify(old, new, rules.notifies_no_data)


def missing_first(inputs: Case) -> Case:
    """Evaluate an empty window of a monitor that may never have had data."""
    points = [[1, 1]] if inputs["ever_had_data"] else []
    options = {"on_missing_data": inputs["on_missing_data"]}
    monitor = {"type": "query alert", "query": "avg(last_5m):avg:a{*} > 5", "options": options}
    timeline = timeline_of(monitor, Recording([series_of("a", "gauge", {}, points)]), [5, 10])
    return {"notify": any(transition.notify for transition in timeline.transitions)}


def renotify(inputs: Case) -> Case:
    """Renotify a state that begins at a minute and lasts."""
    names = ("renotify_interval", "renotify_occurrences", "renotify_statuses")
    options = {name: inputs.get(name) for name in names if inputs.get(name) is not None}
    rules = _rules({**options, "on_missing_data": "show_and_notify_no_data"})
    since = inputs["since"] * MINUTE
    times = np.arange(inputs["since"], inputs["until"] + 1) * float(MINUTE)
    begin = StateChange(since, 0, "*", {}, "OK", inputs["state"], 1.0, since, since)
    transitions = notifications(_context(rules), {}, [begin], times)
    return {"notify_at": [transition.time / MINUTE for transition in transitions if transition.notify]}


def _context(rules: Rules, downtimes: list[Case] | None = None, horizon: float = 1e6) -> NotificationContext:
    parsed = [read_downtime(definition, 0, horizon) for definition in downtimes or []]
    return NotificationContext(rules, parsed, lambda _name, _index: None, lambda _group, _time: None)


def notify_by(inputs: Case) -> Case:
    """Notify by a subset of tags while groups change one after another."""
    rules = _rules({"notify_by": inputs["notify_by"]}, by=tuple(inputs["group_by"]))
    minutes = sorted({minute for minute, _, _ in inputs["transitions"]})
    last: dict[str, Status] = {}
    changes = []
    for minute, group, state in inputs["transitions"]:
        name = ",".join(f"{key}:{value}" for key, value in group.items())
        changes.append(
            StateChange(minute * MINUTE, minutes.index(minute), name, group, last.get(name), state, 1.0, minute, minute)
        )
        last[name] = state
    times = np.array([minute * float(MINUTE) for minute in minutes])
    transitions = notifications(_context(rules), {}, changes, times)
    return {
        "notifications": [
            [transition.time / MINUTE, transition.notified_name] for transition in transitions if transition.notify
        ]
    }


def new_group_delay(inputs: Case) -> Case:
    """Evaluate a group that breaches from its first point on, in a monitor that has run before."""
    rules = _rules({"new_group_delay": inputs["new_group_delay_s"]}, by=("g",))
    first, memory, states = inputs["first_seen"] * MINUTE, None, []
    for minute in inputs["eval_at"]:
        time = float(minute * MINUTE)
        breaching = minute >= inputs.get("breaching_from", inputs["first_seen"])
        bits = 1 if breaching else 2 | 8
        row = (
            Observation(time, 0, 1, 1.0, bits, True, time, first)
            if time >= first
            else Observation(time, 0, EMPTY, None, 0, False, -np.inf, np.inf)
        )
        memory = observe(rules, memory, row, {"g": "x"}, hold=rules.new_group_delay)
        states.append([minute, memory["state"] if memory is not None else None])
    return {"states": states}


def full_window(inputs: Case) -> Case:
    """Return whether a window's buckets make it full."""
    buckets = np.array(inputs["buckets"], dtype=bool)
    full = bool(is_full(buckets[:1], np.array([np.sum(~buckets)], dtype=float))[0])
    return {"full": full, "if_not_full": "evaluation cancelled, state unchanged"}


def evaluation_frequency(inputs: Case) -> Case:
    """Return the minutes between evaluations of a window."""
    return {"every_minutes": frequency(inputs["window_minutes"] * MINUTE) // MINUTE}


def downtime(inputs: Case) -> Case:
    """Notify of changes around a downtime, which expires or is cancelled at its end."""
    begin, finish = (minute * MINUTE for minute in inputs["downtime"])
    cancelled = inputs.get("ends", "expires") != "expires"
    attributes: Case = {"scope": "*", "schedule": {"start": begin, "end": 1e9 if cancelled else finish}}
    if cancelled:
        attributes["canceled"] = finish
    changes = []
    first: float | None = None
    times = np.arange(
        0, max([finish, *(minute * MINUTE for minute, _ in inputs["transitions"])]) + MINUTE, MINUTE
    ).astype(float)
    for minute, text in inputs["transitions"]:
        old, _, new = text.partition("->")
        time = float(minute * MINUTE)
        first = time if old == "OK" else first
        changes.append(StateChange(time, int(minute), "*", {}, old, new, 1.0, first, time))
    units: Case = {}
    rules = _rules({"on_missing_data": "show_and_notify_no_data"})
    transitions = notifications(_context(rules, [attributes]), units, changes, times)
    return {"notify_at": [transition.time / MINUTE for transition in transitions if transition.notify]}


def composite(inputs: Case) -> Case:
    """Evaluate a composite of member states."""
    expression = parse("composite", inputs["expr"]).body
    assert isinstance(expression, CompositeAnd | CompositeOr | CompositeNot | Member | ParenthesizedComposite)
    result = combine_states(expression, {name: _STATES[state] for name, state in inputs["members"].items()})
    state = keep_last_known(result, None, inputs["notify_no_data"] is not False)
    if state is None:
        return {"state": "last known", "triggered": False}
    return {"state": _API_NAMES[state], "triggered": state != "OK"}


def composite_groups(inputs: Case) -> Case:
    """Return the groups that all members report."""
    written = {frozenset(str(value).split(",")): str(value) for values in inputs["groups"].values() for value in values}
    groups = {name: [frozenset(str(value).split(",")) for value in values] for name, values in inputs["groups"].items()}
    finest = [sorted(match.values(), key=len)[-1] for match in common_groups(groups)]
    return {"evaluated": sorted(written[values] for values in finest)}


def formula_ratio(inputs: Case) -> Case:
    """Evaluate a quotient of two event counts."""
    variables = [
        {"name": name, "data_source": "logs", "search": {"query": f"kind:{name}"}, "compute": {"aggregation": "count"}}
        for name in ("num", "den")
    ]
    events = [
        Event(60.0, "logs", {"tags": [f"kind:{name}"], "attributes": {}})
        for name in ("num", "den")
        for _ in range(inputs[name])
    ]
    query = parse("log alert", f'formula("num / den").last("5m") {inputs.get("op", ">")} {inputs.get("threshold", 0)}')
    signal = measure_events(query, {"variables": variables}, Recording([], events), np.array([300.0]))
    value = float(signal.values[0, 0]) if signal.keys else float("nan")
    if not np.isnan(value):
        breach = holds(value, inputs.get("op", ">"), float(inputs.get("threshold", 0)))
        return {"evaluable": True, "value": value, "state": "ALERT" if breach else "OK"}
    rules = _rules({})
    memory = {**new_group({}, 0, 0), "state": inputs["previous"], "latest": 0.0}
    after = observe(rules, memory, Observation(300, 0, SKIP, None, 0, False, -np.inf, np.inf), {})
    assert after is not None
    return {"evaluable": False, "state": after["state"]}


def anomaly_fraction(inputs: Case) -> Case:
    """Return the share of anomalous points and whether it breaches."""
    share = float(np.mean(inputs["anomalous"]))
    return {"fraction": share, "breach": holds(share, inputs.get("comparator", ">="), float(inputs["critical"]))}


def anomaly_interval(inputs: Case) -> Case:
    """Return whether an interval suits an alert window."""
    return {"valid": interval_is_valid(inputs["alert_window_s"], inputs["interval_s"])}


def anomaly_recovery_min(inputs: Case) -> Case:
    """Return the shortest recovery window."""
    return {"min_recovery_minutes": inputs["trigger_minutes"] * (1 - inputs["threshold"]) + 1}


KINDS: dict[str, Callable[[Case], Case]] = {
    "missing": missing,
    "missing_first": missing_first,
    "renotify": renotify,
    "notify_by": notify_by,
    "new_group": new_group_delay,
    "full_window": full_window,
    "frequency": evaluation_frequency,
    "downtime": downtime,
    "composite": composite,
    "composite_groups": composite_groups,
    "formula_ratio": formula_ratio,
    "anomaly_fraction": anomaly_fraction,
    "anomaly_interval": anomaly_interval,
    "anomaly_recovery_min": anomaly_recovery_min,
}
