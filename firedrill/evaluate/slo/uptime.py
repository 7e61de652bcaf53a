"""Downtime of a monitor as an SLO counts it (docs: service_level_objectives/monitor)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray


def no_data_is_down(options: Json) -> bool:
    """Return whether a monitor's missing data is downtime: only where it also notifies."""
    return options.get("on_missing_data") == "show_and_notify_no_data" or bool(options.get("notify_no_data"))


def down_minutes(
    monitor: Json, history: list[list[Any]], ends: FloatArray, groups: list[str] | None = None
) -> NDArray[np.bool_]:
    """Return the minutes (by their ends) in which any group of the monitor, or any of those named, was down.

    ``history`` has time, group and state of each change; ALERT is down, and NO DATA where it notifies.
    """
    down_states = {"ALERT", "NO DATA"} if no_data_is_down(monitor.get("options") or {}) else {"ALERT"}
    by_group: dict[str, list[tuple[float, bool]]] = {}
    for time, name, state in history:
        if not groups or name in groups:
            by_group.setdefault(name, []).append((float(time), state in down_states))
    result = np.zeros(ends.shape, np.bool_)
    for entries in by_group.values():
        times = np.array([time for time, _ in entries])
        states = np.array([False, *(down for _, down in entries)])
        result |= states[np.searchsorted(times, ends, side="right")]
    return result
