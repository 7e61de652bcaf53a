"""Messages: readable, true, with a runbook, and sent to people and workflows that exist."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from firedrill.notify.handles import Handle, read_handles
from firedrill.notify.lint import lint_message
from firedrill.notify.template import Literal, TemplateError, parse_template, walk
from firedrill.query import event_reference, metric_references
from firedrill.query.tree import ChainMonitor, MetricMonitor
from policies.monitor_json import DOCUMENTATION, MONITOR, SYNTHETICS, as_json, number, parsed, tags
from policies.policy import NotChecked, Resource, Stack, Unknown, policy, underlined

VARIABLES = f"{DOCUMENTATION}/notify/variables/"
PACK = Path(__file__).resolve().parents[1]
RUNBOOK = re.compile(r"https?://[^\s)\]>]*(?:runbook[^\s)\]>]*/|/)(?P<page>[\w-]+\.md|runbook[\w-]*)", re.IGNORECASE)
PERCENTILE = re.compile(r"\bp(\d\d(?:\.\d+)?)\b")
PERIOD = re.compile(r"\b(?:in|over|within|last) (?:the last )?(\d+) ?(minutes?|min|hours?|h|m)\b")
PAGING = ("pagerduty", "opsgenie", "victorops", "oncall")


@policy(
    "monitor-message-blocks-closed",
    MONITOR,
    SYNTHETICS,
    says="Every template block of a message is closed, and every brace belongs to one.",
    prevents="Datadog sends a message with an open block as it stands: people read braces, and nobody whose handle"
    " is in the block is told.",
    link=VARIABLES,
)
def blocks_closed(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Parses, or underlines where it does not."""
    try:
        parse_template(monitor.get("message", ""))
    except TemplateError as error:
        yield f"Close or remove the block: {error}"


@policy(
    "monitor-message-variables",
    MONITOR,
    SYNTHETICS,
    says="A message names only variables that its monitor has: groups of its query, values of its type.",
    prevents="mitodl's audit found `$instance` sent unsubstituted. `{{pod.name}}` in a monitor that is not grouped"
    " by pod is empty, and a condition on it never holds: its handle is never told.",
    link=VARIABLES,
)
def variables(monitor: Resource, stack: Stack) -> Iterator[str]:
    """What the message linter calls an error; an unreadable template is another policy's."""
    described = as_json(monitor)
    try:
        parse_template(described["message"])
    except TemplateError:
        return
    for found in lint_message(described):
        if found.error:
            yield underlined(f"Correct the message: {found.message}.", described["message"], found.start, found.end)


@policy(
    "monitor-recovery-resolves-the-page",
    MONITOR,
    SYNTHETICS,
    says="What pages in the alert's text stands in the recovery's text too.",
    prevents="A page resolves itself only if the recovery names the same handle: otherwise it escalates to "
    "everybody after the alert is over.",
    link="https://docs.datadoghq.com/incident_response/on-call/",
)
def recovery_resolves(monitor: Resource, stack: Stack) -> Iterator[str]:
    """The linter's finding on pages."""
    described = as_json(monitor)
    for found in lint_message(described):
        if found.message.startswith("the recovery does not mention"):
            text = f"Name the handle in {{{{#is_recovery}}}} too: {found.message}."
            yield underlined(text, described["message"], found.start, found.end)


def _handles(resource: Resource) -> Sequence[Handle]:
    try:
        nodes = parse_template(resource.get("message", ""))
    except TemplateError:
        return ()
    return [each for node in walk(nodes) if isinstance(node, Literal) for each in read_handles(node.text)]


def _workflows(stack: Stack) -> dict[str, set[str]]:
    """Inputs by handle of the stack's workflows. Raises for a specification that is not known yet."""
    known = {}
    for one in stack.of("datadog:WorkflowAutomation"):
        spec = json.loads(one.get("specJson", "{}"))
        inputs = (spec.get("inputSchema") or {}).get("parameters") or ()
        known[str(spec.get("handle"))] = {str(each.get("name")) for each in inputs}
    return known


