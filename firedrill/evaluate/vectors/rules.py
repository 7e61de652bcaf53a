"""One rule of the state machine or of notifications in isolation."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate.approximations import anomalous_fraction, interval_is_valid, recovery_minutes
from firedrill.evaluate.composite import combined, common_groups, settled
from firedrill.evaluate.downtimes import read_downtime
from firedrill.evaluate.events import measure_events
from firedrill.evaluate.groups import Change, Row, new_group, step
from firedrill.evaluate.metrics import is_full
from firedrill.evaluate.model import Status
from firedrill.evaluate.notices import Context, notices
from firedrill.evaluate.rules import Rules, read_rules
from firedrill.evaluate.schedule import frequency
from firedrill.evaluate.signals import EMPTY, SKIP
from firedrill.evaluate.telemetry import Event, Recording
from firedrill.evaluate.thresholds import holds
from firedrill.evaluate.vectors.monitors import series_of, timeline_of
from firedrill.query import parse
from firedrill.query.tree import BothOf, EitherOf, Inverse, Member, Parenthesized

Case = dict[str, Any]
MINUTE = 60
_API_SPELLING: dict[str, Status] = {"Alert": "ALERT", "Warn": "WARN", "No Data": "NO DATA", "OK": "OK"}
_SPELLED = {state: name for name, state in _API_SPELLING.items()}


def _rules(
    options: Case, *, counts: bool = False, by: tuple[str, ...] = (), comparator: str = ">", bound: float = 0
) -> Rules:
    text = f"sum(last_5m):sum:a{{*}} {comparator} {bound}"
    return read_rules({"id": 1, "options": options}, parse("query alert", text), counts=counts, by=by)


def missing(given: Case) -> Case:
    """An empty window after a known state."""
    rules = _rules(
        {"on_missing_data": given["on_missing_data"]},
        counts=given["query_kind"] in {"count", "sum"},
        comparator=given["comparator"],
        bound=given["threshold"],
    )
    memory = {**new_group({}, 0, 0), "state": given["previous"], "latest": 0.0}
    after = step(rules, memory, Row(300, 0, EMPTY, None, 0, -np.inf, np.inf), {})
    assert after is not None
    old, new = given["previous"], after["state"]
    return {"state": new, "notify": _notifies(rules, old, new)}


def _notifies(rules: Rules, old: Status, new: Status) -> bool:
    from firedrill.evaluate.notices import should_notify

    return old != new and should_notify(old, new, rules.shows_no_data_loudly)


def missing_first(given: Case) -> Case:
    """An empty window of a monitor that may never have had data."""
    points = [[1, 1]] if given["ever_had_data"] else []
    options = {"on_missing_data": given["on_missing_data"]}
    monitor = {"type": "query alert", "query": "avg(last_5m):avg:a{*} > 5", "options": options}
    timeline = timeline_of(monitor, Recording([series_of("a", "gauge", {}, points)]), [5, 10])
    return {"notify": any(one.notify for one in timeline.transitions)}


def renotify(given: Case) -> Case:
    """A state that begins at a minute and lasts."""
    names = ("renotify_interval", "renotify_occurrences", "renotify_statuses")
    options = {name: given.get(name) for name in names if given.get(name) is not None}
    rules = _rules({**options, "on_missing_data": "show_and_notify_no_data"})
    since = given["since"] * MINUTE
    times = np.arange(given["since"], given["until"] + 1) * float(MINUTE)
    begin = Change(since, 0, "*", {}, "OK", given["state"], 1.0, since, since)
    found = notices(_context(rules), {}, [begin], times)
    return {"notify_at": [one.time / MINUTE for one in found if one.notify]}


def _context(rules: Rules, downtimes: list[Case] | None = None, horizon: float = 1e6) -> Context:
    read = [read_downtime(one, 0, horizon) for one in downtimes or []]
    return Context(rules, read, lambda _name, _index: None, lambda _group, _time: None)


def notify_by(given: Case) -> Case:
    """Groups that change one after another."""
    rules = _rules({"notify_by": given["notify_by"]}, by=tuple(given["group_by"]))
    minutes = sorted({minute for minute, _, _ in given["transitions"]})
    last: dict[str, Status] = {}
    changes = []
    for minute, group, state in given["transitions"]:
        name = ",".join(f"{key}:{value}" for key, value in group.items())
        changes.append(
            Change(minute * MINUTE, minutes.index(minute), name, group, last.get(name), state, 1.0, minute, minute)
        )
        last[name] = state
    times = np.array([minute * float(MINUTE) for minute in minutes])
    found = notices(_context(rules), {}, changes, times)
    return {"notifications": [[one.time / MINUTE, one.notified_name] for one in found if one.notify]}


def new_group_delay(given: Case) -> Case:
    """A group that breaches from its first point on, in a monitor that has run before."""
    rules = _rules({"new_group_delay": given["new_group_delay_s"]}, by=("g",))
    first, memory, states = given["first_seen"] * MINUTE, None, []
    for minute in given["eval_at"]:
        time = float(minute * MINUTE)
        breaching = minute >= given.get("breaching_from", given["first_seen"])
        bits = 1 if breaching else 2 | 8
        row = (
            Row(time, 0, 1, 1.0, bits, time, first) if time >= first else Row(time, 0, EMPTY, None, 0, -np.inf, np.inf)
        )
        memory = step(rules, memory, row, {"g": "x"}, hold=rules.new_group_delay)
        states.append([minute, memory["state"] if memory is not None else None])
    return {"states": states}


def full_window(given: Case) -> Case:
    """Whether a window's buckets make it full."""
    full = bool(is_full(np.array(given["buckets"], dtype=bool)))
    return {"full": full, "if_not_full": "evaluation cancelled, state unchanged"}


