"""Notifications of monitors: recipients that exist, pages, repeats."""

import json
from collections.abc import Iterator, Sequence

from firedrill.notify.handles import Handle, read_handles
from firedrill.notify.lint import lint_message
from firedrill.notify.template import Literal, TemplateError, parse_template, walk
from policies.monitor_resource import DOCUMENTATION, MONITOR, SYNTHETICS, as_api_json, number, tags
from policies.policy import NotChecked, Resource, Stack, Unknown, policy, underline

PAGING = ("pagerduty", "opsgenie", "victorops", "oncall")
"""Prefixes of handles that page."""
MIN_RENOTIFY_MINUTES = 30


def _handles(resource: Resource) -> Sequence[Handle]:
    try:
        nodes = parse_template(resource.get("message", ""))
    except TemplateError:
        return ()
    return [handle for node in walk(nodes) if isinstance(node, Literal) for handle in read_handles(node.text)]


def _workflow_inputs(stack: Stack) -> dict[str, set[str]]:
    """Return the inputs of the stack's workflows by handle. Raises ``UnknownValueError`` for an unknown spec."""
    inputs = {}
    for workflow in stack.of_kind("datadog:WorkflowAutomation"):
        spec = json.loads(workflow.get("specJson", "{}"))
        parameters = (spec.get("inputSchema") or {}).get("parameters") or ()
        inputs[str(spec.get("handle"))] = {str(parameter.get("name")) for parameter in parameters}
    return inputs


@policy(
    "monitor-handles-exist",
    MONITOR,
    SYNTHETICS,
    description="Every team and workflow that a message mentions is declared, or listed in policies:handles.",
    prevents="Datadog silently ignores a handle that does not exist. kennel checks every mention before it deploys; "
    "at mitodl the severity `Warning` in place of `warning` notified nobody.",
    link=f"{DOCUMENTATION}/notify/#notifications",
    scope="stack",
)
def handles_exist(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check teams, routing rules of on-call teams, and workflows with their inputs."""
    external, unknown = set(stack.settings.handles), []
    teams = {str(team.get("handle")) for team in stack.of_kind("datadog:Team")}
    for handle in _handles(monitor):
        if str(handle) in external:
            continue
        if handle.kind in {"team", "oncall"} and handle.name not in teams:
            yield f"Declare the team {handle.name!r}, correct @{handle}, or list it in policies:handles."
        elif handle.kind == "oncall" and not list(stack.of_kind("datadog:OnCallTeamRoutingRules")):
            yield f"Declare routing rules for the team {handle.name!r}: without them @{handle} pages nobody."
        elif handle.kind == "workflow":
            try:
                inputs = _workflow_inputs(stack).get(handle.name)
            except Unknown:
                unknown.append(f"@{handle}: no workflow's specification is known yet")
                continue
            if inputs is None:
                yield f"Declare the workflow {handle.name!r}, correct @{handle}, or list it in policies:handles."
            elif set(handle.parameters) - inputs:
                extra = ", ".join(sorted(set(handle.parameters) - inputs))
                yield f"Remove {extra} from @{handle}: the workflow's inputs are {sorted(inputs)}."
        elif handle.kind in {"email", "integration"}:
            unknown.append(f"@{handle}: list it in policies:handles if it exists")
    if unknown:
        raise NotChecked(unknown)


@policy(
    "monitor-tells-somebody",
    MONITOR,
    description="A monitor notifies somebody, or a composite that notifies somebody contains it.",
    prevents="An alert that notifies nobody is only a graph: quadseven/grug's monitors failed without anybody "
    "noticing.",
    link=f"{DOCUMENTATION}/notify/#notifications",
    scope="stack",
)
def tells_somebody(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check for any handle. The links of a composite's query tell which monitors it contains."""
    composites = [other for other in stack.of_kind(MONITOR) if other.get("type") == "composite"]
    in_composite = any(
        monitor.name == member.name for composite in composites for member in composite.links.get("query", ())
    )
    if not in_composite and not _handles(monitor):
        yield "Mention a recipient in the message (@team, @oncall-team or a channel): the alert notifies nobody."


@policy(
    "monitor-recovery-resolves-the-page",
    MONITOR,
    SYNTHETICS,
    description="A handle that pages in the alert's text is also in the recovery's text.",
    prevents="A page resolves itself only if the recovery mentions the same handle. Otherwise it escalates to "
    "everybody after the alert has recovered.",
    link="https://docs.datadoghq.com/incident_response/on-call/",
)
def recovery_resolves(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Report what the message linter finds on pages."""
    for finding in lint_message(as_api_json(monitor)):
        if finding.message.startswith("the recovery does not mention"):
            message = f"Mention the handle in {{{{#is_recovery}}}} too: {finding.message}."
            yield underline(message, finding.text, finding.start, finding.end)


@policy(
    "monitor-pages-only-when-meant",
    MONITOR,
    description="A monitor pages if, and only if, it is tagged severity:page; then its priority is 1 or 2.",
    prevents="At mitodl a severity label had no effect on routing, and 4 rules caused 92 % of all pages. Who is woken "
    "up at night should be visible in one place.",
    link="https://docs.datadoghq.com/incident_response/on-call/",
)
def pages_when_meant(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Compare the handles with the tag, in both directions."""
    pages = any(str(handle).startswith(PAGING) for handle in _handles(monitor))
    should_page = tags(monitor).get("severity") == "page"
    if pages and not should_page:
        yield "Tag it severity:page if it should page; otherwise notify the team (@team) instead."
    if should_page and not pages and tags(monitor).get("pages") != "team":
        yield (
            "Mention an on-call handle in the message: it is tagged severity:page, but pages nobody. Without On-Call, "
            "tag it pages:team."
        )
    if pages and should_page and (number(monitor, "priority") or 3) > 2:
        yield "Set priority to 1 or 2: the monitor pages."


@policy(
    "monitor-renotify-sane",
    MONITOR,
    description="Notifications repeat at most every 30 minutes, and options for repeats come with an interval.",
    prevents="GSA-TTS changelog 49: the interval was raised from 120 to 1440 minutes after a day of repeats in 23 "
    "organisations.",
    link=f"{DOCUMENTATION}/notify/#renotification",
)
def renotify(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the interval in minutes, and options that have no effect without it."""
    interval = number(monitor, "renotifyInterval") or 0
    if 0 < interval < MIN_RENOTIFY_MINUTES:
        yield f"Set renotifyInterval to {MIN_RENOTIFY_MINUTES} or more, or to 0: {interval:g} minutes is too often."
    for option in ("escalationMessage", "renotifyStatuses", "renotifyOccurrences"):
        if not interval and monitor.get(option):
            yield f"Set renotifyInterval, or remove {option}: it has no effect without an interval."


@policy(
    "monitor-timeout-short",
    MONITOR,
    description="A monitor that resolves after a timeout does so within 24 hours.",
    prevents="The API rejects a timeoutH above 24 during the update; kennel checks it before.",
    link="https://docs.datadoghq.com/api/latest/monitors/",
)
def timeout(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the timeout in hours."""
    if (number(monitor, "timeoutH") or 0) > 24:
        yield "Set timeoutH to 24 or less: the API rejects more."
