"""Logs and workflows: what Datadog makes of what arrives, where it is kept, and what it starts."""

import json
from collections.abc import Iterator

from firedrill.logs.search import SearchError, parse_search
from policies.policy import Resource, Stack, policy

PIPELINE = "datadog:LogsCustomPipeline"
LINK = "https://docs.datadoghq.com/logs/log_configuration/pipelines/"


@policy(
    "log-pipeline-on",
    PIPELINE,
    says="A pipeline and each of its processors are on, and its filter can be read.",
    prevents="`is_enabled` is false unless it is set: a pipeline that is declared without it is shown in the list "
    "and does nothing, and each alert on a field that it makes stays OK.",
    link=LINK,
)
def pipeline_on(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """All levels."""
    if not pipeline.get("isEnabled"):
        yield "Set isEnabled: the pipeline does nothing."
    for number, processor in enumerate(pipeline.items("processors"), 1):
        for kind, body in processor.items():
            if body is not None and not body.get("isEnabled"):
                yield f"Set isEnabled of processor {number} ({kind} {body.get('name') or ''}): it does nothing."
    for one in pipeline.items("filters"):
        query = one.get("query") or "*"
        try:
            parse_search(query)
        except SearchError as error:
            yield f"Correct the filter: {error}"
        if query.strip() == "*":
            yield "Filter by service or source: a pipeline on * rewrites other people's logs."


@policy(
    "log-index-and-archive",
    PIPELINE,
    says="Where logs are processed, an index and an archive for them are declared.",
    prevents="METR/hawk #1381: a monitor searched an index that log search does not return, for 2.5 months. "
    "Without an archive, what the index drops is gone when an incident is looked at later.",
    link="https://docs.datadoghq.com/logs/log_configuration/indexes/",
    scope="stack",
    severity="warning",
)
def index_and_archive(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """Anywhere in the stack."""
    for kind, word in (("datadog:LogsIndex", "a log index"), ("datadog:LogsArchive", "a log archive")):
        if not list(stack.of(kind)):
            yield f"Declare {word}, or exempt this stack with the name of the one that does."


@policy(
    "workflow-rate-limited",
    "datadog:WorkflowAutomation",
    says="A workflow that a monitor starts is limited in how often it runs.",
    prevents="An alert by group starts a workflow for each group: a switch of models that runs for every one of "
    "them hides what the first did.",
    link="https://docs.datadoghq.com/actions/workflows/trigger/",
)
def rate_limited(workflow: Resource, stack: Stack) -> Iterator[str]:
    """The rate limit of monitor triggers; without it Datadog allows one run a second."""
    spec = json.loads(workflow.get("specJson", "{}"))
    for trigger in spec.get("triggers") or ():
        if "monitorTrigger" in trigger and not (trigger["monitorTrigger"] or {}).get("rateLimit"):
            yield 'Add "rateLimit": {"count": 1, "interval": "300s"} to the monitor trigger.'
