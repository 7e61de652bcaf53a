"""Metrics that an organisation has declared to be computed from its logs, spans and RUM events, as they arrive.

From all that is ingested, what an index excludes or a retention filter drops included, from the declaration on:
https://docs.datadoghq.com/logs/log_configuration/logs_to_metrics/
https://docs.datadoghq.com/tracing/trace_pipeline/generate_metrics/
https://docs.datadoghq.com/real_user_monitoring/platform/generate_metrics/

Bodies are the API's (``logs_metrics``, ``spans_metrics``, ``rum_metrics``). Choices where the pages are silent: an
event that lacks a facet to group by counts without that tag, one that lacks the measure does not count; of several
values of a facet the first one is the tag.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firedrill.evaluate.facets import facet_values, number
from firedrill.evaluate.telemetry import Event
from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.intake.derived import Points

Json = Mapping[str, Any]
KINDS = {"logs": "logs_metrics", "spans": "spans_metrics", "rum": "rum_metrics"}
"""Track of the events -> kind of the declarations."""
UNIQUE = ("session", "view")
"""RUM events that the browser sends again and again as they grow."""
QUIET = 900.0
"""Seconds without an update after which a view has ended: the SDK ends a session after so many without activity."""


class Growing:
    """Views and sessions of the last while, each counted once by a metric: at its first match, or when it has ended.

    An event ends when the SDK says so, when its session goes on to another one of its kind (a page that is left sends
    no last word), or after :data:`QUIET`. All in memory: what grows over a restart counts again.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._seen: dict[tuple[str, str, str], None] = {}
        self._open: dict[tuple[str, str, str], tuple[Event, float]] = {}

    def first(self, org: str, metric: str, identifier: str) -> bool:
        """Whether a metric has not counted an event yet; it has from now on."""
        key = (org, metric, identifier)
        if key in self._seen:
            return False
        self._seen[key] = None
        while len(self._seen) > self._most:
            del self._seen[next(iter(self._seen))]
        return True

    def ended(self, org: str, events: Iterable[Event], now: float) -> list[Event]:
        """Take updates; returns the last state of each event that has ended."""
        done = []
        for event in events:
            kind = _first(event.attributes, "@type")
            if kind not in UNIQUE:
                continue
            key = (org, str(kind), str(_first(event.attributes, f"@{kind}.id")))
            before = self._open.get(key)
            if before is None or before[0].time <= event.time:
                self._open[key] = (event, now)
            session = _first(event.attributes, "@session.id")
            left = [
                other
                for other, (known, _) in self._open.items()
                if other[:2] == key[:2] and other != key and _first(known.attributes, "@session.id") == session
            ]
            if _first(event.attributes, f"@{kind}.is_active") is False:
                left.append(key)
            done += [self._open.pop(one)[0] for one in left]
        quiet = [key for key, (_, seen) in self._open.items() if key[0] == org and now - seen > QUIET]
        return done + [self._open.pop(key)[0] for key in quiet]


def compute(
    points: Points, declared: Iterable[Json], events: Sequence[tuple[Event, float]], org: str, growing: Growing
) -> None:
    """Add to the points what each declared metric makes of the events, each with the time that it counts at.

    Metrics of ended events are :func:`compute_ended`'s. Raises SearchError for a filter that cannot be read.
    """
    for body in declared:
        if _when(body) == "end":
            continue
        attributes = body["attributes"]
        search = parse_search((attributes.get("filter") or {}).get("query") or "*")
        for event, time in events:
            if search.matches(event.attributes) and _counts(body, event.attributes, org, growing):
                _add(points, str(body["id"]), attributes, event.attributes, time)


def compute_ended(points: Points, declared: Iterable[Json], ended: Sequence[Event]) -> None:
    """The same for RUM metrics that count a view or session when it has ended (uniqueness ``end``)."""
    for body in declared:
        attributes = body["attributes"]
        search = parse_search((attributes.get("filter") or {}).get("query") or "*")
        for event in ended if _when(body) == "end" else ():
            if _first(event.attributes, "@type") == attributes["event_type"] and search.matches(event.attributes):
                _add(points, str(body["id"]), attributes, event.attributes, event.time)


def _when(body: Json) -> str | None:
    found: str | None = (body["attributes"].get("uniqueness") or {}).get("when")
    return found


def _add(points: Points, metric: str, attributes: Json, event: Json, time: float) -> None:
    tags = {one.get("tag_name") or one["path"].lstrip("@"): _as_tag(_first(event, one["path"]))
            for one in attributes.get("group_by") or ()}  # fmt: skip
    measure = attributes["compute"]
    if measure["aggregation_type"] == "count":
        points.count(metric, tags, time)
        return
    value = number(_first(event, measure["path"]))
    if value is not None:
        points.value(metric, tags, time, value)


def _counts(body: Json, event: Json, org: str, growing: Growing) -> bool:
    """Whether a RUM event is of the metric's type and, where it grows, is counted now for the first time."""
    kind = body["attributes"].get("event_type")
    if kind is None:
        return True
    if _first(event, "@type") != kind:
        return False
    return kind not in UNIQUE or growing.first(org, str(body["id"]), str(_first(event, f"@{kind}.id")))


def _first(event: Json, facet: str) -> Any:
    found = facet_values(event, facet)
    if not found:
        return None
    return found[0]


def _as_tag(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
