"""Downtimes: scopes and times in which groups do not notify (docs: monitors/downtimes, api/latest/downtimes)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from firedrill.evaluate.metric.scope import selects, tag_values
from firedrill.evaluate.model import Json, Refused
from firedrill.logs.search import SearchError, parse_search
from firedrill.query import QueryError, parse_scope

_DURATION = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Downtime:
    """Intervals ``[start, end)`` in which a scope's groups do not notify.

    ``expires`` is whether groups notify at an interval's end: False for a cancelled downtime.
    """

    in_scope: Callable[[list[str]], bool]
    monitor_id: str | None
    monitor_tags: tuple[str, ...]
    intervals: tuple[tuple[float, float], ...]
    mute_first_recovery: bool
    expires: bool

    def covers(self, monitor_id: int | str, monitor_tags: tuple[str, ...], group: Mapping[str, str]) -> bool:
        """Return whether a group of a monitor is in the downtime's scope."""
        if self.monitor_id is not None and self.monitor_id != str(monitor_id):
            return False
        if self.monitor_tags and self.monitor_tags != ("*",) and not set(self.monitor_tags) <= set(monitor_tags):
            return False
        return self.in_scope([f"{key}:{value}" for key, value in group.items()])

    def active(self, time: float) -> tuple[float, float] | None:
        """Return the interval that contains the time; None outside all intervals."""
        return next((interval for interval in self.intervals if interval[0] <= time < interval[1]), None)


def _scope(text: str) -> Callable[[list[str]], bool]:
    """Return a test for the tags of a group.

    A scope is written as in metric queries, or as a search: ``env:(staging OR prod) AND service:x``.
    """
    try:
        scope = parse_scope(text)
    except QueryError:
        try:
            search = parse_search(text)
        except SearchError as error:
            raise Refused("downtime", str(error)) from error
        return lambda tags: search.matches({"tags": tags, "attributes": {}})
    return lambda tags: selects(scope, tag_values(tags))


def read_downtime(body: Json, start: float, end: float) -> Downtime:
    """Return a downtime (an API v2 resource, or its attributes) with the recurrences that touch start to end."""
    attributes: Json = body.get("data", body).get("attributes", body)
    identifier = attributes.get("monitor_identifier") or {}
    schedule = attributes.get("schedule") or {}
    cancelled = _time(attributes.get("canceled"))
    monitor_id = identifier.get("monitor_id")
    intervals = _recurring(schedule, start, end) if schedule.get("recurrences") else _once(schedule)
    if cancelled is not None:
        intervals = tuple((low, min(high, cancelled)) for low, high in intervals if low < cancelled)
    return Downtime(
        in_scope=_scope(str(attributes.get("scope") or "*")),
        monitor_id=None if monitor_id is None else str(monitor_id),
        monitor_tags=tuple(identifier.get("monitor_tags") or ()),
        intervals=intervals,
        mute_first_recovery=bool(attributes.get("mute_first_recovery_notification")),
        expires=cancelled is None and "expired" in (attributes.get("notify_end_types") or ["expired"]),
    )


def _time(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _once(schedule: Json) -> tuple[tuple[float, float], ...]:
    begin, finish = _time(schedule.get("start")), _time(schedule.get("end"))
    return ((0.0 if begin is None else begin, float("inf") if finish is None else finish),)


def _recurring(schedule: Json, start: float, end: float) -> tuple[tuple[float, float], ...]:
    zone = ZoneInfo(schedule.get("timezone") or "UTC")
    intervals: list[tuple[float, float]] = []
    for recurrence in schedule["recurrences"]:
        text = str(recurrence.get("duration") or "")
        if not text[:-1].isdecimal() or text[-1:] not in _DURATION:
            raise Refused("downtime", f"{text!r} is not a duration such as 1h")
        length = int(text[:-1]) * _DURATION[text[-1]]
        begin = datetime.fromisoformat(recurrence.get("start") or "1970-01-01T00:00:00").replace(tzinfo=None)
        rule = rrulestr(recurrence["rrule"], dtstart=begin)
        low = datetime.fromtimestamp(max(0.0, start - length), zone).replace(tzinfo=None) - timedelta(days=1)
        high = datetime.fromtimestamp(end, zone).replace(tzinfo=None) + timedelta(days=1)
        for moment in rule.between(low, high, inc=True):
            at = moment.replace(tzinfo=zone).timestamp()
            intervals.append((at, at + length))
    return tuple(sorted(intervals))
