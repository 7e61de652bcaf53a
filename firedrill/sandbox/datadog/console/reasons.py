"""The reason of a monitor's state, in a sentence."""

from typing import Any

from firedrill.evaluate.state.thresholds import Thresholds, holds

Json = dict[str, Any]


def reason(
    state: str, value: float | None, thresholds: Thresholds | None, members: list[Json], latest: float | None
) -> str:
    """Return why a group is in a state, by its last value, the monitor's thresholds and a composite's members."""
    if members:
        return "; ".join(f"{member['name']} is {member['state'] or 'not evaluated'}" for member in members)
    if state == "NO DATA":
        return "No value in the last window" + ("." if latest is None else "; the last data is older than the window.")
    if value is None or thresholds is None:
        return f"The last window has no value, and the state stays {state}." if value is None else f"Value {value:.6g}."
    for name, bound, recovery in (
        ("critical", thresholds.critical, thresholds.critical_recovery),
        ("warning", thresholds.warning, thresholds.warning_recovery),
    ):
        if bound is not None and holds(value, thresholds.comparator, bound):
            return f"{value:.6g} {thresholds.comparator} {bound:g}, the {name} threshold."
        if state == {"critical": "ALERT", "warning": "WARN"}[name] and recovery is not None:
            return f"{value:.6g} is back within the {name} threshold {bound:g}, but not at its recovery {recovery:g}."
    bound = thresholds.critical if thresholds.warning is None else thresholds.warning
    return f"{value:.6g} is within the threshold: it would have to be {thresholds.comparator} {bound:g}."
