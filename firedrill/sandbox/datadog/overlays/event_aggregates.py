"""Aggregation of stored events into buckets: https://docs.datadoghq.com/api/latest/logs/#aggregate-events , rum/ ..."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from firedrill.evaluate.facets import facet_values, number
from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake.event_pages import moment
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

TRACKS = {
    "v2.aggregate_logs": "logs",
    "v2.aggregate_rum_events": "rum",
    "v2.aggregate_ci_app_test_events": "citest",
    "v2.aggregate_ci_app_pipeline_events": "cipipeline",
}
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DEFAULT_LIMIT = 10
"""Values of a facet."""
MOST_POINTS = 1500
PERCENTILES = {"median": 50, "pc75": 75, "pc90": 90, "pc95": 95, "pc98": 98, "pc99": 99}
REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
}

Event = tuple[float, dict[str, Any]]


def invalid(field: str, why: str) -> ApiError:
    """The form of these operations' 400."""
    return ApiError(400, f"input_validation_error(Field '{field}' is invalid: {why})")


def events_of(call: Call, track: str, wanted: Body) -> tuple[list[Event], float, float]:
    """What a filter finds, and its window. Raises :class:`ApiError` 400."""
    now = call.now.timestamp()
    try:
        start, end = (moment(wanted.get(name) or usual, now) for name, usual in (("from", "now-15m"), ("to", "now")))
        matches = parse_search(str(wanted.get("query") or "*")).matches
    except InvalidPayload as error:
        raise ApiError(400, str(error)) from error
    except SearchError as error:
        raise invalid("filter.query", error.message) from error
    store = TelemetryStore(call.directory.store.path, call.org)
    found = store.events_with_ids(track, start, end)
    return [(time, event) for _, time, event in found if matches(event)], start, end


def measure(events: list[Event], compute: Body) -> float | str | None:
    """One value of some events; None when there is nothing to measure. Raises :class:`ApiError` 400."""
    aggregation, metric = compute.get("aggregation", "count"), compute.get("metric")
    if aggregation == "count":
        return len(events)
    if not isinstance(metric, str):
        raise invalid("compute.metric", f"{aggregation} needs one")
    values = [value for _, event in events for value in facet_values(event, metric)]
    if aggregation == "cardinality":
        return len({str(value) for value in values})
    if aggregation == "most_frequent":
        texts = [str(value) for value in values]
        return max(set(texts), key=texts.count) if texts else None
    numbers = [one for one in map(number, values) if one is not None]
    if aggregation in PERCENTILES:
        return float(np.percentile(numbers, PERCENTILES[aggregation])) if numbers else None
    if aggregation not in REDUCTIONS:
        raise invalid("compute.aggregation", str(aggregation))
    return REDUCTIONS[aggregation](numbers) if numbers else None


def computed(events: list[Event], compute: Body, start: float, end: float) -> Any:
    """A value, or a value for each interval of the window. Raises :class:`ApiError` 400."""
    if compute.get("type", "total") != "timeseries":
        return measure(events, compute)
    text = str(compute.get("interval") or "5m")
    unit = next((one for one in sorted(SECONDS, key=len, reverse=True) if text.endswith(one)), "")
    amount = text.removesuffix(unit)
    step = int(amount) * SECONDS[unit] if unit and amount.isdecimal() else 0
    if step <= 0 or (end - start) / step > MOST_POINTS:
        raise invalid("compute.interval", text)
    points = []
    for at in np.arange(start // step * step, end, step):
        inside = [one for one in events if at <= one[0] < at + step]
        points.append({"time": datetime.fromtimestamp(at, UTC).isoformat(), "value": measure(inside, compute)})
    return points


def grouped(events: list[Event], groups: list[Body]) -> Iterator[tuple[dict[str, Any], list[Event]]]:
    """The events by the values of facets, of each facet as many values as its limit says. Raises :class:`ApiError`."""
    chosen = []
    for group in groups:
        facet, by_value = group.get("facet"), dict[str, set[int]]()
        if not isinstance(facet, str) or not facet:
            raise invalid("group_by.facet", "required")
        missing = {str(group["missing"])} if isinstance(group.get("missing"), str | int | float) else set[str]()
        for place, (_, event) in enumerate(events):
            for text in {str(value) for value in facet_values(event, facet)} or missing:
                by_value.setdefault(text, set()).add(place)
        sort = group.get("sort") or {}
        order = {text: measure([events[one] for one in places], sort) or 0 for text, places in by_value.items()}
        names = sorted(sorted(by_value), key=lambda text: order[text], reverse=sort.get("order", "desc") == "desc")
        chosen.append([(facet, text, by_value[text]) for text in names[: int(group.get("limit") or DEFAULT_LIMIT)]])
    for combination in itertools.product(*chosen):
        shared = set(range(len(events))).intersection(*(places for _, _, places in combination))
        if shared or not groups:
            yield {facet: text for facet, text, _ in combination}, [events[one] for one in sorted(shared)]


def buckets(call: Call, track: str, given: Body) -> list[Body]:
    """The buckets that a request asks for. Raises :class:`ApiError` 400."""
    events, start, end = events_of(call, track, given.get("filter") or {})
    computes = given.get("compute") or [{"aggregation": "count"}]
    return [
        {"by": by, "computes": {f"c{n}": computed(inside, one, start, end) for n, one in enumerate(computes)}}
        for by, inside in grouped(events, given.get("group_by") or [])
    ]


def meta() -> Body:
    """What every such answer says of itself."""
    return {"elapsed": 0, "request_id": uuid.uuid4().hex, "status": "done"}


def aggregating(track: str) -> Callable[[Call], Answer]:
    """The handler of a track."""
    return lambda call: Answer({"data": {"buckets": buckets(call, track, call.body or {})}, "meta": meta()})


for _name, _track in TRACKS.items():
    serves(_name, reads=True)(aggregating(_track))


@serves("v2.aggregate_spans", reads=True)
def aggregate_spans(call: Call) -> Answer:
    """Of spans, in JSON:API's form."""
    given = ((call.body or {}).get("data") or {}).get("attributes") or {}
    data = [
        {"id": uuid.uuid4().hex, "type": "bucket", "attributes": {**one, "compute": {}}}
        for one in buckets(call, "spans", given)
    ]
    return Answer({"data": data, "meta": meta()})
