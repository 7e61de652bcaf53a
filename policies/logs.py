"""Logs: pipelines, indexes and archives."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firedrill.logs.search import SearchError, parse_search
from policies.policy import Resource, Stack, policy

PIPELINE = "datadog:LogsCustomPipeline"


@policy(
    "log-pipeline-on",
    PIPELINE,
    description="A log pipeline and all its processors are enabled, and its filter is valid.",
    prevents="`is_enabled` is false by default. A pipeline without it is listed but does nothing, and every alert on "
    "a field that it should set stays OK.",
    link="https://docs.datadoghq.com/logs/log_configuration/pipelines/",
)
def pipeline_on(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """Check the pipeline, its processors and its filters."""
    if not pipeline.get("isEnabled"):
        yield "Set isEnabled to true: the pipeline does nothing."
    for number, processor in enumerate(pipeline.get_list("processors"), 1):
        for kind, body in processor.items():
            if body is not None and not body.get("isEnabled"):
                name = f"{kind} {body.get('name') or ''}".strip()
                yield f"Set isEnabled of processor {number} ({name}) to true: it does nothing."
    for log_filter in pipeline.get_list("filters"):
        query = log_filter.get("query") or "*"
        try:
            parse_search(query)
        except SearchError as error:
            yield f"Correct the filter: {error}"
        if query.strip() == "*":
            yield "Filter by service or source: a pipeline on * changes the logs of other services."


@policy(
    "log-pipeline-casts-first",
    PIPELINE,
    description="A processor reads a field only after the processors of the same pipeline that set or cast it.",
    prevents="Processors run in order. A category `@duration:>4` before the processor that makes @duration a number "
    "never matches a duration that arrives as text, and the alert on the category stays OK.",
    link="https://docs.datadoghq.com/logs/log_configuration/pipelines/",
)
def casts_first(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """Compare the fields that each processor reads with those that later processors write."""
    processors = [(kind, body) for item in pipeline.get_list("processors") for kind, body in item.items() if body]
    for place, (kind, reader) in enumerate(processors):
        fields = _fields_read(kind, reader)
        for later, (other, writer) in enumerate(processors[place + 1 :], place + 2):
            target = str(writer.get("target") or "").lstrip("@")
            own = [str(source).lstrip("@") for source in writer.get("sources") or ()]
            if target in fields and (target in own or target not in _targets(processors[: place + 1])):
                yield (
                    f"Move processor {later} ({writer.get('name') or other}) before processor {place + 1} "
                    f"({reader.get('name') or kind}), which reads @{target}."
                )


def _targets(processors: Sequence[tuple[str, Mapping[str, Any]]]) -> set[str]:
    return {str(body.get("target") or "").lstrip("@") for _, body in processors}


def _fields_read(kind: str, processor: Mapping[str, Any]) -> set[str]:
    """Return the fields in the searches of a category processor, or in the expression of an arithmetic one."""
    if kind == "categoryProcessor":
        queries = [str((category.get("filter") or {}).get("query")) for category in processor.get("categories") or ()]
        return {name for query in queries for name in re.findall(r"@([\w.-]+):", query)}
    if kind == "arithmeticProcessor":
        return set(re.findall(r"[A-Za-z_][\w.]*", str(processor.get("expression"))))
    if kind == "stringBuilderProcessor":
        return set(re.findall(r"%\{([\w.-]+)\}", str(processor.get("template"))))
    return set()


@policy(
    "log-index-and-archive",
    PIPELINE,
    description="A stack with a log pipeline declares a log index and a log archive.",
    prevents="METR/hawk #1381: for 2.5 months a monitor searched an index that log search does not return. Without an "
    "archive, logs that the index drops are missing when an incident is reviewed later.",
    link="https://docs.datadoghq.com/logs/log_configuration/indexes/",
    scope="stack",
    severity="warning",
)
def index_and_archive(pipeline: Resource, stack: Stack) -> Iterator[str]:
    """Check that the stack has both."""
    for kind, name in (("datadog:LogsIndex", "a log index"), ("datadog:LogsArchive", "a log archive")):
        if not list(stack.of_kind(kind)):
            yield f"Declare {name}, or exempt this pipeline and say which stack declares it."


@policy(
    "log-index-bounded",
    "datadog:LogsIndex",
    description="A log index has a daily limit, a warning threshold and a reset time.",
    prevents="A loop that logs costs money until somebody notices the bill. Without a reset time the provider shows a "
    "difference at every preview (DataDog/terraform-provider-datadog, `daily_limit_reset`). Where the program does not "
    "state `disable_daily_limit`, the published plugin can send true when another property changes: the limit is gone.",
    link="https://docs.datadoghq.com/logs/log_configuration/indexes/#set-daily-quota",
)
def index_bounded(index: Resource, stack: Stack) -> Iterator[str]:
    """Check the daily limit. Logs above it still reach the archive."""
    if index.get("disableDailyLimit") or not index.get("dailyLimit"):
        yield "Set dailyLimit to about three times the busiest day: the index has no limit."
    if index.get("disableDailyLimit") is None:
        yield "Set disableDailyLimit to false: otherwise an update of another property can turn the limit off."
    if not index.get("dailyLimitWarningThresholdPercentage"):
        yield "Set dailyLimitWarningThresholdPercentage: nobody notices when the limit is reached."
    for key in ("resetTime", "resetUtcOffset"):
        if not index.get(f"dailyLimitReset.{key}"):
            yield f"Set dailyLimitReset.{key}: without it every preview shows a difference."
