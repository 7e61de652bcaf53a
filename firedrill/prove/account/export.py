"""Export an account's alerts and what they read, for proofs, backtests and calibration. Only read endpoints are called.

The folder has ``account.json`` (monitors, SLOs, downtimes, the span), ``telemetry.npz`` (the series and events that the
monitors read), ``history.json`` (the monitors' state changes) and ``ordinary.yaml`` (ordinary telemetry for simulated
months).

Metrics are queried by the minute and by every tag that a query of them names. Counts and rates are exact. The minutes
of a distribution are rebuilt from their count, sum, minimum, maximum and percentiles: counts and sums are exact,
percentiles over longer windows are close. Documentation: api/latest/metrics, logs, spans, rum, events.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import yaml

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.evaluate import Event, Recording, Refused, Series, recording_file
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray, MetricType
from firedrill.prove.account.derive_ordinary import derive_ordinary
from firedrill.prove.account.export_folder import (
    ACCOUNT,
    HISTORY,
    ORDINARY,
    TELEMETRY,
    RecordedStateChange,
    from_api_time,
    to_iso,
)
from firedrill.prove.account.reads import reads_of
from firedrill.query.references import MetricReference

MINUTE, DAY = 60, 86400
CHUNK = 12 * 3600
"""Seconds of one metric query, so that a point a minute stays below the API's limit of points."""
PAGE = 1000
PERCENTILES = (50, 75, 90, 95, 99)
MAXIMUM_VALUES = 20_000
"""The largest number of values in one minute of a distribution that is rebuilt."""
LONGEST_LOOKBACK = 30 * DAY
METRIC_TYPES: dict[object, MetricType] = {
    "count": "count",
    "rate": "rate",
    "gauge": "gauge",
    "distribution": "distribution",
}
SEARCHES = {
    "logs": ("/api/v2/logs/events/search", False),
    "spans": ("/api/v2/spans/events/search", True),
    "rum": ("/api/v2/rum/events/search", False),
    "events": ("/api/v2/events/search", False),
}
"""The search endpoint of each track, and whether its request is wrapped as JSON:API data."""
Points = dict[frozenset[str], tuple[FloatArray, FloatArray]]
"""Times (epoch seconds, the start of each minute) and values by tags."""


def export(client: DatadogClient, folder: Path, start: float, end: float, log: Callable[[str], None]) -> None:
    """Write the folder for a span of time (epoch seconds).

    Raises:
        DatadogError: The account refused a request.
    """
    account = definitions(client)
    reads = reads_of(account)
    span = start - min(reads.lookback, LONGEST_LOOKBACK), end
    log(f"{len(account['monitors'])} monitors and {len(account['slos'])} SLOs read {len(reads.metrics)} metrics")
    series = [
        series
        for metric, references in reads.metrics.items()
        for series in metric_series(client, metric, references, span)
    ]
    log(f"{len(series)} series with {sum(one_series.times.size for one_series in series)} points")
    events = [
        event for track, searches in reads.searches.items() for event in _events(client, track, searches, span, log)
    ]
    changes = list(_state_changes(client, start, end))
    log(f"{len(events)} events, {len(changes)} changes of state")
    folder.mkdir(parents=True, exist_ok=True)
    telemetry = Recording(series, events)
    recording_file.save(telemetry, folder / TELEMETRY)
    (folder / HISTORY).write_text(json.dumps([change.as_json() for change in changes], indent=1))
    (folder / ORDINARY).write_text(yaml.safe_dump(derive_ordinary(telemetry, reads.searches), sort_keys=False))
    account |= {"from": to_iso(start), "to": to_iso(end)}
    (folder / ACCOUNT).write_text(json.dumps(account, indent=1))


