"""SLOs and the alerts on them."""

from collections.abc import Iterator

from firedrill.query import QueryError, parse_metric_query
from firedrill.query.tree import ChainMonitor, MetricQuery
from policies.monitor_resource import MONITOR, parsed_query
from policies.policy import Resource, Stack, policy, underline
from policies.tag_scopes import combinations_of, selects

SLO = "datadog:ServiceLevelObjective"
LINK = "https://docs.datadoghq.com/service_level_objectives/burn_rate/"


def _target(slo: Resource) -> float | None:
    target = slo.get("targetThreshold")
    if target is None:
        thresholds = slo.get_list("thresholds")
        target = thresholds[0].get("target") if thresholds else None
    return None if target is None else float(target)


def _slos_of(monitor: Resource) -> list[Resource]:
    """Return the SLOs whose ids are in an alert's query."""
    return [source for source in monitor.links.get("query", ()) if source.kind == SLO]


@policy(
    "slo-burn-rate-reachable",
    MONITOR,
    description="A burn rate alert's threshold is below the highest burn rate that its SLO can reach.",
    prevents="With a target of 90 % the burn rate cannot exceed 10, so an alert at the usual 14.4 never fires. We "
    "found no public stack that derives the burn rate from the target.",
    link=LINK,
    scope="stack",
)
def burn_rate_reachable(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Compare the threshold with 1 / (1 - target)."""
    if monitor.get("type") != "slo alert":
        return
    query = parsed_query(monitor)
    body = query.body if query is not None else None
    if query is None or not isinstance(body, ChainMonitor) or body.head.text != "burn_rate":
        return
    for slo in _slos_of(monitor):
        target, span = _target(slo), body.threshold.span
        if target is not None and target < 100 and body.threshold.value >= 100 / (100 - target):
            maximum = 100 / (100 - target)
            message = f"Set a threshold below {maximum:g}: with the target of {target:g} % the burn rate of {slo.name} "
            yield underline(f"{message}cannot be higher.", query.text, span.start, span.end)


@policy(
    "slo-error-budget-number",
    MONITOR,
    description="The threshold of an error budget alert is a share of the budget, not the SLO's target.",
    prevents="cloudposse/terraform-datadog-platform (modules/slo) uses the SLO's target, by default 99, as the "
    "threshold of an error budget alert. It fires when the budget is gone.",
    link="https://docs.datadoghq.com/service_level_objectives/error_budget/",
)
def error_budget_number(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check that the threshold is at most 95 % of the budget."""
    query = parsed_query(monitor)
    body = query.body if query is not None else None
    if isinstance(body, ChainMonitor) and body.head.text == "error_budget" and body.threshold.value > 95:
        span = body.threshold.span
        message = "Set a share of the budget that leaves time to act, such as 75: this looks like the SLO's target."
        yield underline(message, query.text if query else "", span.start, span.end)


@policy(
    "slo-has-an-alert",
    SLO,
    description="Every SLO has an alert, or consists of alerts.",
    prevents="mitodl's audit: 13,403 of 102,011 responses were errors, and no alert covered them. An SLO without an "
    "alert is read at the end of the month.",
    link=LINK,
    scope="stack",
)
def has_an_alert(slo: Resource, stack: Stack) -> Iterator[str]:
    """Check for a monitor with the SLO's id in its query. A monitor-based SLO consists of alerts."""
    if slo.get("type") == "monitor" and slo.links.get("monitorIds"):
        return
    if not any(slo in _slos_of(monitor) for monitor in stack.of_kind(MONITOR)):
        yield "Add an alert on its burn rate, with this resource's id in the query: nobody is notified."


@policy(
    "slo-warning-above-target",
    SLO,
    description="The warning of an SLO is above its target.",
    prevents="The API rejects it during the update, with a message that names neither number.",
    link="https://docs.datadoghq.com/service_level_objectives/",
)
def warning_above_target(slo: Resource, stack: Stack) -> Iterator[str]:
    """Check each threshold."""
    for threshold in slo.get_list("thresholds"):
        target, warning = threshold.get("target"), threshold.get("warning")
        if target is not None and warning is not None and float(warning) <= float(target):
            yield f"Raise the warning above {float(target):g}, the target: it is {float(warning):g}."


@policy(
    "slo-targets-agree",
    SLO,
    description="The target and the warning of an SLO are the same in both places that have them.",
    prevents="The API keeps the primary target beside the list of thresholds. Where they contradict, the status page "
    "shows one number and burn rates use the other.",
    link="https://docs.datadoghq.com/api/latest/service-level-objectives/",
)
def targets_agree(slo: Resource, stack: Stack) -> Iterator[str]:
    """Compare targetThreshold, warningThreshold and timeframe with the thresholds."""
    thresholds, timeframe = slo.get_list("thresholds"), slo.get("timeframe")
    of_timeframe = [item for item in thresholds if timeframe is None or item.get("timeframe") == timeframe]
    if thresholds and not of_timeframe:
        yield f"Add a threshold for {timeframe}, the SLO's timeframe, or correct it: there is none."
    for threshold in of_timeframe[:1]:
        for name, key in (("targetThreshold", "target"), ("warningThreshold", "warning")):
            primary, listed = slo.get(name), threshold.get(key)
            if primary is not None and listed is not None and float(primary) != float(listed):
                yield f"Set {name} to the threshold's {key}, {float(listed):g}: it is {float(primary):g}."


@policy(
    "slo-good-of-all",
    SLO,
    description="The good events of an SLO are a part of all its events.",
    prevents="With numerator and denominator swapped, or with the same filters in both, the SLI is 100 % or more, and "
    "no alert on the SLO ever fires.",
    link="https://docs.datadoghq.com/service_level_objectives/metric/",
)
def good_of_all(slo: Resource, stack: Stack) -> Iterator[str]:
    """Compare both scopes on every combination of the tags that they name. Queries of other forms are not compared."""
    texts = slo.get("query.numerator"), slo.get("query.denominator")
    if not all(texts):
        return
    try:
        good, every = (parse_metric_query(str(text)) for text in texts)
    except QueryError:
        return  # slo-query-in-contract and the API report it
    if isinstance(good, MetricQuery) and isinstance(every, MetricQuery) and good.metric.text == every.metric.text:
        selected = [(selects(good.scope, tags), selects(every.scope, tags)) for tags in combinations_of(good, every)]
        if any(is_good and not is_event for is_good, is_event in selected):
            yield "Swap numerator and denominator, or correct their filters: events are good that are not counted."
        elif not any(is_event and not is_good for is_good, is_event in selected):
            yield "Filter the numerator by what is good: it counts the same events as the denominator."
