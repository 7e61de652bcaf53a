"""Values of a message's variables (docs.datadoghq.com/monitors/notify/variables)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from firedrill.logs.attributes import get_path
from firedrill.logs.dates import parse_log_date
from firedrill.notify.eval_expression import format_number
from firedrill.notify.template import path_of
from firedrill.notify.transition import NotifiedTransition, notified_tags

# First part of the variables that show a sample event.
EVENTS = (
    *("log", "span", "rum", "event", "citest", "cipipeline", "issue", "audit", "llm"),
    *("databasemonitoring", "synthetics"),
)
CHECK_MESSAGE = "check_message"
THRESHOLDS = {
    "threshold": "critical",
    "warn_threshold": "warning",
    "alert_recovery_threshold": "critical_recovery",
    "warn_recovery_threshold": "warning_recovery",
    "ok_threshold": "ok",
    "unknown_threshold": "unknown",
}
TIMES = {"first_triggered_at": "first_triggered", "last_triggered_at": "last_triggered"}
# Variables whose value comes from the caller: SLO windows, members of a composite.
FROM_CALLER = ("timeframe", "short_window_burn_rate", "long_window_burn_rate", "sli", "error_budget_remaining")
PLAIN = (
    *("value", "comparator", "triggered_duration_sec"),
    *THRESHOLDS,
    *TIMES,
    *(f"{name}_epoch" for name in TIMES),
    *FROM_CALLER,
)
BARE_NAME = re.compile(r"\[?@?[A-Za-z_][\w.@/-]*(\](\.\w+)?)?")
COMPARATOR = re.compile(r"(>=|<=|==|!=|>|<)\s*-?[\d.eE+-]+\s*$")


class Variables:
    """Values at a transition; ``extra`` are values from the caller (SLO windows, hosts, composite members)."""

    def __init__(self, monitor: Mapping[str, Any], transition: NotifiedTransition, extra: Mapping[str, Any]) -> None:
        self.monitor, self.transition, self.extra = monitor, transition, extra
        self.group = notified_tags(monitor, transition)

    def text(self, name: str) -> str:
        """Return a variable as the message shows it; empty for one without a value."""
        return as_text(self._value(name))

    def value_of(self, name: str) -> str | None:
        """Return the value of a name without braces; None for a text that is not a variable with a value."""
        value = self._value(name) if BARE_NAME.fullmatch(name) else None
        return None if value is None or value == "" else as_text(value)

    def number(self, name: str) -> float | None:
        """Return a variable as ``eval`` uses it."""
        value = self._value(name)
        try:
            return None if value is None or value == "" else float(value)
        except (TypeError, ValueError):
            return None

    def moment(self, name: str) -> datetime | None:
        """Return ``first_triggered_at`` or ``last_triggered_at``.

        Values from the caller are epoch milliseconds or ISO 8601.
        """
        if name in self.extra:
            milliseconds = parse_log_date(self.extra[name])
            return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
        seconds = getattr(self.transition, TIMES[name]) if name in TIMES else None
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def _value(self, name: str) -> Any:
        if name in self.extra:
            return self.extra[name]
        parts = path_of(name)
        key = ".".join(parts[:-1])
        is_event = len(parts) >= 2 and parts[0] in EVENTS
        if len(parts) >= 2 and parts[-1] == "name" and (key in self.group or not is_event):
            return self._tag(key)
        return self._event(parts[1:]) if is_event else self._plain(name)

    def _tag(self, key: str) -> Any:
        value = self.group.get(key)
        return ",".join(sorted(map(str, value))) if isinstance(value, list | tuple | set | frozenset) else value

    def _event(self, parts: tuple[str, ...]) -> Any:
        event = self.transition.event or {}
        if parts[0] == "attributes":
            return get_path(event.get("attributes", event), ".".join(parts[1:]))
        if parts[0] == "tags":
            key = ".".join(parts[1:])
            tags = event.get("tags") or ()
            return ",".join(sorted(tag.partition(":")[2] for tag in tags if tag.partition(":")[0] == key))
        return get_path(event, ".".join(parts))

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
            match = COMPARATOR.search(self.monitor.get("query") or "")
            return match[1] if match else ""
        if name == "triggered_duration_sec":
            first = transition.first_triggered
            return None if first is None else int(transition.time - first)
        if name.endswith("_epoch") and name.removesuffix("_epoch") in TIMES:
            seconds = getattr(transition, TIMES[name.removesuffix("_epoch")])
            return None if seconds is None else int(seconds * 1000)
        moment = self.moment(name)
        return moment.strftime("%a %b %d %Y %H:%M:%S UTC") if moment else None


def as_text(value: Any) -> str:
    """Return a value as messages show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, list | tuple):
        return ",".join(as_text(item) for item in value)
    return str(value)
