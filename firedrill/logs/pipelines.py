"""Log pipelines: every pipeline in order, its filter tested once, its processors in sequence.

docs.datadoghq.com/logs/log_configuration/pipelines. Pipelines and processors are the API's JSON; both are off unless
``is_enabled`` says otherwise.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from firedrill.logs.event import Event, PipelineError, Processor, first
from firedrill.logs.processors import ONCE, PROCESSORS
from firedrill.logs.search import parse_search

Json = dict[str, Any]


def run_pipelines(pipelines: Sequence[Json], log: Json) -> Json:
    """The event after all pipelines, as a copy.

    Attributes whose value only Datadog can know (places of addresses, user agents, reference tables) are listed under
    ``external``. Raises :class:`PipelineError` for a processor that cannot be run, ``SearchError`` for a bad filter.
    """
    event = deepcopy(log)
    done: set[str] = set()
    for pipeline in pipelines:
        _run_pipeline(pipeline, event, done)
    return event


def _run_pipeline(pipeline: Json, event: Event, done: set[str]) -> None:
    if not pipeline.get("is_enabled"):
        return
    if not parse_search((pipeline.get("filter") or {}).get("query") or "*").matches(event):
        return
    for processor in pipeline.get("processors") or ():
        if processor["type"] == "pipeline":
            _run_pipeline(processor, event, done)
        elif processor.get("is_enabled"):
            _run_processor(processor, event, done)


def _run_processor(processor: Processor, event: Event, done: set[str]) -> None:
    kind = processor["type"]
    if kind not in PROCESSORS:
        raise PipelineError(f"unknown processor type {kind!r}")
    if kind not in ONCE:
        PROCESSORS[kind](processor, event)
    elif kind not in done:
        if first(event, processor["sources"]):
            done.add(kind)
        PROCESSORS[kind](processor, event)
