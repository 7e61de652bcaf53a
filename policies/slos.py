"""Objectives and the alerts on them."""

from collections.abc import Iterator

from firedrill.query.tree import ChainMonitor
from policies.monitor_json import MONITOR, parsed
from policies.policy import Resource, Stack, policy, underlined

SLO = "datadog:ServiceLevelObjective"
LINK = "https://docs.datadoghq.com/service_level_objectives/burn_rate/"


def _target(slo: Resource) -> float | None:
    value = slo.get("targetThreshold")
    if value is None:
        thresholds = slo.items("thresholds")
        value = thresholds[0].get("target") if thresholds else None
    return None if value is None else float(value)


def _of(monitor: Resource) -> list[Resource]:
    """The SLOs that an alert's query was made from."""
    return [one for one in monitor.links.get("query", ()) if one.kind == SLO]


@policy(
    "slo-burn-rate-reachable",
    MONITOR,
    says="A burn rate that alerts is below the highest that its objective can reach.",
    prevents="With a target of 90 % nothing burns faster than 10 times: the customary 14.4 never fires. No public "
    "stack that we read derives the rate from the target.",
    link=LINK,
    scope="stack",
)
def burn_rate_reachable(monitor: Resource, stack: Stack) -> Iterator[str]:
    """1 / (1 - target)."""
    if monitor.get("type") != "slo alert":
        return
    query = parsed(monitor)
    body = query.body if query is not None else None
    if query is None or not isinstance(body, ChainMonitor) or body.head.text != "burn_rate":
        return
    for slo in _of(monitor):
        target, place = _target(slo), body.threshold.span
        if target is not None and target < 100 and body.threshold.value >= 100 / (100 - target):
            highest = 100 / (100 - target)
            message = f"Alert below {highest:g}: {slo.name} promises {target:g} %, so its budget cannot burn faster."
            yield underlined(message, query.text, place.start, place.end)


@policy(
    "slo-error-budget-number",
    MONITOR,
    says="An alert on the spent error budget compares with a share of the budget, not with the target.",
    prevents="cloudposse/terraform-datadog-platform (modules/slo) compares the spent budget with the SLO's target,"
    " 99 by default: it fires when all is lost.",
    link="https://docs.datadoghq.com/service_level_objectives/error_budget/",
)
def error_budget_number(monitor: Resource, stack: Stack) -> Iterator[str]:
    """More than 95 % spent is too late to act on."""
    query = parsed(monitor)
    body = query.body if query is not None else None
    if isinstance(body, ChainMonitor) and body.head.text == "error_budget" and body.threshold.value > 95:
        place = body.threshold.span
        message = "Alert at a share of the budget that leaves time to act, such as 75: this is the target's number."
        yield underlined(message, query.text if query else "", place.start, place.end)


@policy(
    "slo-has-an-alert",
    SLO,
    says="Every objective has an alert on it, or is made of alerts.",
    prevents="mitodl's audit: 13,403 of 102,011 answers were errors, and no alert looked at them. An objective "
    "without an alert is read at the end of the month.",
    link=LINK,
    scope="stack",
)
def has_an_alert(slo: Resource, stack: Stack) -> Iterator[str]:
    """A monitor whose query was made from the SLO's id; a monitor SLO is made of alerts that tell somebody."""
    if slo.get("type") == "monitor" and slo.links.get("monitorIds"):
        return
    if not any(slo in _of(one) for one in stack.of(MONITOR)):
        yield "Add an alert on its burn rate, made from this resource's id."


@policy(
    "slo-warning-above-target",
    SLO,
    says="An objective's warning lies above its target.",
    prevents="The API refuses it when it is applied, with a message that names neither number.",
    link="https://docs.datadoghq.com/service_level_objectives/",
)
def warning_above_target(slo: Resource, stack: Stack) -> Iterator[str]:
    """In each threshold."""
    for one in slo.items("thresholds"):
        target, warning = one.get("target"), one.get("warning")
        if target is not None and warning is not None and float(warning) <= float(target):
            yield f"Raise the warning above the target: {float(warning):g} is not above {float(target):g}."
