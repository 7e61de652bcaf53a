"""Checks of a monitor's thresholds (docs.datadoghq.com/monitors/configuration/#thresholds)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ThresholdFault:
    """A threshold that does not fit another number. ``text`` is what the API answers."""

    level: str
    value: float
    other: float
    text: str


def threshold_faults(thresholds: Mapping[str, Any], comparator: str, number: float) -> Iterator[ThresholdFault]:
    """Yield the faults of thresholds beside a query that ends in a comparison with a number.

    The critical threshold is that number; warning and recovery thresholds are on the side where the monitor is OK.
    """
    levels = {level: float(value) for level, value in thresholds.items() if is_number(value)}
    critical = levels.get("critical")
    if critical is not None and critical != number:
        text = f"Alert threshold ({critical}) does not match that used in the query ({number})."
        yield ThresholdFault("critical", critical, number, text)
        return
    above = comparator.startswith(">")
    warning = levels.get("warning")
    if warning is not None and critical is not None and not _is_ok_side(warning, critical, above):
        side = "greater" if above else "less"
        text = f"Alert threshold ({critical}) must be {side} than warning threshold ({warning})."
        yield ThresholdFault("warning", warning, critical, text)
    for level, name in (("critical", "alert"), ("warning", "warning")):
        recovery, bound = levels.get(f"{level}_recovery"), levels.get(level)
        if recovery is not None and bound is not None and not _is_ok_side(recovery, bound, above):
            side = "less" if above else "greater"
            text = f"Recovery threshold ({recovery}) must be {side} than {name} threshold ({bound})."
            yield ThresholdFault(f"{level}_recovery", recovery, bound, text)


def is_number(value: Any) -> bool:
    """Return whether a value, or its text, is a number."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _is_ok_side(value: float, threshold: float, above: bool) -> bool:
    return value < threshold if above else value > threshold
