"""Whole monitors on series and events. A case's time is in minutes from 0."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from firedrill.evaluate.engine import evaluate_at
from firedrill.evaluate.event_queries import DATA_SOURCES, TRACKS
from firedrill.evaluate.model import UNGROUPED, Account, Json
from firedrill.evaluate.telemetry import Event, Recording, Series
from firedrill.evaluate.timeline import Timeline
from firedrill.logs.attributes import put

Case = dict[str, Any]
MINUTE = 60
RESERVED = frozenset({"service", "status", "source", "host", "message", "trace_id", "timestamp"})


def series_of(
    metric: str, type: str, tags: Mapping[str, str] | list[str], points: list[Any], interval: int = 60
) -> Series:
    """A series from ``[[minute, value], ..]``; null is no point."""
    named = [f"{key}:{value}" for key, value in tags.items()] if isinstance(tags, Mapping) else tags
    raw = [(minute, one) for minute, value in points for one in (value if isinstance(value, list) else [value])]
    known = [(minute * MINUTE, value) for minute, value in raw if value is not None]
    known.sort(key=lambda point: point[0])
    times, values = np.array([time for time, _ in known], float), np.array([value for _, value in known], float)
    return Series(metric, type, frozenset(named), times, values, interval)  # type: ignore[arg-type]  # the case's type


def timeline_of(monitor: Json, telemetry: Recording, minutes: list[float], **account: Any) -> Timeline:
    """One monitor at these minutes. A case lists the options that matter: a delay that it leaves out is none."""
    options = {"new_group_delay": 0, **(monitor.get("options") or {})}
    whole = {"id": 1, "message": "", "name": "case", "tags": [], **monitor, "options": options}
    return evaluate_at(Account([whole], **account), telemetry, [minute * MINUTE for minute in minutes])


def _minutes(time: float) -> float:
    return round(time / MINUTE, 6)


def answer(timeline: Timeline) -> Case:
    """States and values by group, and what notified."""
    track = timeline.tracks[1]
    states = {
        name: [[_minutes(time), str(state)] for time, state in zip(track.times, row, strict=True) if state]
        for name, row in timeline.states(1).items()
    }
    values: dict[str, list[list[float]]] = {}
    for name in {*states, *track.values}:
        row = track.values.get(name)
        row = np.full(track.times.shape, np.nan) if row is None else row
        filled = np.where(np.isnan(row), timeline.default_values(1, name), row)
        values[name] = [[_minutes(t), float(v)] for t, v in zip(track.times, filled, strict=True) if not np.isnan(v)]
    notified = [one for one in timeline.transitions if one.notify]
    notifications = [
        [_minutes(one.time), one.notified_name or UNGROUPED, _spelled(one.kind, one.old, one.new)] for one in notified
    ]
    return {"states": states, "values": values, "notifications": notifications}


def _spelled(kind: str, old: str, new: str) -> str:
    return f"renotify {new}" if kind == "renotify" else f"{old}->{new}"


def monitor(given: Case) -> Case:
    """A metric monitor on series."""
    recording = Recording(
        [
            series_of(
                one["metric"], one["type"], one.get("tags") or {}, one["points"], int(one.get("interval_s") or MINUTE)
            )
            for one in given["series"]
        ]
    )
    return answer(timeline_of(given["monitor"], recording, given["eval_at"], downtimes=given.get("downtimes") or []))


def events_monitor(given: Case) -> Case:
    """An event monitor on events; ``@x`` is an attribute, other fields are reserved ones or tags."""
    tracks = _tracks(given["monitor"])
    events = [Event(one["minute"] * MINUTE, track, _attributes(one)) for one in given["events"] for track in tracks]
    return answer(timeline_of(given["monitor"], Recording([], events), given["eval_at"]))


def _tracks(monitor: Json) -> set[str]:
    named = {str(one.get("data_source")) for one in (monitor.get("options") or {}).get("variables") or []}
    head = monitor["query"].partition("(")[0]
    return {DATA_SOURCES[name] for name in named if name in DATA_SOURCES} or {TRACKS.get(head, "logs")}


def _attributes(fields: Case) -> Json:
    event: Json = {"tags": list(fields.get("tags") or []), "attributes": {}}
    for name, value in fields.items():
        if name.startswith("@"):
            put(event["attributes"], name[1:], value)
        elif name in RESERVED:
            event[name] = value
        elif name not in {"minute", "tags"}:
            event["tags"].append(f"{name}:{value}")
    return event


def percentile_monitor(given: Case) -> Case:
    """A percentile over raw values by minute, beside the mean of the minutes' percentiles."""
    recording = Recording()
    query = given["query"]
    from firedrill.query import metric_references, parse

    parsed = parse("query alert", query)
    reference = metric_references(parsed)[0]
    points = [[int(minute), values] for minute, values in given["raw"].items()]
    recording.extend([series_of(reference.metric, "distribution", {}, points)], [])
    end = max(int(minute) for minute in given["raw"])
    timeline = timeline_of({"type": "query alert", "query": query, "options": {}}, recording, [end])
    mean = timeline_of(
        {"type": "query alert", "query": query.replace("percentile(", "avg(", 1), "options": {}}, recording, [end]
    )
    return {
        "value": float(timeline.values(1)[UNGROUPED][0]),
        "breach": str(timeline.states(1)[UNGROUPED][0]) == "ALERT",
        f"mean_of_minute_{reference.aggregator}": float(mean.values(1)[UNGROUPED][0]),
    }


def distribution(given: Case) -> Case:
    """Raw values of several hosts, merged."""
    recording = Recording(
        [series_of("d", "distribution", {"host": host}, [[1, values]]) for host, values in given["by_host"].items()]
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
