"""What is wrong with a log pipeline before it meets a log (docs.datadoghq.com/logs/log_configuration/processors)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firedrill.logs.event import RESERVED, PipelineError
from firedrill.logs.grok.rules import compile_rules
from firedrill.logs.processors import PROCESSORS
from firedrill.logs.search import SearchError, parse_search

Json = dict[str, Any]
MAX_PROCESSORS = 20
MAX_GROK_RULES = 10
MAX_TEMPLATE = 256
SAMPLE = "\x00 no rule but a catch-all matches this \x00"


@dataclass(frozen=True)
class Finding:
    """One thing to change. ``error``: Datadog refuses it or it cannot work; otherwise it is a trap."""

    where: str
    message: str
    error: bool


def nested_pipeline_is_valid(nested: Json) -> bool:
    """A nested pipeline holds processors, no further pipeline."""
    return not _nested_in(nested)


def pipeline_is_valid(pipeline: Json) -> bool:
    """Every pipeline that a pipeline holds is a valid nested one."""
    return all(nested_pipeline_is_valid(nested) for nested in _nested_in(pipeline))


def _nested_in(pipeline: Json) -> list[Json]:
    return [processor for processor in pipeline.get("processors") or () if processor.get("type") == "pipeline"]


def lint_pipeline(pipeline: Json) -> list[Finding]:
    """All findings for one pipeline (the API's JSON), in the order of its processors."""
    return list(_lint(pipeline, str(pipeline.get("name") or "pipeline")))


def _lint(pipeline: Json, where: str) -> Iterator[Finding]:
    if not pipeline.get("is_enabled"):
        yield Finding(where, "is off: is_enabled is false by default", error=False)
    processors: list[Json] = pipeline.get("processors") or []
    yield from _lint_filter(pipeline, processors, where)
    if len(processors) > MAX_PROCESSORS:
        yield Finding(where, f"has {len(processors)} processors; keep to {MAX_PROCESSORS}", error=False)
    if sum(processor["type"] == "date-remapper" for processor in processors) > 1:
        message = "has two date remappers: one page says that the last wins, another that the first does"
        yield Finding(where, message, error=True)
    for number, processor in enumerate(processors):
        place = f"{where}, processor {number + 1} ({processor.get('name') or processor['type']})"
        if processor["type"] == "pipeline":
            if not nested_pipeline_is_valid(processor):
                yield Finding(place, "a nested pipeline cannot hold another pipeline", error=True)
            yield from _lint(processor, place)
        else:
            yield from _lint_processor(processor, place)


def _lint_filter(pipeline: Json, processors: list[Json], where: str) -> Iterator[Finding]:
    query = (pipeline.get("filter") or {}).get("query") or "*"
    try:
        keys = {term.key for term in parse_search(query).terms}
    except SearchError as error:
        yield Finding(where, f"its filter cannot be read: {error}", error=True)
        return
    if "*" in keys:
        yield Finding(where, "its filter uses *:, which pipelines do not have", error=True)
    created = {f"@{path}" for processor in processors for path in _targets(processor)}
    for key in sorted(key for key in keys if key and key in created):
        yield Finding(where, f"filters on {key}, which only its own processors make", error=True)


def _targets(processor: Json) -> list[str]:
    target = processor.get("target") or (processor.get("operation") or {}).get("target")
    return [target] if isinstance(target, str) and processor.get("target_type") != "tag" else []


def _lint_processor(processor: Json, place: str) -> Iterator[Finding]:
    kind = processor["type"]
    if kind not in PROCESSORS:
        yield Finding(place, f"unknown type {kind!r}", error=True)
        return
    if not processor.get("is_enabled"):
        yield Finding(place, "is off: is_enabled is false by default", error=False)
    for target in _targets(processor):
        if kind == "attribute-remapper" and target in RESERVED:
            yield Finding(place, f"remaps to the reserved {target}: use the {target} remapper", error=True)
        if ":" in target or "," in target:
            yield Finding(place, f"the target {target!r} contains : or ,", error=True)
    if len(processor.get("template") or "") > MAX_TEMPLATE:
        yield Finding(place, f"the template is longer than {MAX_TEMPLATE} characters", error=True)
    if kind == "grok-parser":
        yield from _lint_grok(processor["grok"], place)


def _lint_grok(grok: Json, place: str) -> Iterator[Finding]:
    try:
        rules = compile_rules(grok["match_rules"], grok.get("support_rules") or "")
    except PipelineError as error:
        yield Finding(place, str(error), error=True)
        return
    if len(rules) > MAX_GROK_RULES:
        yield Finding(place, f"has {len(rules)} rules; at most {MAX_GROK_RULES} is good practice", error=False)
    for rule in rules[:-1]:
        if rule.parse(SAMPLE) is not None:
            yield Finding(place, f"the rules after {rule.name!r} are never tried: it matches everything", error=True)
            return
