"""Read what one service emits from an account: its metrics with all tags, a sample of its logs and its spans.

Only read endpoints are called: https://docs.datadoghq.com/api/latest/metrics/#list-tags-by-metric-name
"""

from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import quote, urlencode

from firedrill.datadog.client import DatadogClient
from firedrill.evaluate import Event, Recording, Series
from firedrill.prove.account.export import SEARCHES, metric_series, read_event, search_events
from firedrill.query import metric_references, parse_metric_query

MOST_EVENTS = 2000
"""The number of events of each track that are read."""
MOST_VALUES = 50
"""The largest number of values of a tag by which a metric is split."""
TRACKS = ("logs", "spans")


def read_service(
    client: DatadogClient, service: str, span: tuple[float, float], log: Callable[[str], None]
) -> Recording:
    """Return what a service emitted in a span of time (epoch seconds)."""
    series: list[Series] = []
    query = urlencode({"from": int(span[0]), "tag_filter": f"service:{service}"})
    for metric in client.call(f"GET /api/v1/metrics?{query}")["metrics"]:
        series += _of_service(client, metric, service, span)
    log(f"{len({item.metric for item in series})} metrics of {service} in {len(series)} series")
    events = [event for track in TRACKS for event in _events(client, track, service, span)]
    log(f"{len(events)} log lines and spans, at most {MOST_EVENTS} of each")
    return Recording(series, events)


def _of_service(client: DatadogClient, metric: str, service: str, span: tuple[float, float]) -> Iterator[Series]:
    answer = client.call(f"GET /api/v2/metrics/{quote(metric)}/all-tags")
    tags: list[str] = answer["data"]["attributes"].get("tags") or []
    if f"service:{service}" not in tags:
        return
    keys = sorted({tag.partition(":")[0] for tag in tags})
    few = [key for key in keys if sum(tag.startswith(f"{key}:") for tag in tags) <= MOST_VALUES]
    references = metric_references(parse_metric_query(f"sum:{metric}{{*}} by {{{','.join(few)}}}"))
    for series in metric_series(client, metric, references, span):
        if f"service:{service}" in series.tags:
            yield series


def _events(client: DatadogClient, track: str, service: str, span: tuple[float, float]) -> Iterator[Event]:
    path, wrapped = SEARCHES[track]
    found = search_events(client, path, f"service:{service}", *span, wrapped=wrapped)
    for document in islice(found, MOST_EVENTS):
        yield read_event(track, document["attributes"])