def evaluation_frequency(given: Case) -> Case:
    """Minutes between evaluations of a window."""
    return {"every_minutes": frequency(given["window_minutes"] * MINUTE) // MINUTE}


def downtime(given: Case) -> Case:
    """Changes around one downtime, which expires or is cancelled at its end."""
    begin, finish = (minute * MINUTE for minute in given["downtime"])
    cancelled = given.get("ends", "expires") != "expires"
    attributes: Case = {"scope": "*", "schedule": {"start": begin, "end": 1e9 if cancelled else finish}}
    if cancelled:
        attributes["canceled"] = finish
    changes = []
    first: float | None = None
    times = np.arange(
        0, max([finish, *(minute * MINUTE for minute, _ in given["transitions"])]) + MINUTE, MINUTE
    ).astype(float)
    for minute, text in given["transitions"]:
        old, _, new = text.partition("->")
        time = float(minute * MINUTE)
        first = time if old == "OK" else first
        changes.append(Change(time, int(minute), "*", {}, old, new, 1.0, first, time))
    units: Case = {}
    rules = _rules({"on_missing_data": "show_and_notify_no_data"})
    found = notices(_context(rules, [attributes]), units, changes, times)
    return {"notify_at": [one.time / MINUTE for one in found if one.notify]}


def composite(given: Case) -> Case:
    """One composite of known member states."""
    expression = parse("composite", given["expr"]).body
    assert isinstance(expression, BothOf | EitherOf | Inverse | Member | Parenthesized)
    result = combined(expression, {name: _API_SPELLING[state] for name, state in given["members"].items()})
    state = settled(result, None, given["notify_no_data"] is not False)
    if state is None:
        return {"state": "last known", "triggered": False}
    return {"state": _SPELLED[state], "triggered": state != "OK"}


def composite_groups(given: Case) -> Case:
    """Group values that all members report."""
    written = {frozenset(str(one).split(",")): str(one) for values in given["groups"].values() for one in values}
    groups = {name: [frozenset(str(one).split(",")) for one in values] for name, values in given["groups"].items()}
    finest = [sorted(match.values(), key=len)[-1] for match in common_groups(groups)]
    return {"evaluated": sorted(written[values] for values in finest)}


def formula_ratio(given: Case) -> Case:
    """A quotient of two event counts."""
    variables = [
        {"name": name, "data_source": "logs", "search": {"query": f"kind:{name}"}, "compute": {"aggregation": "count"}}
        for name in ("num", "den")
    ]
    events = [
        Event(60.0, "logs", {"tags": [f"kind:{name}"], "attributes": {}})
        for name in ("num", "den")
        for _ in range(given[name])
    ]
    query = parse("log alert", f'formula("num / den").last("5m") {given.get("op", ">")} {given.get("threshold", 0)}')
    signal = measure_events(query, {"variables": variables}, Recording([], events), np.array([300.0]))
    value = float(signal.values[0, 0]) if signal.keys else float("nan")
    if not np.isnan(value):
        breach = holds(value, given.get("op", ">"), float(given.get("threshold", 0)))
        return {"evaluable": True, "value": value, "state": "ALERT" if breach else "OK"}
    rules = _rules({})
    memory = {**new_group({}, 0, 0), "state": given["previous"], "latest": 0.0}
    after = step(rules, memory, Row(300, 0, SKIP, None, 0, -np.inf, np.inf), {})
    assert after is not None
    return {"evaluable": False, "state": after["state"]}


def anomaly_fraction(given: Case) -> Case:
    """The share of anomalous points and the decision."""
    share = anomalous_fraction(np.array(given["anomalous"], dtype=float))
    return {"fraction": share, "breach": holds(share, given.get("comparator", ">="), float(given["critical"]))}


def anomaly_interval(given: Case) -> Case:
    """Whether an interval suits an alert window."""
    return {"valid": interval_is_valid(given["alert_window_s"], given["interval_s"])}


def anomaly_recovery_min(given: Case) -> Case:
    """The shortest recovery window."""
    return {"min_recovery_minutes": recovery_minutes(given["trigger_minutes"], given["threshold"])}


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
