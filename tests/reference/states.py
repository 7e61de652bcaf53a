"""From evaluations to states (monitors/configuration, monitors/guide/recovery-thresholds)."""

from tests.reference.definitions import EventSearch, Monitor, Query
from tests.reference.evaluator import (
    DAY,
    Evaluation,
    Group,
    Memory,
    Points,
    Result,
    Telemetry,
    compute,
    evaluate_logs,
    evaluate_metric,
    names_in,
    over_window,
    queries_of,
)

RECOVERED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


def holds(value: float, comparator: str, bound: float) -> bool:
    """Return ``value comparator bound``; numbers that differ by rounding only are equal."""
    if abs(value - bound) <= 1e-9 * max(abs(value), abs(bound)):
        return comparator in {">=", "<="}
    return value > bound if comparator in {">", ">="} else value < bound


def after_value(monitor: Monitor, value: float, previous: str | None) -> str:
    """Return the state after a value: thresholds, then recovery thresholds (monitors/guide/recovery-thresholds)."""
    thresholds = monitor.options.get("thresholds") or {}
    recovered = RECOVERED[monitor.comparator]
    if holds(value, monitor.comparator, monitor.threshold):
        return "ALERT"
    recovery = thresholds.get("critical_recovery")
    if previous == "ALERT" and recovery is not None and not holds(value, recovered, recovery):
        return "ALERT"
    warning, recovery = thresholds.get("warning"), thresholds.get("warning_recovery")
    if warning is not None and holds(value, monitor.comparator, warning):
        return "WARN"
    if previous in {"WARN", "ALERT"} and recovery is not None and not holds(value, recovered, recovery):
        return "WARN"
    return "OK"


def is_grouped(monitor: Monitor) -> bool:
    """Return whether the monitor is a multi alert."""
    return any(query.by for query in (*queries_of(monitor.expression), *monitor.searches))


def is_count(monitor: Monitor) -> bool:
    """Return whether an empty window is 0 under ``default``: a count or a sum (monitors/guide/on_missing_data)."""
    if monitor.kind == "metric":
        sums = any(getattr(query, "modifier", "") == "as_count" for query in queries_of(monitor.expression))
        return sums and "default_zero" not in names_in(monitor.expression)
    return monitor.kind == "logs" and monitor.searches[0].method in {"count", "sum"}


def zero_value(monitor: Monitor) -> float | None:
    """Return the value of a window without any data under default_zero, which resolves a monitor before No Data."""
    if monitor.kind != "metric" or monitor.change or "default_zero" not in names_in(monitor.expression):
        return None
    sums = any(getattr(query, "modifier", "") == "as_count" for query in queries_of(monitor.expression))
    size = 1 if sums else monitor.minutes

    def leaf(query: Query | EventSearch) -> Points:
        return {(): [0.0 if sums and getattr(query, "modifier", "") == "as_count" else None] * size}

    result = compute(monitor.expression, leaf, gauges=False)
    assert not isinstance(result, float)
    return over_window("sum" if sums else monitor.aggregator, result[()])


def notifies(old: str | None, new: str, *, no_data: bool) -> bool:
    """Return whether a change sends messages (monitors/configuration)."""
    if new == "NO DATA":
        return no_data
    if old is None:
        return new != "OK"
    return not (old == "NO DATA" and new == "OK" and not no_data)


def play(monitor: Monitor, telemetry: Telemetry, times: list[float]) -> Result:
    """Evaluate a monitor at some seconds, one after the other."""
    memories: dict[Group, Memory] = {}
    result = Result()
    for place, time in enumerate(times):
        evaluate = evaluate_metric if monitor.kind == "metric" else evaluate_logs
        evaluation = evaluate(monitor, telemetry, time)
        groups = set(memories) | set(evaluation.values)
        if not is_grouped(monitor):
            groups.add(())
        for group in sorted(groups):
            before = memories[group].state if group in memories else None
            memory = _observe(monitor, memories.get(group), evaluation, group, time, first=place == 0)
            if memory is None:
                memories.pop(group, None)
                continue
            memories[group] = memory
            if memory.state != before and memory.state is not None and (before, memory.state) != (None, "OK"):
                missing = monitor.options.get("on_missing_data")
                no_data = (
                    missing == "show_and_notify_no_data" if missing else bool(monitor.options.get("notify_no_data"))
                )
                sent = notifies(before, memory.state, no_data=no_data)
                result.changes.append((time, group, before or "OK", memory.state, sent))
    return result


