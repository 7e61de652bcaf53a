"""Writes what an account's alerts need, to prove, backtest and calibrate them elsewhere; reads nothing but the API.

A folder: ``account.json`` (monitors, SLOs, downtimes, the span), ``telemetry.npz`` (series and events that the monitors
read), ``history.json`` (their changes of state) and ``ordinary.yaml`` (the usual telemetry, for simulated months).

Metrics are asked for by the minute, by every tag that any query of them names. Counts and rates come exactly. A
distribution's minutes are rebuilt from their count, sum, least, greatest and percentiles: its counts and sums are
exact, percentiles over longer windows close. Pages: api/latest/metrics, logs, spans, rum, events.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import yaml

from firedrill.evaluate import Event, Recording, Refused, Series, recording_file
from firedrill.evaluate.event_queries import is_metric_formula, read_queries
from firedrill.evaluate.metrics import lookback
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray, MetricType
from firedrill.prove.exported import HISTORY, ORDINARY, TELEMETRY, Change, iso, moment
from firedrill.prove.usual import usual
from firedrill.query import QueryError, metric_references, parse, parse_metric_query
from firedrill.query.references import MetricReference
from firedrill.query.tree import ChainMonitor, MetricMonitor
from firedrill.sandbox.providers.datadog.api import Api, ApiError

MINUTE, DAY = 60, 86400
CHUNK = 12 * 3600
"""Seconds of one metric query: a point a minute is then fewer points than an answer may have."""
PAGE = 1000
QUANTILES = (50, 75, 90, 95, 99)
MOST = 20_000
"""Values of one minute of a distribution that are rebuilt."""
SEARCHES = {
    "logs": ("/api/v2/logs/events/search", False),
    "spans": ("/api/v2/spans/events/search", True),
    "rum": ("/api/v2/rum/events/search", False),
    "events": ("/api/v2/events/search", False),
}
"""Where the events of a track are searched, and whether the search is wrapped as JSON:API data."""


@dataclass
class Wanted:
    """What the monitors and SLOs read: metrics with their references, searches by track."""

    metrics: dict[str, list[MetricReference]] = field(default_factory=lambda: defaultdict(list))
    searches: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    before: float = 0
    """Seconds before an evaluation that some value depends on."""


def export(api: Api, folder: Path, start: float, end: float, say: Callable[[str], None]) -> None:
    """Write the folder for a span of time (epoch seconds). Raises :class:`ApiError`."""
    account = definitions(api)
    wanted = wants(account)
    begin = start - min(wanted.before, 30 * DAY)
    say(f"{len(account['monitors'])} monitors and {len(account['slos'])} SLOs read {len(wanted.metrics)} metrics")
    series = [one for metric, uses in wanted.metrics.items() for one in _metric(api, metric, uses, (begin, end))]
    say(f"{len(series)} series with {sum(one.times.size for one in series)} points")
    events = [one for track, found in wanted.searches.items() for one in _events(api, track, found, (begin, end), say)]
    changes = list(_history(api, start, end))
    say(f"{len(events)} events, {len(changes)} changes of state")
    folder.mkdir(parents=True, exist_ok=True)
    telemetry = Recording(series, events)
    recording_file.save(telemetry, folder / TELEMETRY)
    (folder / HISTORY).write_text(json.dumps([one.as_json() for one in changes], indent=1))
    (folder / ORDINARY).write_text(yaml.safe_dump(usual(telemetry, wanted.searches), sort_keys=False))
    account |= {"from": iso(start), "to": iso(end)}
    (folder / "account.json").write_text(json.dumps(account, indent=1))


def definitions(api: Api) -> Json:
    """Every monitor, SLO and downtime of the account, page by page."""
    monitors: list[Json] = []
    while page := api.call(f"GET /api/v1/monitor?page={len(monitors) // PAGE}&page_size={PAGE}"):
        monitors += page
        if len(page) < PAGE:
            break
    slos: list[Json] = []
    while page := api.call(f"GET /api/v1/slo?limit={PAGE}&offset={len(slos)}")["data"]:
        slos += page
        if len(page) < PAGE:
            break
    return {"monitors": monitors, "slos": slos, "downtimes": api.call("GET /api/v2/downtime")["data"]}


def wants(account: Json) -> Wanted:
    """What to ask for; a monitor that cannot be read asks for nothing."""
    found = Wanted()
    for monitor in account["monitors"]:
        options = monitor.get("options") or {}
        try:
            query = parse(monitor["type"], monitor["query"])
            _note(found, metric_references(query))
            body = query.body
            if isinstance(body, MetricMonitor):
                found.before = max(found.before, lookback(body, options))
            elif isinstance(body, ChainMonitor) and is_metric_formula(options):
                for variable in options["variables"]:
                    _note(found, metric_references(parse_metric_query(variable["query"])))
            elif isinstance(body, ChainMonitor) and query.type != "slo alert":
                found.before = max(found.before, 2 * DAY)
                for asked in read_queries(query, options).values():
                    found.searches[asked.track].add(asked.search)
            elif isinstance(body, ChainMonitor):
                found.before = max(found.before, 30 * DAY)
        except (QueryError, Refused, KeyError):
            continue
    for slo in account["slos"]:
        for text in _texts(slo):
            try:
                _note(found, metric_references(parse_metric_query(text)))
            except QueryError:
                continue
    return found


def _note(found: Wanted, references: Sequence[MetricReference]) -> None:
    for one in references:
        found.metrics[one.metric].append(one)


def _texts(slo: Json) -> Iterator[str]:
    query, given = slo.get("query") or {}, slo.get("sli_specification") or {}
    yield from (query[part] for part in ("numerator", "denominator") if query.get(part))
    for kind in ("count", "time_slice"):
        inner = given.get(kind) or {}
        yield from (one["query"] for one in inner.get("queries") or (inner.get("query") or {}).get("queries") or ())


def _metric(api: Api, metric: str, uses: Sequence[MetricReference], span: tuple[float, float]) -> list[Series]:
    """A metric's series, one for each combination of the tags that its queries name."""
    keys = sorted(
        {one.key for use in uses for one in use.filters} | {word.text for use in uses for word in use.group_by}
    )
    kind = _type(api, metric, uses)

    def ask(aggregator: str, modifiers: str) -> dict[frozenset[str], tuple[FloatArray, FloatArray]]:
        by = f" by {{{','.join(keys)}}}" if keys else ""
        return _points(api, f"{aggregator}:{metric}{{*}}{by}{modifiers}", *span)

    if kind == "gauge":
        return [Series(metric, kind, tags, times + MINUTE / 2, values, MINUTE)
                for tags, (times, values) in ask("avg", ".rollup(avg, 60)").items()]  # fmt: skip
    if kind != "distribution":
        scale = MINUTE if kind == "rate" else 1
        return [Series(metric, kind, tags, times + MINUTE / 2, values / scale, MINUTE)
                for tags, (times, values) in ask("sum", ".as_count().rollup(sum, 60)").items()]  # fmt: skip
    parts = {"count": ask("count", ".as_count().rollup(sum, 60)"), "sum": ask("sum", ".rollup(sum, 60)"),
             "0": ask("min", ".rollup(min, 60)"), "100": ask("max", ".rollup(max, 60)")}  # fmt: skip
    for percent in QUANTILES:
        parts[str(percent)] = ask(f"p{percent}", ".rollup(avg, 60)")
    return [_rebuilt(metric, tags, {name: one[tags] for name, one in parts.items() if tags in one})
            for tags in parts["count"]]  # fmt: skip


