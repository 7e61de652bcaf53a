"""What the variables of a message stand for (docs.datadoghq.com/monitors/notify/variables)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from firedrill.logs import attributes
from firedrill.logs.dates import parse_log_date
from firedrill.notify.evaluation import format_number
from firedrill.notify.template import path_of
from firedrill.notify.transition import Transition, subject

# First part of the variables that show one sample event.
EVENTS = ("log", "span", "rum", "event", "citest", "cipipeline", "issue", "audit", "llm")
THRESHOLDS = {
    "threshold": "critical",
    "warn_threshold": "warning",
    "alert_recovery_threshold": "critical_recovery",
    "warn_recovery_threshold": "warning_recovery",
    "ok_threshold": "ok",
    "unknown_threshold": "unknown",
}
TIMES = {"first_triggered_at": "first_triggered", "last_triggered_at": "last_triggered"}
# Known names whose value comes from the caller: SLO windows, members of a composite.
FROM_CALLER = ("timeframe", "short_window_burn_rate", "long_window_burn_rate", "sli", "error_budget_remaining")
PLAIN = (
    *("value", "comparator", "triggered_duration_sec"),
    *THRESHOLDS,
    *TIMES,
    *(f"{name}_epoch" for name in TIMES),
    *FROM_CALLER,
)
COMPARATOR = re.compile(r"(>=|<=|==|!=|>|<)\s*-?[\d.eE+-]+\s*$")


class Variables:
    """Values for one monitor and one transition; ``given`` are further ones (SLO windows, hosts, composite members)."""

    def __init__(self, monitor: Mapping[str, Any], transition: Transition, given: Mapping[str, Any]) -> None:
        self.monitor, self.transition, self.given = monitor, transition, given
        self.group = subject(monitor, transition)

    def text(self, name: str) -> str:
        """A variable as the message shows it; empty for one without a value."""
        return as_text(self._value(name))

    def number(self, name: str) -> float | None:
        """A variable as ``eval`` uses it."""
        value = self._value(name)
        try:
            return None if value is None or value == "" else float(value)
        except (TypeError, ValueError):
            return None

    def moment(self, name: str) -> datetime | None:
        """``first_triggered_at`` or ``last_triggered_at`` as a time; a given one is epoch milliseconds or ISO 8601."""
        if name in self.given:
            milliseconds = parse_log_date(self.given[name])
            return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
        seconds = getattr(self.transition, TIMES[name]) if name in TIMES else None
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def _value(self, name: str) -> Any:
        if name in self.given:
            return self.given[name]
        parts = path_of(name)
        if len(parts) >= 2 and parts[-1] == "name":
            return self._tag(".".join(parts[:-1]))
        if len(parts) >= 2 and parts[0] in EVENTS:
            return self._event(parts[1:])
        return self._plain(name)

    def _tag(self, key: str) -> Any:
        value = self.group.get(key)
        return ",".join(sorted(map(str, value))) if isinstance(value, list | tuple | set | frozenset) else value

    def _event(self, parts: tuple[str, ...]) -> Any:
        event = self.transition.event or {}
        if parts[0] == "attributes":
            return attributes.get(event.get("attributes", event), ".".join(parts[1:]))
        if parts[0] == "tags":
            key = ".".join(parts[1:])
            tags = event.get("tags") or ()
            return ",".join(sorted(tag.partition(":")[2] for tag in tags if tag.partition(":")[0] == key))
        return attributes.get(event, ".".join(parts))

    def _plain(self, name: str) -> Any:
        transition = self.transition
        options = self.monitor.get("options") or {}
        if name == "value":
            return transition.value
        if name == "threshold" and transition.threshold is not None:
            return transition.threshold
        if name in THRESHOLDS:
            return (options.get("thresholds") or {}).get(THRESHOLDS[name])
        if name == "comparator":
            found = COMPARATOR.search(self.monitor.get("query") or "")
            return found[1] if found else ""
        if name == "triggered_duration_sec":
            first = transition.first_triggered
            return None if first is None else int(transition.time - first)
        if name.endswith("_epoch") and name.removesuffix("_epoch") in TIMES:
            seconds = getattr(transition, TIMES[name.removesuffix("_epoch")])
            return None if seconds is None else int(seconds * 1000)
        moment = self.moment(name)
        return moment.strftime("%a %b %d %Y %H:%M:%S UTC") if moment else None


def as_text(value: Any) -> str:
    """A value in a message."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, list | tuple):
        return ",".join(as_text(one) for one in value)
    return str(value)
