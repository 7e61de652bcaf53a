"""Rules of a monitor's states and notifications, read from its options (docs: api/latest/monitors)."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from firedrill.evaluate.model import Json, Note, Refused, Status
from firedrill.evaluate.state.thresholds import Thresholds
from firedrill.query.tree import Query

HOUR = 3600
Missing = Literal["default", "show_no_data", "show_and_notify_no_data", "resolve", "legacy"]
_STATUSES: dict[str, Status] = {"alert": "ALERT", "warn": "WARN", "no data": "NO DATA", "nodata": "NO DATA"}
_RETENTION = re.compile(r"([0-9]+)([mhd])")
NO_MISSING_DATA = frozenset({"service check", "composite", "slo alert"})
LEVELS = {
    "service check": Thresholds(">=", critical=2, warning=1),
    "synthetics alert": Thresholds(">=", critical=1),
}
"""Thresholds of types whose query compares nothing: the value of their signal is the level itself."""


@dataclass(frozen=True)
class Rules:
    """Rules for the states of a monitor's groups and for its notifications. Durations are seconds."""

    id: int | str
    type: str
    thresholds: Thresholds | None
    missing: Missing
    counts: bool
    """True for a count or sum query without default_zero, whose empty window is 0 under ``default``."""
    notify_no_data: bool
    no_data_after: float
    delay: float
    new_group_delay: float
    retention: float
    resolve_after: float
    renotify_every: float
    renotify_at_most: float
    renotify_statuses: frozenset[Status]
    notify_by: tuple[str, ...] | None
    independent: bool = False
    """True for custom schedules: each evaluation ignores the state before and notifies unless it is OK."""
    always: bool = False
    """True for ungrouped event counts, which have the value 0 before the first event."""
    tags: tuple[str, ...] = ()
    quiet_members: bool = False
    """True for composites with a member that does not notify on missing data; the composite then does not either."""
    notes: frozenset[Note] = frozenset()

    @property
    def notifies_no_data(self) -> bool:
        """True where a change to NO DATA notifies."""
        if self.missing == "legacy":
            return self.notify_no_data and not self.quiet_members
        return self.missing == "show_and_notify_no_data"


def read_rules(monitor: Json, query: Query, *, counts: bool, by: tuple[str, ...], always: bool = False) -> Rules:
    """Return the rules of a monitor. Raises :class:`Refused` for options that contradict each other."""
    options: Json = monitor.get("options") or {}
    missing, notes = _missing(options, query.type)
    at_most = options.get("renotify_occurrences")
    return Rules(
        id=monitor["id"],
        type=query.type,
        thresholds=_thresholds(query, options),
        missing=missing,
        counts=counts,
        notify_no_data=bool(options.get("notify_no_data")),
        no_data_after=float(options.get("no_data_timeframe") or 0) * 60,
        delay=float(options.get("evaluation_delay") or 0),
        new_group_delay=_new_group_delay(options) if by else 0,
        retention=_retention(options, query.type, by),
        resolve_after=_timeout_hours(options) * HOUR,
        renotify_every=float(options.get("renotify_interval") or 0) * 60,
        renotify_at_most=float("inf") if at_most is None else float(at_most),
        renotify_statuses=_renotify_statuses(options),
        notify_by=_notify_by(options, by),
        independent=bool((options.get("scheduling_options") or {}).get("custom_schedule")),
        always=always,
        tags=tuple(monitor.get("tags") or ()),
        notes=notes,
    )


def _thresholds(query: Query, options: Json) -> Thresholds | None:
    if query.comparator is not None and query.threshold is not None:
        return Thresholds.from_options(query.comparator, query.threshold.value, options)
    return LEVELS.get(query.type)


def _notify_by(options: Json, by: tuple[str, ...]) -> tuple[str, ...] | None:
    notify_by = options.get("notify_by")
    if notify_by and notify_by != ["*"] and not set(notify_by) < set(by):
        raise Refused(
            "notify_by", f"{', '.join(notify_by)} is not a proper subset of the group-by ({', '.join(by) or 'none'})"
        )
    return tuple(notify_by) if notify_by else None


def _renotify_statuses(options: Json) -> frozenset[Status]:
    statuses = [str(status) for status in options.get("renotify_statuses") or ["alert", "no data"]]
    unknown = [status for status in statuses if status.lower() not in _STATUSES]
    if unknown:
        raise Refused("renotify_statuses", f"{unknown[0]!r} is not one of {', '.join(_STATUSES)}")
    return frozenset(_STATUSES[status.lower()] for status in statuses)


def _timeout_hours(options: Json) -> float:
    timeout = float(options.get("timeout_h") or 0)
    if not 0 <= timeout <= 24:
        raise Refused("timeout_h", "must be between 0 and 24")
    return timeout


def _missing(options: Json, type: str) -> tuple[Missing, frozenset[Note]]:
    on_missing_data, notify = options.get("on_missing_data"), options.get("notify_no_data")
    if on_missing_data is not None:
        if on_missing_data not in {"default", "show_no_data", "show_and_notify_no_data", "resolve"}:
            raise Refused("on_missing_data", f"{on_missing_data!r} is not one of its values")
        if type in NO_MISSING_DATA:
            raise Refused("on_missing_data", f"a {type} does not have this option")
        if notify:
            raise Refused("on_missing_data", "cannot be combined with notify_no_data")
        return on_missing_data, frozenset()
    if notify:
        if type not in NO_MISSING_DATA and not options.get("no_data_timeframe"):
            raise Refused("no_data_timeframe", "the pages give three defaults: set it")
        return "legacy", frozenset({Note("C-nodata-legacy", "no data when the last point is no_data_timeframe old")})
    if type in NO_MISSING_DATA or type in {"query alert", "metric alert"}:
        return "legacy", frozenset()
    return "default", frozenset()


def _new_group_delay(options: Json) -> float:
    delay = options.get("new_group_delay")
    if delay:
        return float(delay)
    host = options.get("new_host_delay")
    if delay is None:
        return 60.0 if host is None else float(host)
    return 0.0


def _retention(options: Json, type: str, by: tuple[str, ...]) -> float:
    text: Any = options.get("group_retention_duration")
    if text:
        match = _RETENTION.fullmatch(str(text))
        if match is None:
            raise Refused("group_retention_duration", f"{text!r} is not a length such as 24h")
        return int(match[1]) * {"m": 60, "h": HOUR, "d": 24 * HOUR}[match[2]]
    return 48.0 * HOUR if type == "service check" or by == ("host",) else 24.0 * HOUR