def _type(api: Api, metric: str, uses: Sequence[MetricReference]) -> MetricType:
    """The metric's type; where the account does not say, what its queries take it for."""
    try:
        told = api.call(f"GET /api/v1/metrics/{metric}").get("type")
    except ApiError as error:
        if error.status not in (404, 501):
            raise
        told = None
    kinds: dict[object, MetricType] = {
        "count": "count",
        "rate": "rate",
        "gauge": "gauge",
        "distribution": "distribution",
    }
    if told in kinds:
        return kinds[told]
    if any(one.aggregator[0] == "p" or one.aggregator == "count" for one in uses):
        return "distribution"
    return "count" if any("as_count" in one.modifiers or "as_rate" in one.modifiers for one in uses) else "gauge"


def _points(api: Api, query: str, start: float, end: float) -> dict[frozenset[str], tuple[FloatArray, FloatArray]]:
    """A query's points by tags: times (epoch seconds, where each minute begins) and values."""
    found: dict[frozenset[str], dict[float, float]] = defaultdict(dict)
    at = start // MINUTE * MINUTE
    while at < end:
        until = min(at + CHUNK, end)
        answer = api.call("GET /api/v1/query?" + urlencode({"from": int(at), "to": int(until), "query": query}))
        for line in answer.get("series") or ():
            tags = frozenset(tag for tag in line.get("tag_set") or () if tag.partition(":")[2] != "N/A")
            found[tags] |= {time / 1000: value for time, value in line["pointlist"] if value is not None}
        at = until
    return {tags: (np.array(sorted(points)), np.array([points[time] for time in sorted(points)]))
            for tags, points in found.items() if points}  # fmt: skip


