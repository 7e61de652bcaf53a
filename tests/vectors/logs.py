"""Kinds of logs: searches, pipelines, sensitive data scanner.

Cases write a log as one flat object; ``expect.log`` names only the fields to find in the result, at any depth.
"""

from collections.abc import Callable
from typing import Any

from firedrill.logs.event import RESERVED, PipelineError
from firedrill.logs.pipelines import check_nested, check_nesting, run_pipelines
from firedrill.logs.scanner import hidden_texts, scan
from firedrill.logs.search import parse_search

Case = dict[str, Any]
PAGE_STATUSES = {"warn": "warning", "emergency": "emerg"}
PAGE_PORTS = {"http": 80, "https": 443}


def _event(log: Case) -> Case:
    on_top = {key: value for key, value in log.items() if key in RESERVED or key == "tags"}
    return {**on_top, "attributes": {key: value for key, value in log.items() if key not in on_top}}


def _flat(event: Case) -> Case:
    return {**{key: value for key, value in event.items() if key != "attributes"}, **event["attributes"]}


def log_match(inputs: Case) -> Case:
    """Match a search against a log; the case calls the attributes ``attrs``."""
    event = {key: value for key, value in inputs["log"].items() if key != "attrs"}
    return {"match": parse_search(inputs["query"]).matches({**event, "attributes": inputs["log"].get("attrs", {})})}


def pipeline(inputs: Case) -> Case:
    """Run processors as one pipeline for every log."""
    return pipelines({"pipelines": [{"filter": "*", "processors": inputs["processors"]}], "log": inputs["log"]})


def pipelines(inputs: Case) -> Case:
    """Run several pipelines; a case's filter is a text and its pipelines are enabled."""
    declared = [_pipeline(definition) for definition in inputs["pipelines"]]
    return {"log": as_on_the_pages(_flat(run_pipelines(declared, _event(inputs["log"]))))}


def as_on_the_pages(log: Case) -> Case:
    """Return a log as the documentation's pages print it, which the cases follow.

    Results that the real engine recorded differ in two points, and the engine here follows those: a status is stored
    as ``warn`` or ``emergency``, not ``warning`` or ``emerg``, and a URL without a port gets none.
    """
    if log.get("status") in PAGE_STATUSES:
        log["status"] = PAGE_STATUSES[log["status"]]
    for details in _url_details(log):
        if details["scheme"] in PAGE_PORTS:
            details.setdefault("port", PAGE_PORTS[details["scheme"]])
    return log


def _url_details(value: Any) -> list[Case]:
    """Return all objects that the URL parser wrote."""
    if isinstance(value, list):
        return [details for element in value for details in _url_details(element)]
    if not isinstance(value, dict):
        return []
    own = [value] if {"scheme", "host", "path"} <= value.keys() else []
    return own + [details for below in value.values() for details in _url_details(below)]


def _pipeline(definition: Case) -> Case:
    query = (
        definition["filter"]
        if isinstance(definition.get("filter"), str)
        else (definition.get("filter") or {}).get("query", "*")
    )
    return {"is_enabled": True, **definition, "filter": {"query": query}}


def sds(inputs: Case) -> Case:
    """Run one rule of the sensitive data scanner."""
    group = {"filter": {"query": "*"}, "is_enabled": True, "product_list": ["logs"]}
    rule = {"is_enabled": True, **inputs["rule"]}
    event = _event(inputs["log"])
    scanned = scan([(group, [rule])], event)
    hidden = hidden_texts([(group, [rule])], event)
    return {"log": _flat(scanned), "hidden": hidden, "redacted": scanned != event}


def nested_valid(inputs: Case) -> Case:
    """Return whether the engine takes a nested pipeline: it holds processors only.

    The case is the nested pipeline, or has it under a key; without a filter its processors are an outer pipeline's.
    """
    pipeline = next((value for value in inputs.values() if isinstance(value, dict) and "processors" in value), inputs)
    outer = pipeline is inputs and "filter" not in inputs and inputs.get("type") != "pipeline"
    try:
        check_nesting(pipeline) if outer else check_nested(pipeline)
    except PipelineError:
        return {"valid": False}
    return {"valid": True}


KINDS: dict[str, Callable[[Case], Case]] = {
    "log_match": log_match,
    "pipeline": pipeline,
    "pipelines": pipelines,
    "sds": sds,
    "nested_valid": nested_valid,
}
