"""Kinds of whole monitors on series and events. Times of a case are minutes from 0."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from firedrill.evaluate.evaluation import evaluate_at
from firedrill.evaluate.event.queries import DATA_SOURCES, TRACKS
from firedrill.evaluate.model import UNGROUPED, Account, Json, Transition
from firedrill.evaluate.telemetry import Event, Recording, Series
from firedrill.evaluate.timeline import Timeline
from firedrill.logs.attributes import set_path
from firedrill.query import metric_references, parse

Case = dict[str, Any]
MINUTE = 60
RESERVED = frozenset({"service", "status", "source", "host", "message", "trace_id", "timestamp"})


def series_of(
    metric: str, type: str, tags: Mapping[str, str] | list[str], points: list[Any], interval: int = 60
) -> Series:
    """Return a series from ``[[minute, value], ..]``; null means no point."""
    named = [f"{key}:{value}" for key, value in tags.items()] if isinstance(tags, Mapping) else tags
    raw = [(minute, item) for minute, value in points for item in (value if isinstance(value, list) else [value])]
    timed = [(minute * MINUTE, value) for minute, value in raw if value is not None]
    timed.sort(key=lambda point: point[0])
    times, values = np.array([time for time, _ in timed], float), np.array([value for _, value in timed], float)
    return Series(metric, type, frozenset(named), times, values, interval)  # type: ignore[arg-type]  # the case's type


def timeline_of(monitor: Json, telemetry: Recording, minutes: list[float], **account: Any) -> Timeline:
    """Evaluate a monitor at these minutes. A case lists the options that matter; without a delay there is none."""
    options = {"new_group_delay": 0, **(monitor.get("options") or {})}
    whole = {"id": 1, "message": "", "name": "case", "tags": [], **monitor, "options": options}
    return evaluate_at(Account([whole], **account), telemetry, [minute * MINUTE for minute in minutes])


def _minutes(time: float) -> float:
    return round(time / MINUTE, 6)


def results(timeline: Timeline) -> Case:
    """Return states and values by group, and notifications."""
    monitor = timeline.monitors[1]
    states = {
        name: [[_minutes(time), str(state)] for time, state in zip(monitor.times, row, strict=True) if state]
        for name, row in timeline.states(1).items()
    }
    values: dict[str, list[list[float]]] = {}
    for name in {*states, *monitor.values}:
        row = monitor.values.get(name)
        row = np.full(monitor.times.shape, np.nan) if row is None else row
        filled = np.where(np.isnan(row), timeline.default_values(1, name), row)
        values[name] = [[_minutes(t), float(v)] for t, v in zip(monitor.times, filled, strict=True) if not np.isnan(v)]
    notifications = [
        [_minutes(transition.time), transition.notified_name or UNGROUPED, _change_text(transition)]
        for transition in timeline.transitions
        if transition.notify
    ]
    return {"states": states, "values": values, "notifications": notifications}


def _change_text(transition: Transition) -> str:
    if transition.kind == "renotify":
        return f"renotify {transition.new}"
    return f"{transition.old}->{transition.new}"


def monitor(inputs: Case) -> Case:
    """Evaluate a metric monitor on series."""
    recording = Recording(
        [
            series_of(
                line["metric"],
                line["type"],
                line.get("tags") or {},
                line["points"],
                int(line.get("interval_s") or MINUTE),
            )
            for line in inputs["series"]
        ]
    )
    return results(
        timeline_of(inputs["monitor"], recording, inputs["eval_at"], downtimes=inputs.get("downtimes") or [])
    )


def events_monitor(inputs: Case) -> Case:
    """Evaluate an event monitor on events; ``@x`` is an attribute, other fields are reserved ones or tags."""
    tracks = _tracks(inputs["monitor"])
    events = [
        Event(event["minute"] * MINUTE, track, _attributes(event)) for event in inputs["events"] for track in tracks
    ]
    return results(timeline_of(inputs["monitor"], Recording([], events), inputs["eval_at"]))


def _tracks(monitor: Json) -> set[str]:
    named = {str(variable.get("data_source")) for variable in (monitor.get("options") or {}).get("variables") or []}
    head = monitor["query"].partition("(")[0]
    return {DATA_SOURCES[name] for name in named if name in DATA_SOURCES} or {TRACKS.get(head, "logs")}


def _attributes(fields: Case) -> Json:
    event: Json = {"tags": list(fields.get("tags") or []), "attributes": {}}
    for name, value in fields.items():
        if name.startswith("@"):
            set_path(event["attributes"], name[1:], value)
        elif name in RESERVED:
            event[name] = value
        elif name not in {"minute", "tags"}:
            event["tags"].append(f"{name}:{value}")
    return event


def percentile_monitor(inputs: Case) -> Case:
    """Evaluate a percentile over raw values by minute, and the mean of the minutes' percentiles."""
    recording = Recording()
    query = inputs["query"]
    parsed = parse("query alert", query)
    reference = metric_references(parsed)[0]
    points = [[int(minute), values] for minute, values in inputs["raw"].items()]
    recording.extend([series_of(reference.metric, "distribution", {}, points)], [])
    end = max(int(minute) for minute in inputs["raw"])
    timeline = timeline_of({"type": "query alert", "query": query, "options": {}}, recording, [end])
    mean = timeline_of(
        {"type": "query alert", "query": query.replace("percentile(", "avg(", 1), "options": {}}, recording, [end]
    )
    return {
        "value": float(timeline.values(1)[UNGROUPED][0]),
        "breach": str(timeline.states(1)[UNGROUPED][0]) == "ALERT",
        f"mean_of_minute_{reference.aggregator}": float(mean.values(1)[UNGROUPED][0]),
    }


def distribution(inputs: Case) -> Case:
    """Merge raw values of several hosts."""
    recording = Recording(
        [series_of("d", "distribution", {"host": host}, [[1, values]]) for host, values in inputs["by_host"].items()]
    )
    result: Case = {}
    for aggregator in ("count", "sum", "avg", "min", "max", "p50", "p75", "p90", "p95", "p99"):
        query = f"avg(last_1m):{aggregator}:d{{*}} > 0"
        timeline = timeline_of({"type": "query alert", "query": query, "options": {}}, recording, [1])
        result[aggregator] = float(timeline.values(1)[UNGROUPED][0])
    return result


KINDS: dict[str, Callable[[Case], Case]] = {
    "monitor": monitor,
    "events_monitor": events_monitor,
    "percentile_monitor": percentile_monitor,
    "distribution": distribution,
}