def _rebuilt(metric: str, tags: frozenset[str], parts: dict[str, tuple[FloatArray, FloatArray]]) -> Series:
    """Raw values of each minute with the count, sum, least, greatest and percentiles that it had."""
    known = {name: dict(zip(times.tolist(), values.tolist(), strict=True)) for name, (times, values) in parts.items()}
    times: list[FloatArray] = []
    values: list[FloatArray] = []
    for minute, count in known["count"].items():
        if count > MOST:
            raise Refused(metric, f"{count:.0f} values in a minute: a distribution so large is not rebuilt")
        size = max(1, round(count))
        total = known.get("sum", {}).get(minute, 0.0)
        given = sorted((int(name), known[name][minute]) for name in known if name.isdecimal() and minute in known[name])
        ranks, levels = zip(*given or [(50, total / size)], strict=True)
        made = np.interp(100 * (np.arange(size) + 0.5) / size, ranks, levels)
        spare = total - made.sum()
        room = (levels[-1] - made) if spare > 0 else (made - levels[0])
        made = made + (spare * room / room.sum() if room.sum() > abs(spare) else spare / size)
        times.append(minute + MINUTE * (np.arange(size) + 0.5) / size)
        values.append(made)
    return Series(metric, "distribution", tags, np.concatenate(times), np.concatenate(values), MINUTE)


def _events(
    api: Api, track: str, searches: set[str], span: tuple[float, float], say: Callable[[str], None]
) -> Iterator[Event]:
    if track not in SEARCHES:
        say(f"events of the {track} are not exported: monitors on them have nothing to read")
        return
    path, wrapped = SEARCHES[track]
    seen: set[str] = set()
    for search in sorted(searches):
        for found in _search(api, path, search or "*", *span, wrapped=wrapped):
            if found["id"] not in seen:
                seen.add(found["id"])
                yield _event(track, found["attributes"])


def _search(api: Api, path: str, query: str, start: float, end: float, *, wrapped: bool) -> Iterator[Json]:
    """All pages of a search, oldest first."""
    body: Json = {"filter": {"query": query, "from": iso(start), "to": iso(end)}, "sort": "timestamp",
                  "page": {"limit": PAGE}}  # fmt: skip
    while True:
        sent = {"data": {"attributes": body, "type": "search_request"}} if wrapped else body
        answer = api.call(f"POST {path}", sent)
        yield from answer.get("data") or ()
        cursor = ((answer.get("meta") or {}).get("page") or {}).get("after")
        if not cursor:
            return
        body["page"]["cursor"] = cursor


def _event(track: str, told: Json) -> Event:
    """An event as the evaluator reads it: reserved keys on top, all else under ``attributes``."""
    if track == "spans":
        top = {key: value for key, value in told.items() if key not in {"custom", "attributes", "start_timestamp"}}
        inner = {**(told.get("custom") or {}), **(told.get("attributes") or {})}
        return Event(moment(told["start_timestamp"]), track, {**top, "attributes": inner})
    inner = told.get("attributes") or {}
    top = {key: value for key, value in told.items() if key not in {"attributes", "timestamp"}}
    if track == "events":
        top = {**{key: inner[key] for key in ("service", "status", "title", "source") if key in inner}, **top}
    return Event(moment(told["timestamp"]), track, {**top, "attributes": inner})


def _history(api: Api, start: float, end: float) -> Iterator[Change]:
    """The changes of state that the account tells of its monitors."""
    for found in _search(api, SEARCHES["events"][0], "source:alert", start, end, wrapped=False):
        change = Change.told(found["attributes"])
        if change is not None:
            yield change
