"""Metrics that an organisation generates from its logs, spans and RUM events.

They cover all ingested events, including those that an index excludes or a retention filter drops:
https://docs.datadoghq.com/logs/log_configuration/logs_to_metrics/
https://docs.datadoghq.com/tracing/trace_pipeline/generate_metrics/
https://docs.datadoghq.com/real_user_monitoring/platform/generate_metrics/

Definitions are the API's bodies (``logs_metrics``, ``spans_metrics``, ``rum_metrics``). The pages do not define these
cases: an event without a facet to group by counts without that tag, one without the measure does not count, and of
several values of a facet the first one is the tag.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firedrill.evaluate.event.facets import facet_values, number
from firedrill.evaluate.telemetry import Event
from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.intake.metric_points import MetricPoints

Json = Mapping[str, Any]
KINDS = {"logs": "logs_metrics", "spans": "spans_metrics", "rum": "rum_metrics"}
"""Track of the events -> kind of the definitions."""
UPDATED_TYPES = ("session", "view")
"""Types of RUM events that the browser sends again with each update."""
QUIET_SECONDS = 900.0
"""Seconds without an update that end a view: the SDK ends a session after this time without activity."""


class OpenRumEvents:
    """Recent views and sessions, which a metric counts once: at the first match, or at the end.

    An event ends when the SDK reports it, when its session continues with another one of its type (a page that is left
    sends no last update), or after :data:`QUIET_SECONDS`. The state is in memory: after a restart events count again.
    """

    def __init__(self, max_counted: int = 100_000) -> None:
        self._most = max_counted
        self._counted: dict[tuple[str, str, str], None] = {}
        self._open: dict[tuple[str, str, str], tuple[Event, float]] = {}

    def count_once(self, org: str, metric: str, identifier: str) -> bool:
        """Return whether a metric has not counted an event yet, and mark it as counted."""
        key = (org, metric, identifier)
        if key in self._counted:
            return False
        self._counted[key] = None
        while len(self._counted) > self._most:
            del self._counted[next(iter(self._counted))]
        return True

    def take_ended(self, org: str, events: Iterable[Event], now: float) -> list[Event]:
        """Record updates and return the last state of each event that has ended."""
        ended_events = []
        for event in events:
            kind = _first_value(event.attributes, "@type")
            if kind not in UPDATED_TYPES:
                continue
            key = (org, str(kind), str(_first_value(event.attributes, f"@{kind}.id")))
            previous = self._open.get(key)
            if previous is None or previous[0].time <= event.time:
                self._open[key] = (event, now)
            session = _first_value(event.attributes, "@session.id")
            left = [
                other
                for other, (other_event, _) in self._open.items()
                if other[:2] == key[:2]
                and other != key
                and _first_value(other_event.attributes, "@session.id") == session
            ]
            if _first_value(event.attributes, f"@{kind}.is_active") is False:
                left.append(key)
            ended_events += [self._open.pop(key)[0] for key in left]
        quiet = [key for key, (_, seen) in self._open.items() if key[0] == org and now - seen > QUIET_SECONDS]
        return ended_events + [self._open.pop(key)[0] for key in quiet]


def add_points(
    points: MetricPoints,
    definitions: Iterable[Json],
    events: Sequence[tuple[Event, float]],
    org: str,
    open_events: OpenRumEvents,
) -> None:
    """Add the points of each definition for the events, each of which comes with the time to count it at.

    :func:`add_points_of_ended` does the same for ended events. Raises SearchError for an invalid filter.
    """
    for body in definitions:
        if _counted_when(body) == "end":
            continue
        attributes = body["attributes"]
        search = parse_search((attributes.get("filter") or {}).get("query") or "*")
        for event, time in events:
            if search.matches(event.attributes) and _should_count(body, event.attributes, org, open_events):
                _add(points, str(body["id"]), attributes, event.attributes, time)


def add_points_of_ended(points: MetricPoints, definitions: Iterable[Json], take_ended: Sequence[Event]) -> None:
    """Add the points of RUM metrics that count a view or session at its end (uniqueness ``end``)."""
    for body in definitions:
        attributes = body["attributes"]
        search = parse_search((attributes.get("filter") or {}).get("query") or "*")
        for event in take_ended if _counted_when(body) == "end" else ():
            if _first_value(event.attributes, "@type") == attributes["event_type"] and search.matches(event.attributes):
                _add(points, str(body["id"]), attributes, event.attributes, event.time)


def _counted_when(body: Json) -> str | None:
    when: str | None = (body["attributes"].get("uniqueness") or {}).get("when")
    return when


def _add(points: MetricPoints, metric: str, attributes: Json, event: Json, time: float) -> None:
    tags = {group.get("tag_name") or group["path"].lstrip("@"): _as_tag(_first_value(event, group["path"]))
            for group in attributes.get("group_by") or ()}  # fmt: skip
    measure = attributes["compute"]
    if measure["aggregation_type"] == "count":
        points.count(metric, tags, time)
        return
    value = number(_first_value(event, measure["path"]))
    if value is not None:
        points.value(metric, tags, time, value)


def _should_count(body: Json, event: Json, org: str, open_events: OpenRumEvents) -> bool:
    """Return whether a metric counts an event: RUM events must have its type, and updated ones count once."""
    kind = body["attributes"].get("event_type")
    if kind is None:
        return True
    if _first_value(event, "@type") != kind:
        return False
    return kind not in UPDATED_TYPES or open_events.count_once(
        org, str(body["id"]), str(_first_value(event, f"@{kind}.id"))
    )


def _first_value(event: Json, facet: str) -> Any:
    values = facet_values(event, facet)
    return values[0] if values else None


def _as_tag(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
