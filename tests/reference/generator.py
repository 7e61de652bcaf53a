"""Random monitors and telemetry in plain data."""

import random
from typing import Any

from tests.reference.definitions import EventSearch, Expression, Line, LogLine, Monitor, Query
from tests.reference.evaluator import Telemetry

METRICS = {"g": "gauge", "g2": "gauge", "c": "count", "c2": "count", "r": "rate"}
HOSTS = {"x": "east", "y": "west", "z": "west"}
MINUTES = 40


def random_monitor(rng: random.Random) -> Monitor:
    """Return a monitor with options."""
    comparator = rng.choice([">", ">", ">=", "<", "<="])
    threshold = rng.choice([0, 0.1, 0.5, 1, 3, 10, 30])
    minutes = rng.choice([1, 3, 5, 5, 10, 15])
    by = rng.choice([(), (), ("h",), ("h",), ("h", "zone")])
    kind = rng.choice(["sums", "sums", "points", "points", "points", "logs", "logs", "formula"])
    options = _options(rng, kind, comparator, threshold)
    if kind in {"logs", "formula"}:
        by = rng.choice([(), ("service",), ("@model",), ("@model", "service")])
        names = ["a", "b"] if kind == "formula" else ["a"]
        searches = tuple(_search(rng, name, by if name == "a" else rng.choice([by, ()]), kind) for name in names)
        expression: Expression = ("query", searches[0])
        if kind == "formula":
            expression = _tree(rng, ("query", searches[0]), ("query", searches[1]), functions=False)
        return Monitor(kind, "", minutes, expression, comparator, threshold, options, searches)
    counted = kind == "sums"
    left, right = (("query", _query(rng, group_by, counted=counted)) for group_by in (by, rng.choice([by, by, ()])))
    expression = _tree(rng, left, right, functions=True)
    aggregator = "sum" if counted else rng.choice(["avg", "sum", "min", "max"])
    change = rng.choice([0, 0, 0, 0, 5])
    return Monitor("metric", aggregator, minutes, expression, comparator, threshold, options, change=change)


def _tree(rng: random.Random, left: Expression, right: Expression, *, functions: bool) -> Expression:
    guarded: Expression = ("+", right, ("number", 20))
    shapes: list[Expression] = [left, left, ("/", left, right), ("-", left, right), ("/", left, guarded)]
    if functions:
        shapes += [
            ("default_zero", left),
            ("/", ("default_zero", left), guarded),
            ("-", left, ("default_zero", right)),
            ("+", ("default_zero", left), right),
            ("abs", ("-", left, right)),
            ("clamp_min", left, 2.0),
            ("*", ("/", left, right), ("number", 100)),
        ]
    return rng.choice(shapes)


def _query(rng: random.Random, by: tuple[str, ...], *, counted: bool) -> Query:
    metric = rng.choice(["c", "c", "c2", "r"] if counted else ["g", "g", "g2", "c", "r"])
    scope = rng.choice([(), (), (), (("h", "x"),), (("!h", "x"),), (("zone", "west"),), (("h", "none"),)])
    if counted:
        shift = rng.choice([0, 0, 0, 0, 300])
        return Query(rng.choice(["sum", "sum", "sum", "avg", "max"]), metric, scope, by, "as_count", shift=shift)
    modifier = rng.choice(["", "as_rate"]) if METRICS[metric] in {"count", "rate"} else ""
    fill = rng.choice(["", "", "", "zero", "last", "linear"]) if not modifier else ""
    function = rng.choice(["", "", "", "", "diff", "monotonic_diff", "per_second"]) if not modifier else ""
    shift = rng.choice([0, 0, 0, 0, 300])
    return Query(rng.choice(["avg", "sum", "min", "max"]), metric, scope, by, modifier, fill, function, shift)


def _search(rng: random.Random, name: str, by: tuple[str, ...], kind: str) -> EventSearch:
    match = rng.choice([(), (("status", "error"),), (("service", "s1"),), (("status", "error"), ("@model", "pro"))])
    methods = ["count", "count", "count", "avg", "max", "pc90", "sum"]
    return EventSearch(name, match, rng.choice(methods[:4] if kind == "formula" else methods), by)


def _options(rng: random.Random, kind: str, comparator: str, threshold: float) -> dict[str, Any]:
    options: dict[str, Any] = {"new_group_delay": rng.choice([0, 0, 60, 150]), "thresholds": {"critical": threshold}}
    if kind in {"sums", "points"}:
        options["evaluation_delay"] = rng.choice([0, 0, 0, 60, 90])
        options["require_full_window"] = rng.choice([False, False, False, True])
    side = -1 if comparator in {">", ">="} else 1
    if rng.random() < 0.4:
        options["thresholds"]["critical_recovery"] = threshold + side * rng.choice([0.5, 2])
    if rng.random() < 0.4:
        options["thresholds"]["warning"] = threshold + side * rng.choice([0.2, 1])
        if rng.random() < 0.5:
            options["thresholds"]["warning_recovery"] = threshold + side * 3
    missing = rng.choice(["", "", "legacy", "default", "show_no_data", "show_and_notify_no_data", "resolve"])
    if missing == "legacy":
        options |= {"notify_no_data": True, "no_data_timeframe": rng.choice([2, 6, 15])}
    elif missing:
        options["on_missing_data"] = missing
    if rng.random() < 0.3:
        options["timeout_h"] = rng.choice([0.05, 0.2])
    return options


def random_telemetry(rng: random.Random, start: float) -> Telemetry:
    """Return series and logs around the minutes that follow the start."""
    low, high = start - 20 * 60, start + MINUTES * 60
    lines = []
    for metric, type in METRICS.items():
        for host, zone in HOSTS.items():
            if rng.random() < 0.75:
                seconds = _seconds(rng, low, high)
                gauge = type == "gauge"
                points = [
                    (second, rng.randint(0, 400) / 10 if gauge else float(rng.randint(0, 9))) for second in seconds
                ]
                lines.append(Line(metric, type, {"h": host, "zone": zone}, points))
    logs = []
    for service in ("s1", "s2"):
        for model in ("pro", "flash"):
            for second in _seconds(rng, low, high):
                fields = {"service": service, "@model": model, "@took": rng.randint(1, 300) / 10}
                logs.append(LogLine(second, {**fields, "status": rng.choice(["error", "info"])}))
    return Telemetry(lines, logs)


def _seconds(rng: random.Random, low: float, high: float) -> list[float]:
    """Return the seconds of points: of some rhythm, from some time on, until some time, with gaps."""
    rhythm, phase = rng.choice([30, 60, 60, 60, 120, 300]), rng.choice([0, 7, 30, 59])
    begin = rng.choice([low, low, rng.uniform(low, high)])
    end = rng.choice([high, high, rng.uniform(begin, high)])
    loss = rng.choice([0, 0, 0.3, 0.8])
    gap = rng.uniform(low, high) if rng.random() < 0.4 else high
    gap_end = gap + rng.uniform(60, 1200)
    seconds = [low + phase + rhythm * place for place in range(int((high - low) / rhythm))]
    return [at for at in seconds if begin <= at <= end and not gap < at < gap_end and rng.random() >= loss]
