"""Messages of monitors: valid templates, true statements, a runbook."""

import re
from collections.abc import Iterator
from pathlib import Path

from firedrill.notify.lint import lint_message
from firedrill.notify.template import TemplateError, parse_template
from firedrill.query import event_reference, metric_references
from firedrill.query.tree import ChainMonitor, MetricMonitor
from policies.monitor_resource import DOCUMENTATION, MONITOR, SYNTHETICS, as_api_json, parsed_query, texts
from policies.policy import Resource, Stack, policy, underline

VARIABLES = f"{DOCUMENTATION}/notify/variables/"
PROJECT = Path(__file__).resolve().parents[1]
RUNBOOK = re.compile(r"https?://[^\s)\]>]*(?:runbook[^\s)\]>]*/|/)(?P<page>[\w-]+\.md|runbook[\w-]*)", re.IGNORECASE)
PERCENTILE = re.compile(r"\bp(\d\d(?:\.\d+)?)\b")
PERIOD = re.compile(r"\b(?:in|over|within|last) (?:the last )?(\d+) ?(minutes?|min|hours?|h|m)\b")


@policy(
    "monitor-message-blocks-closed",
    MONITOR,
    SYNTHETICS,
    description="Every template block of a message or title is closed, and every brace belongs to a block.",
    prevents="Datadog sends a message with an open block unrendered: people read braces, and handles in the block are "
    "not notified.",
    link=VARIABLES,
)
def blocks_closed(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Parse the message, the title and the escalation message."""
    for text in texts(monitor):
        try:
            parse_template(text)
        except TemplateError as error:
            yield f"Close or remove the block: {error}"


@policy(
    "monitor-message-variables",
    MONITOR,
    SYNTHETICS,
    description="A message uses only variables that its monitor has: its query's groups and its type's values.",
    prevents="mitodl's audit found `$instance` in notifications. `{{pod.name}}` in a monitor that is not grouped by "
    "pod is empty, and a condition on it is never true, so its handle is never notified.",
    link=VARIABLES,
)
def variables(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Report the errors of the message linter; ``monitor-message-blocks-closed`` reports invalid templates."""
    for finding in lint_message(as_api_json(monitor)):
        if finding.error and _is_template(finding.text):
            message = f"Correct the {finding.part}: {finding.message}."
            yield underline(message, finding.text, finding.start, finding.end)


def _is_template(text: str) -> bool:
    try:
        parse_template(text)
    except TemplateError:
        return False
    return True


@policy(
    "monitor-runbook",
    MONITOR,
    SYNTHETICS,
    description="A message links to a runbook that exists.",
    prevents="At night a dead link costs the minutes that the runbook should save. quadseven/grug and pint check "
    "theirs.",
    link="https://cloudflare.github.io/pint/checks/rule/link.html",
)
def runbook(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the link, and the page's file if ``policies:runbooks`` is set."""
    link = RUNBOOK.search(monitor.get("message", ""))
    if link is None:
        yield "Link to a runbook in the message: what the alert means, what to check, what to do."
        return
    page, folder = link["page"], stack.settings.runbooks
    if folder and page.endswith(".md") and not (PROJECT / folder / page).exists():
        message = f"Write {folder}/{page}, or correct the link: the page does not exist."
        yield underline(message, monitor.get("message"), link.start("page"), link.end("page"))


@policy(
    "monitor-text-is-measured",
    MONITOR,
    description="A percentile or period in the name or the first lines matches the query.",
    prevents='mikegtech/lattice\'s "P95" monitor measures the average. GSA-TTS changelog 49: a message named a cause '
    "that its query did not check.",
    link=f"{DOCUMENTATION}/types/metric",
)
def text_is_measured(monitor: Resource, stack: Stack) -> Iterator[str]:
    """Check the text up to the first heading or empty line, without parentheses and code in backticks."""
    query = parsed_query(monitor)
    if query is None or monitor.get("type") in {"composite", "slo alert"}:
        return
    first_lines = re.split(r"\n\s*\n|\n#", monitor.get("message", ""), maxsplit=1)[0]
    text = re.sub(r"`[^`]*`|\([^()]*\)", "", f"{monitor.get('name', '')}\n{first_lines}").lower()
    event = event_reference(query)
    aggregators = {reference.aggregator for reference in metric_references(query)} | (
        {event.method} if event else set()
    )
    measured = {re.sub(r"^pc", "p", aggregator) for aggregator in aggregators}
    for percentile in dict.fromkeys(PERCENTILE.findall(text)):
        if f"p{percentile}" not in measured:
            values = ", ".join(sorted(measured))
            yield f"Correct the text or the query: the text says p{percentile}, the query {values}."
    seconds = _window_seconds(query.body)
    for count, unit in dict.fromkeys(PERIOD.findall(text)):
        stated = int(count) * (3600 if unit.startswith("h") else 60)
        if seconds and stated != seconds:
            window = f"{seconds // 60} minutes"
            yield f"Correct the text or the query: the text says {count} {unit}, the window is {window}."


def _window_seconds(body: object) -> int | None:
    if isinstance(body, MetricMonitor):
        return body.window.seconds
    if isinstance(body, ChainMonitor) and (last := body.call("last")) is not None:
        match = re.fullmatch(r"(\d+)([mhd])", last.values()[0])
        return int(match[1]) * {"m": 60, "h": 3600, "d": 86400}[match[2]] if match else None
    return None