def definitions(client: DatadogClient) -> Json:
    """Return all monitors, SLOs and downtimes of the account."""
    monitors: list[Json] = []
    while page := client.call(f"GET /api/v1/monitor?page={len(monitors) // PAGE}&page_size={PAGE}"):
        monitors += page
        if len(page) < PAGE:
            break
    slos: list[Json] = []
    while page := client.call(f"GET /api/v1/slo?limit={PAGE}&offset={len(slos)}")["data"]:
        slos += page
        if len(page) < PAGE:
            break
    return {"monitors": monitors, "slos": slos, "downtimes": client.call("GET /api/v2/downtime")["data"]}


def metric_series(
    client: DatadogClient, metric: str, references: Sequence[MetricReference], span: tuple[float, float]
) -> list[Series]:
    """Return a metric's series, one for each combination of the tags that its queries name."""
    keys = sorted(
        {tag_filter.key for reference in references for tag_filter in reference.filters}
        | {word.text for reference in references for word in reference.group_by}
    )
    by = f" by {{{','.join(keys)}}}" if keys else ""
    metric_type = _metric_type(client, metric, references)

    def points(aggregator: str, modifiers: str) -> Points:
        return _points(client, f"{aggregator}:{metric}{{*}}{by}{modifiers}", *span)

    if metric_type == "gauge":
        return [
            Series(metric, metric_type, tags, times + MINUTE / 2, values, MINUTE)
            for tags, (times, values) in points("avg", ".rollup(avg, 60)").items()
        ]
    if metric_type != "distribution":
        scale = MINUTE if metric_type == "rate" else 1
        return [
            Series(metric, metric_type, tags, times + MINUTE / 2, values / scale, MINUTE)
            for tags, (times, values) in points("sum", ".as_count().rollup(sum, 60)").items()
        ]
    # The minimum and the maximum are the percentiles 0 and 100.
    parts = {
        "count": points("count", ".as_count().rollup(sum, 60)"),
        "sum": points("sum", ".rollup(sum, 60)"),
        "0": points("min", ".rollup(min, 60)"),
        "100": points("max", ".rollup(max, 60)"),
    }
    for percent in PERCENTILES:
        parts[str(percent)] = points(f"p{percent}", ".rollup(avg, 60)")
    return [
        _rebuilt(metric, tags, {name: part[tags] for name, part in parts.items() if tags in part})
        for tags in parts["count"]
    ]


def _metric_type(client: DatadogClient, metric: str, references: Sequence[MetricReference]) -> MetricType:
    """Return the metric's type; if the account does not have it, the type that its queries need."""
    try:
        metric_type = client.call(f"GET /api/v1/metrics/{metric}").get("type")
    except DatadogError as error:
        if error.status not in (404, 501):
            raise
        metric_type = None
    if metric_type in METRIC_TYPES:
        return METRIC_TYPES[metric_type]
    if any(reference.aggregator[0] == "p" or reference.aggregator == "count" for reference in references):
        return "distribution"
    is_count = any({"as_count", "as_rate"} & set(reference.modifiers) for reference in references)
    return "count" if is_count else "gauge"


def _points(client: DatadogClient, query: str, start: float, end: float) -> Points:
    """Return a query's points."""
    by_tags: dict[frozenset[str], dict[float, float]] = defaultdict(dict)
    chunk_start = start // MINUTE * MINUTE
    while chunk_start < end:
        chunk_end = min(chunk_start + CHUNK, end)
        parameters = {"from": int(chunk_start), "to": int(chunk_end), "query": query}
        response = client.call("GET /api/v1/query?" + urlencode(parameters))
        for series in response.get("series") or ():
            tags = frozenset(tag for tag in series.get("tag_set") or () if tag.partition(":")[2] != "N/A")
            by_tags[tags] |= {time / 1000: value for time, value in series["pointlist"] if value is not None}
        chunk_start = chunk_end
    return {
        tags: (np.array(sorted(points)), np.array([points[time] for time in sorted(points)]))
        for tags, points in by_tags.items()
        if points
    }


