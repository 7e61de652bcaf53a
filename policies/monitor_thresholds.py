"""Thresholds of monitors: critical, warning and recovery."""

from collections.abc import Iterator

from firedrill.checks.thresholds import ThresholdFault, threshold_faults
from policies.monitor_resource import DOCUMENTATION, MONITOR, number, parsed_query
from policies.policy import Resource, Stack, policy, underline

LEVELS = {
    "critical": "critical",
    "warning": "warning",
    "critical_recovery": "criticalRecovery",
    "warning_recovery": "warningRecovery",
}


def _faults(monitor: Resource, *levels: str, with_query: bool = False) -> Iterator[ThresholdFault]:
    """Yield the faults of some levels: beside the query's number, or beside the critical threshold."""
    thresholds = {level: number(monitor, f"monitorThresholds.{name}") for level, name in LEVELS.items()}
    query = parsed_query(monitor)
    if with_query and (query is None or query.threshold is None):
        return
    of_query = query.threshold.value if with_query and query is not None and query.threshold is not None else None
    bound = of_query if of_query is not None else thresholds["critical"] or 0.0
    comparator = (query.comparator if query is not None else None) or ">"
    yield from (fault for fault in threshold_faults(thresholds, comparator, bound) if fault.level in levels)


@policy(
    "monitor-critical-is-the-querys-number",
    MONITOR,
    description="The critical threshold equals the number at the end of the query.",
    prevents="GSA's LLM platform kept each threshold in 3 to 5 places, and three changes reached only some of them. "
    "Datadog rejects the monitor, but only during the update.",
    link=f"{DOCUMENTATION}/configuration/#thresholds",
)
def critical(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Compare the query with ``monitorThresholds.critical``."""
    query = parsed_query(monitor)
    for fault in _faults(monitor, "critical", with_query=True):
        if query is not None and query.threshold is not None:
            span = query.threshold.span
            message = f"Use the same number in the query and in the thresholds, which have critical = {fault.value:g}."
            yield underline(message, query.text, span.start, span.end)


@policy(
    "monitor-warning-before-critical",
    MONITOR,
    description="The warning threshold is reached before the critical one.",
    prevents="A warning threshold beyond the critical one never warns: the alert comes first. kennel checks it, "
    "because the API's error names neither number.",
    link=f"{DOCUMENTATION}/configuration/#thresholds",
)
def warning(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the warning threshold."""
    for fault in _faults(monitor, "warning"):
        yield f"Move warning = {fault.value:g} to the OK side of critical = {fault.other:g}: it is not reached first."


@policy(
    "monitor-recovery-side",
    MONITOR,
    description="Recovery thresholds are on the OK side of their thresholds.",
    prevents="METR/hawk #579: an alert that could not recover stayed on as long as old pods were kept. With a "
    "recovery threshold on the wrong side, an alert flaps or never recovers.",
    link=f"{DOCUMENTATION}/guide/recovery-thresholds/",
)
def recovery(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the recovery thresholds of critical and warning."""
    for fault in _faults(monitor, "critical_recovery", "warning_recovery"):
        level = fault.level.removesuffix("_recovery")
        yield f"Move {level}Recovery = {fault.value:g} to the OK side of {level} = {fault.other:g}."
