"""Subject of a notification: a transition of a group's state, or a renotification."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class NotifiedTransition(Protocol):
    """A change of a group's state; times are epoch seconds. States: OK, WARN, ALERT, NO DATA (and UNKNOWN)."""

    @property
    def group(self) -> Mapping[str, Any]:
        """Tags of the group by key; empty for an ungrouped monitor. Several values of one key come as a list."""
        ...

    @property
    def time(self) -> float:
        """Time of the evaluation."""
        ...

    @property
    def old(self) -> str | None:
        """State before."""
        ...

    @property
    def new(self) -> str:
        """State after."""
        ...

    @property
    def value(self) -> float | None:
        """Value that was compared."""
        ...

    @property
    def threshold(self) -> float | None:
        """Threshold that the value was compared with."""
        ...

    @property
    def kind(self) -> str:
        """``transition`` or ``renotify``."""
        ...

    @property
    def first_triggered(self) -> float | None:
        """Time at which the group left OK."""
        ...

    @property
    def last_triggered(self) -> float | None:
        """Time at which the group last entered a state other than OK."""
        ...

    @property
    def event(self) -> Mapping[str, Any] | None:
        """A matching event, for monitors over logs, spans and other events."""
        ...


@dataclass(frozen=True)
class SampleTransition:
    """A transition written by hand, for previews of a message and for tests."""

    old: str | None
    new: str
    group: Mapping[str, Any] = field(default_factory=dict)
    time: float = 0.0
    value: float | None = None
    threshold: float | None = None
    kind: str = "transition"
    first_triggered: float | None = None
    last_triggered: float | None = None
    event: Mapping[str, Any] | None = None


# docs.datadoghq.com/monitors/notify/variables: conditions that depend on the transition alone.
STATES = {"is_alert": "ALERT", "is_warning": "WARN", "is_no_data": "NO DATA", "is_unknown": "UNKNOWN"}
RECOVERIES = {"is_alert_recovery": "ALERT", "is_warning_recovery": "WARN", "is_no_data_recovery": "NO DATA"}
CONDITIONS = (*STATES, *RECOVERIES, "is_recovery", "is_alert_to_warning", "is_renotify")


def condition_holds(condition: str, transition: NotifiedTransition) -> bool:
    """Return whether a condition of :data:`CONDITIONS` is true at a transition. ALERT to WARN is not a recovery."""
    if condition in STATES:
        return transition.new == STATES[condition]
    recovers = transition.kind != "renotify" and transition.new == "OK" and transition.old not in (None, "OK")
    if condition in RECOVERIES:
        return recovers and transition.old == RECOVERIES[condition]
    match condition:
        case "is_recovery":
            return recovers
        case "is_alert_to_warning":
            return transition.kind != "renotify" and (transition.old, transition.new) == ("ALERT", "WARN")
        case "is_renotify":
            return transition.kind == "renotify"
    raise ValueError(f"{condition!r} is not a condition on a transition")


def notified_tags(monitor: Mapping[str, Any], transition: NotifiedTransition) -> dict[str, Any]:
    """Return the tags of the notified group: with ``notify_by`` only those that it names (``*``: none)."""
    notify_by = (monitor.get("options") or {}).get("notify_by")
    return {key: value for key, value in transition.group.items() if not notify_by or key in notify_by}