def _observe(
    monitor: Monitor, memory: Memory | None, evaluation: Evaluation, group: Group, time: float, *, first: bool
) -> Memory | None:
    """Return a group's memory after an evaluation."""
    options, has_data = monitor.options, group in evaluation.values
    zero, always = zero_value(monitor), monitor.kind == "logs" and is_count(monitor) and not is_grouped(monitor)
    if memory is None:
        if not has_data and not always and (zero is None or is_grouped(monitor)):
            return None  # a group that never had data has no state (monitors/configuration)
        delay = 0 if first or not is_grouped(monitor) else float(options.get("new_group_delay", 60))
        memory = Memory(None, evaluation.first[group] if has_data else time, delay)
    if has_data:
        memory.latest = evaluation.latest[group]
    value = evaluation.values.get(group) if evaluation.full.get(group, True) else None
    silence = time - (memory.seen if memory.latest is None else memory.latest)
    if group and value is None and silence >= (2 * DAY if monitor_groups(monitor) == ("host",) else DAY):
        return None  # groups leave after 24 hours (monitors/guide/troubleshooting-no-data)
    if time < memory.seen + memory.hold:
        return memory  # new_group_delay (monitors/configuration)
    is_silent = not has_data and not _others_report(monitor, evaluation)
    if not is_silent:
        memory.silent_since = None
    elif memory.silent_since is None:
        memory.silent_since = time
    memory.state = _next(monitor, memory, value, time, is_silent=is_silent, zero=zero, always=always)
    return memory


def monitor_groups(monitor: Monitor) -> tuple[str, ...]:
    """Return the tags of the group-by."""
    return next((query.by for query in (*queries_of(monitor.expression), *monitor.searches) if query.by), ())


def _others_report(monitor: Monitor, evaluation: Evaluation) -> bool:
    """Return whether a silent group keeps its state: ``below`` with groups, and others have logs (types/log)."""
    below = monitor.comparator in {"<", "<="}
    return monitor.kind != "metric" and is_grouped(monitor) and below and bool(evaluation.values)


def _next(
    monitor: Monitor, memory: Memory, value: float | None, time: float, *, is_silent: bool, zero: float | None,
    always: bool,
) -> str | None:  # fmt: skip
    options, previous = monitor.options, memory.state
    legacy = options.get("on_missing_data") is None and monitor.kind == "metric"
    legacy = legacy or bool(options.get("notify_no_data"))
    timeframe = 60.0 * float(options.get("no_data_timeframe") or 0)
    is_stale = bool(options.get("notify_no_data")) and timeframe > 0
    is_stale = is_stale and memory.latest is not None and time - memory.latest >= timeframe
    if not is_silent:
        if value is None:
            return previous  # the evaluation is skipped
        return "NO DATA" if is_stale else after_value(monitor, value, previous)
    if zero is not None:
        return after_value(monitor, zero, previous)
    missing = "legacy" if legacy else str(options.get("on_missing_data") or "default")
    if previous is None and not (always and missing == "default"):
        return None
    timeout = 3600 * float(options.get("timeout_h") or 0)
    if timeout and memory.silent_since is not None and time - memory.silent_since >= timeout:
        return "OK"  # resolved until data comes back (monitors/configuration)
    if missing == "legacy":
        return "NO DATA" if is_stale else previous
    if missing in {"show_no_data", "show_and_notify_no_data"}:
        return "NO DATA"
    if missing == "resolve":
        return "OK"
    return after_value(monitor, 0.0, previous) if is_count(monitor) else previous
