"""What a notification is about: a change of a group's state, or a repeat of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Transition(Protocol):
    """A change that the evaluator found; times are epoch seconds. States: OK, WARN, ALERT, NO DATA (and UNKNOWN)."""

    @property
    def group(self) -> Mapping[str, Any]:
        """Tags of the group by key; empty for an ungrouped monitor. Several values of one key come as a list."""
        ...

    @property
    def time(self) -> float:
        """When it was evaluated."""
        ...

    @property
    def old(self) -> str | None:
        """The state before."""
        ...

    @property
    def new(self) -> str:
        """The state after."""
        ...

    @property
    def value(self) -> float | None:
        """The value compared."""
        ...

    @property
    def threshold(self) -> float | None:
        """The threshold that it was compared with."""
        ...

    @property
    def kind(self) -> str:
        """``transition`` or ``renotify``."""
        ...

    @property
    def first_triggered(self) -> float | None:
        """When the group left OK."""
        ...

    @property
    def last_triggered(self) -> float | None:
        """When the group last entered a state that is not OK."""
        ...

    @property
    def event(self) -> Mapping[str, Any] | None:
        """One matching event, for monitors over logs, spans and other events."""
        ...


@dataclass(frozen=True)
class Change:
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


def holds(condition: str, transition: Transition) -> bool:
    """Whether a condition of :data:`CONDITIONS` is true at a transition. ALERT to WARN is no recovery."""
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
    raise ValueError(f"{condition!r} is no condition on a transition")


def subject(monitor: Mapping[str, Any], transition: Transition) -> dict[str, Any]:
    """The tags that a notification is about: the group's, with ``notify_by`` only those that it names (``*``: none)."""
    notify_by = (monitor.get("options") or {}).get("notify_by")
    return {key: value for key, value in transition.group.items() if not notify_by or key in notify_by}


def triggered_times(transitions: list[tuple[float, str]]) -> list[tuple[float, float | None, float | None, float]]:
    """For each ``(time, "OLD->NEW")`` in order: time, first and last triggered, seconds triggered (times in seconds).

    First is when the group leaves OK, last each entry to a state that is not OK; a recovery still names both.
    """
    rows: list[tuple[float, float | None, float | None, float]] = []
    first = last = None
    for time, change in transitions:
        old, _, new = (part.strip() for part in change.partition("->"))
        if new != "OK":
            first = time if old in ("OK", "") or first is None else first
            last = time
        rows.append((time, first, last, time - first if first is not None else 0.0))
    return rows
