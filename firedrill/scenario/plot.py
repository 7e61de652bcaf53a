"""The plot of an alert over a scenario as data that a page draws: values, thresholds, states and notifications.

Times are minutes after the failure began; values have four digits.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate import Timeline
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.notify.deliver import Delivery, Message, PageResolved, Unresolved, WorkflowRun
from firedrill.scenario.clock import Clock
from firedrill.scenario.outcome import AlertOutcome

MARGIN = 45 * 60.0
"""Seconds that a plot shows before the failure, and after the remediation or the last change of state."""
MAX_POINTS = 360
"""Points of a series in a plot. A longer series is drawn by the lowest and the highest value of each stretch."""
MAX_GROUPS = 6
"""Groups that a plot shows; those that change state come first."""
SHOWN_STATES = ("ALERT", "WARN", "NO DATA")


def plot_data(clock: Clock, timeline: Timeline, outcome: AlertOutcome, points: int = MAX_POINTS) -> Json:
    """Return the plot of an alert: its series by group (at most ``points`` each), thresholds, states and events."""
    monitor_id = outcome.monitor["id"]
    times = timeline.times(monitor_id)
    last = max((transition.time for transition in outcome.transitions), default=clock.remediation)
    end = min(max(clock.remediation, last) + MARGIN, clock.end)
    shown = (times >= clock.failure - MARGIN) & (times <= end)
    minutes = (times[shown] - clock.failure) / 60
    values = timeline.values(monitor_id)
    states = timeline.states(monitor_id)
    changing = dict.fromkeys(transition.group_name for transition in outcome.transitions)
    groups = [group for group in dict.fromkeys([*changing, *values]) if group in values or group in states]
    size = max(1, -(-2 * minutes.size // points))
    return {
        "remediation": round((clock.remediation - clock.failure) / 60),
        "minutes": [round(minute) for minute in _thinned_times(minutes, size).tolist()],
        "series": [
            {"group": group, "values": _numbers(_thinned(values[group][shown], size))}
            for group in groups[:MAX_GROUPS]
            if group in values
        ],
        "groups": len(groups),
        "thresholds": _thresholds(outcome.monitor),
        "states": [
            {"group": group, "spans": list(_spans(minutes, states[group][shown]))}
            for group in groups[:MAX_GROUPS]
            if group in states
        ],
        "events": sorted(_events(clock, outcome), key=lambda event: event["at"]),
    }


def _thresholds(monitor: Mapping[str, Json]) -> Json:
    thresholds = (monitor.get("options") or {}).get("thresholds") or {}
    return {name: float(value) for name, value in thresholds.items() if value is not None}


def _thinned_times(minutes: FloatArray, size: int) -> FloatArray:
    """Return two times for each stretch of ``size`` points: its first and its middle one."""
    if size == 1:
        return minutes
    first = np.arange(0, minutes.size, size)
    middle = np.minimum(first + size // 2, minutes.size - 1)
    return np.stack([minutes[first], minutes[middle]], axis=1).ravel()


def _thinned(values: FloatArray, size: int) -> FloatArray:
    """Return the lowest and the highest value of each stretch of ``size`` points, in their order."""
    if size == 1:
        return values
    stretches = np.pad(values, (0, -values.size % size), constant_values=np.nan).reshape(-1, size)
    missing = np.isnan(stretches)
    lowest = np.where(missing, np.inf, stretches).argmin(axis=1)
    highest = np.where(missing, -np.inf, stretches).argmax(axis=1)
    rows = np.arange(len(stretches))
    return np.stack([stretches[rows, place] for place in np.sort([lowest, highest], axis=0)], axis=1).ravel()


def _numbers(values: FloatArray) -> list[float | int | None]:
    return [None if np.isnan(value) else short_number(value) for value in values.tolist()]


def short_number(value: float) -> float | int:
    """Return a number with four digits, as an integer where it is one."""
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded.is_integer() else rounded


def _spans(minutes: FloatArray, states: NDArray[np.str_]) -> Iterator[list[int | str]]:
    """Yield from, to and state of each stretch in which a group is not OK; it lasts until the next evaluation."""
    if not states.size:
        return
    starts = [0, *(np.flatnonzero(states[1:] != states[:-1]) + 1).tolist()]
    for start, following in zip(starts, [*starts[1:], states.size - 1], strict=True):
        if states[start] in SHOWN_STATES:
            yield [round(minutes[start]), round(minutes[following]), str(states[start])]


def _events(clock: Clock, outcome: AlertOutcome) -> Iterator[Json]:
    """Yield the notifications of an alert with their recipients, and each step of its pages."""
    for notification in outcome.notifications:
        transition = notification.transition
        yield {
            "at": round((transition.time - clock.failure) / 60),
            "state": transition.new,
            "text": notification.rendered.title,
            "to": [text for delivery in notification.deliveries if (text := delivery_text(delivery))],
        }
    for paging in outcome.pagings:
        by = f" ({', '.join(paging.schedules)})" if paging.schedules else ""
        yield {
            "at": round((paging.time - clock.failure) / 60),
            "state": "PAGE",
            "text": f"pages {', '.join(paging.people) or 'nobody'}{by}",
            "to": [],
        }


def delivery_text(delivery: Delivery) -> str:
    """Return a delivery in words; empty for a page, whose steps are events of their own."""
    match delivery:
        case PageResolved():
            return f"resolves the page of {delivery.team}"
        case WorkflowRun():
            return f"starts the workflow {delivery.handle}"
        case Message():
            return f"notifies {delivery.name}"
        case Unresolved():
            return f"reaches nobody by {delivery.handle}: {delivery.reason}"
    return ""