@policy(
    "monitor-handles-exist",
    MONITOR,
    SYNTHETICS,
    says="Every team and workflow that a message calls is declared, or listed as one of another stack's.",
    prevents="Datadog sends to a handle that does not exist without a word. kennel checks every mention before it "
    "deploys; mitodl found a severity whose spelling (`Warning`) routed to nobody.",
    link=f"{DOCUMENTATION}/notify/#notifications",
    scope="stack",
)
def handles_exist(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Teams by handle, on-call teams with routing rules, workflows with the inputs that the message gives."""
    outside, unknown = set(stack.settings.handles), []
    teams = {str(one.get("handle")) for one in stack.of("datadog:Team")}
    for handle in _handles(monitor):
        if str(handle) in outside:
            continue
        if handle.kind in {"team", "oncall"} and handle.name not in teams:
            yield f"Declare the team {handle.name!r}, correct @{handle}, or list it in policies:handles."
        elif handle.kind == "oncall" and not list(stack.of("datadog:OnCallTeamRoutingRules")):
            yield f"Declare routing rules for the team {handle.name!r}: @{handle} pages nobody without."
        elif handle.kind == "workflow":
            try:
                inputs = _workflows(stack).get(handle.name)
            except Unknown:
                unknown.append(f"@{handle}: no workflow's specification is known yet")
                continue
            if inputs is None:
                yield f"Declare the workflow {handle.name!r}, correct @{handle}, or list it in policies:handles."
            elif set(handle.parameters) - inputs:
                extra = ", ".join(sorted(set(handle.parameters) - inputs))
                yield f"@{handle} gives {extra}, which the workflow does not take: its inputs are {sorted(inputs)}."
        elif handle.kind in {"email", "integration"}:
            unknown.append(f"@{handle}: list it in policies:handles if it exists")
    if unknown:
        raise NotChecked(unknown)


@policy(
    "monitor-tells-somebody",
    MONITOR,
    says="A monitor's message names at least one handle, or a composite that tells somebody reads the monitor.",
    prevents="An alert that is told to nobody is a graph: quadseven/grug's monitors were blind without anybody "
    "hearing of it.",
    link=f"{DOCUMENTATION}/notify/#notifications",
    scope="stack",
)
def tells_somebody(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Any handle; a composite is known by what its query was made from."""
    composites = [one for one in stack.of(MONITOR) if one.get("type") == "composite"]
    read = any(monitor.name == each.name for one in composites for each in one.links.get("query", ()))
    if not read and not _handles(monitor):
        yield "Name whom to tell in the message: @team, @oncall-team or a channel."


@policy(
    "monitor-runbook",
    MONITOR,
    SYNTHETICS,
    says="A message links to a runbook, and the page exists.",
    prevents="At night a dead link costs the minutes that it was to save. quadseven/grug and pint check theirs.",
    link="https://cloudflare.github.io/pint/checks/rule/link.html",
)
def runbook(monitor: Resource, stack: Stack) -> Iterator[str]:
    """A link to a page; the page's file where the stack says where its runbooks are."""
    found = RUNBOOK.search(monitor.get("message", ""))
    if found is None:
        yield "Link to a runbook in the message: what it means, what to check, what to do."
        return
    page = found["page"]
    folder = stack.settings.runbooks
    if folder and page.endswith(".md") and not (PACK / folder / page).exists():
        text = f"Write {folder}/{page}, or correct the link."
        yield underlined(text, monitor.get("message"), found.start("page"), found.end("page"))


@policy(
    "monitor-pages-only-when-meant",
    MONITOR,
    says="Only monitors tagged severity:page call somebody, and those do; a page has priority 1 or 2.",
    prevents="mitodl: a severity label without consequence for the route, and 4 rules that made 92 % of all pages."
    " Who is woken is a decision, to be read in one place.",
    link="https://docs.datadoghq.com/incident_response/on-call/",
)
def pages_when_meant(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Both ways."""
    pages = any(str(one).startswith(PAGING) for one in _handles(monitor))
    meant = tags(monitor).get("severity") == "page"
    if pages and not meant:
        yield "Tag it severity:page if it should wake somebody; otherwise tell the team (@team) instead."
    if meant and not pages:
        yield "Name an on-call handle in the message: it is tagged severity:page and pages nobody."
    if pages and meant and (number(monitor, "priority") or 3) > 2:
        yield "Set priority to 1 or 2: it wakes somebody."


@policy(
    "monitor-text-is-measured",
    MONITOR,
    says="A percentile or a period that the name or the first lines claim is the one that the query measures.",
    prevents='mikegtech/lattice\'s "P95" monitor rolls up the average; GSA-TTS changelog 49: a message asserted a '
    "cause that its query never checked.",
    link=f"{DOCUMENTATION}/types/metric",
)
def text_is_measured(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Up to the first heading or empty line; searches in backticks are hints, not claims."""
    query = parsed(monitor)
    if query is None or monitor.get("type") in {"composite", "slo alert"}:
        return
    first = re.split(r"\n\s*\n|\n#", monitor.get("message", ""), maxsplit=1)[0]
    told = re.sub(r"`[^`]*`|\([^()]*\)", "", f"{monitor.get('name', '')}\n{first}").lower()
    event = event_reference(query)
    measured = {one.aggregator for one in metric_references(query)} | ({event.method} if event else set())
    measured = {re.sub(r"^pc", "p", one) for one in measured}
    for claim in dict.fromkeys(PERCENTILE.findall(told)):
        if f"p{claim}" not in measured:
            yield f"The text says p{claim}; the query measures {', '.join(sorted(measured))}: make them agree."
    seconds = _window(query.body)
    for count, unit in dict.fromkeys(PERIOD.findall(told)):
        claimed = int(count) * (3600 if unit.startswith("h") else 60)
        if seconds and claimed != seconds:
            yield f"The text says {count} {unit}; the query's window is {seconds // 60} minutes: make them agree."


def _window(body: object) -> int | None:
    if isinstance(body, MetricMonitor):
        return body.window.seconds
    if isinstance(body, ChainMonitor) and (last := body.step("last")) is not None:
        match = re.fullmatch(r"(\d+)([mhd])", last.values()[0])
        return int(match[1]) * {"m": 60, "h": 3600, "d": 86400}[match[2]] if match else None
    return None
