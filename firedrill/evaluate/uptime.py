"""A monitor's states as uptime of an SLO (docs: service_level_objectives/monitor)."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray


def no_data_is_down(options: Json) -> bool:
    """Whether a monitor's missing data is downtime: only where it also notifies."""
    return options.get("on_missing_data") == "show_and_notify_no_data" or bool(options.get("notify_no_data"))


def missing_counts_as(setting: str) -> Literal["uptime", "downtime"]:
    """What missing data is to an SLO, by the member's setting.

    ``show_no_data`` and ``resolve`` are up, ``show_and_notify_no_data`` is down; ``last_known:STATE`` and
    ``zero:STATE`` follow the state that the monitor then has.
    """
    kind, _, state = setting.partition(":")
    if kind == "show_and_notify_no_data":
        return "downtime"
    return "downtime" if state.strip().upper().replace("_", " ") == "ALERT" else "uptime"


def downtime_minutes(
    monitor: Json, history: list[list[Any]], ends: FloatArray, groups: list[str] | None = None
) -> NDArray[np.bool_]:
    """Which minutes (by their ends) the monitor was down: in ALERT, in any of its groups (or of those named)."""
    down_states = {"ALERT", "NO DATA"} if no_data_is_down(monitor.get("options") or {}) else {"ALERT"}
    by_group: dict[str, list[tuple[float, bool]]] = {}
    for time, name, state in history:
        if groups is None or not groups or name in groups:
            by_group.setdefault(name, []).append((float(time), state in down_states))
    result = np.zeros(ends.shape, np.bool_)
    for entries in by_group.values():
        times = np.array([time for time, _ in entries])
        states = np.array([False, *(down for _, down in entries)])
        result |= states[np.searchsorted(times, ends, side="right")]
    return result
