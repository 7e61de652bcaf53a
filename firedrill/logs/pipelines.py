"""Log pipelines: each in order, its filter tested once, its processors in sequence.

docs.datadoghq.com/logs/log_configuration/pipelines. Pipelines and processors are the API's JSON; both are off unless
``is_enabled`` says otherwise.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from firedrill.logs.event import Event, PipelineError, Processor, first_source
from firedrill.logs.processors import FIRST_ONLY, PROCESSORS
from firedrill.logs.search import parse_search

Json = dict[str, Any]


def run_pipelines(pipelines: Sequence[Json], log: Json) -> Json:
    """Return the event after all pipelines, as a copy.

    Attributes whose value only Datadog has (geolocation of addresses, user agents, reference tables) are listed under
    ``external``. Raises :class:`PipelineError` for a processor that cannot be run, ``SearchError`` for a bad filter.
    """
    event = deepcopy(log)
    used: set[str] = set()
    for pipeline in pipelines:
        check_nesting(pipeline)
        _run_pipeline(pipeline, event, used)
    return event


def check_nesting(pipeline: Json) -> None:
    """Refuse a pipeline whose nested pipelines hold a pipeline. Raises :class:`PipelineError`."""
    for nested in _nested(pipeline):
        check_nested(nested)


def check_nested(nested: Json) -> None:
    """Refuse a nested pipeline that holds a pipeline. Raises :class:`PipelineError`."""
    for inner in _nested(nested):
        names = f"{inner.get('name', '')!r} in {nested.get('name', '')!r}"
        raise PipelineError(f"a nested pipeline holds processors only, not a pipeline: {names}")


def _nested(pipeline: Json) -> list[Json]:
    return [processor for processor in pipeline.get("processors") or () if processor.get("type") == "pipeline"]


def _run_pipeline(pipeline: Json, event: Event, used: set[str]) -> None:
    if not pipeline.get("is_enabled"):
        return
    if not parse_search((pipeline.get("filter") or {}).get("query") or "*").matches(event):
        return
    for processor in pipeline.get("processors") or ():
        if processor["type"] == "pipeline":
            _run_pipeline(processor, event, used)
        elif processor.get("is_enabled"):
            _run_processor(processor, event, used)


def _run_processor(processor: Processor, event: Event, used: set[str]) -> None:
    kind = processor["type"]
    if kind not in PROCESSORS:
        raise PipelineError(f"unknown processor type {kind!r}")
    if kind not in FIRST_ONLY:
        PROCESSORS[kind](processor, event)
    elif kind not in used:
        if first_source(event, processor["sources"]):
            used.add(kind)
        PROCESSORS[kind](processor, event)