def _rebuilt(metric: str, tags: frozenset[str], parts: dict[str, tuple[FloatArray, FloatArray]]) -> Series:
    """Return raw values of each minute that have its count, sum, minimum, maximum and percentiles."""
    by_minute = {
        name: dict(zip(times.tolist(), values.tolist(), strict=True)) for name, (times, values) in parts.items()
    }
    percentiles = {int(name): levels for name, levels in by_minute.items() if name.isdecimal()}
    times: list[FloatArray] = []
    values: list[FloatArray] = []
    for minute, count in by_minute["count"].items():
        if count > MAXIMUM_VALUES:
            raise Refused(metric, f"{count:.0f} values in a minute: a distribution so large is not rebuilt")
        size = max(1, round(count))
        total = by_minute.get("sum", {}).get(minute, 0.0)
        levels = {percent: levels[minute] for percent, levels in sorted(percentiles.items()) if minute in levels}
        times.append(minute + MINUTE * (np.arange(size) + 0.5) / size)
        values.append(_values(size, total, levels or {50: total / size}))
    return Series(metric, "distribution", tags, np.concatenate(times), np.concatenate(values), MINUTE)


def _values(size: int, total: float, levels: dict[int, float]) -> FloatArray:
    """Return ``size`` values with these percentiles, shifted towards one end until their sum is right."""
    ranks, heights = list(levels), list(levels.values())
    values = np.interp(100 * (np.arange(size) + 0.5) / size, ranks, heights)
    missing = total - values.sum()
    room = (heights[-1] - values) if missing > 0 else (values - heights[0])
    shifted: FloatArray = values + (missing * room / room.sum() if room.sum() > abs(missing) else missing / size)
    return shifted


def _events(
    client: DatadogClient, track: str, searches: set[str], span: tuple[float, float], log: Callable[[str], None]
) -> Iterator[Event]:
    """Yield the events of a track that match any of the searches, each once."""
    if track not in SEARCHES:
        log(f"events of the track {track} are not exported: monitors on them will read nothing")
        return
    path, wrapped = SEARCHES[track]
    seen: set[str] = set()
    for search in sorted(searches):
        for document in search_events(client, path, search or "*", *span, wrapped=wrapped):
            if document["id"] not in seen:
                seen.add(document["id"])
                yield read_event(track, document["attributes"])


def search_events(
    client: DatadogClient, path: str, query: str, start: float, end: float, *, wrapped: bool
) -> Iterator[Json]:
    """Yield all results of a search, page by page, oldest first."""
    body: Json = {
        "filter": {"query": query, "from": to_iso(start), "to": to_iso(end)},
        "sort": "timestamp",
        "page": {"limit": PAGE},
    }
    while True:
        request = {"data": {"attributes": body, "type": "search_request"}} if wrapped else body
        response = client.call(f"POST {path}", request)
        yield from response.get("data") or ()
        cursor = ((response.get("meta") or {}).get("page") or {}).get("after")
        if not cursor:
            return
        body["page"]["cursor"] = cursor


def read_event(track: str, document: Json) -> Event:
    """Return an event as the evaluator reads it: reserved fields on top, all others under ``attributes``."""
    if track == "spans":
        top = {key: value for key, value in document.items() if key not in {"custom", "attributes", "start_timestamp"}}
        attributes = {**(document.get("custom") or {}), **(document.get("attributes") or {})}
        return Event(from_api_time(document["start_timestamp"]), track, {**top, "attributes": attributes})
    attributes = document.get("attributes") or {}
    top = {key: value for key, value in document.items() if key not in {"attributes", "timestamp"}}
    if track == "events":
        reserved = {key: attributes[key] for key in ("service", "status", "title", "source") if key in attributes}
        top = {**reserved, **top}
    return Event(from_api_time(document["timestamp"]), track, {**top, "attributes": attributes})


def _state_changes(client: DatadogClient, start: float, end: float) -> Iterator[RecordedStateChange]:
    """Yield the state changes of the account's monitors, from their events."""
    for document in search_events(client, SEARCHES["events"][0], "source:alert", start, end, wrapped=False):
        change = RecordedStateChange.from_event(document["attributes"])
        if change is not None:
            yield change
