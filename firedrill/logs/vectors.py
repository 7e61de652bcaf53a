"""Runs the computed cases whose ``kind`` belongs to logs: each function takes a case's ``given``.

Cases write a log as one flat object; ``expect.log`` names only the fields to find in the result, at any depth.
"""

from collections.abc import Callable
from typing import Any

from firedrill.logs.event import RESERVED
from firedrill.logs.lint import nested_pipeline_is_valid, pipeline_is_valid
from firedrill.logs.pipelines import run_pipelines
from firedrill.logs.scanner import scan
from firedrill.logs.search import parse_search

Case = dict[str, Any]


def _event(log: Case) -> Case:
    on_top = {key: value for key, value in log.items() if key in RESERVED or key == "tags"}
    return {**on_top, "attributes": {key: value for key, value in log.items() if key not in on_top}}


def _flat(event: Case) -> Case:
    return {**{key: value for key, value in event.items() if key != "attributes"}, **event["attributes"]}


def log_match(given: Case) -> Case:
    """A search against one log; the case calls the attributes ``attrs``."""
    event = {key: value for key, value in given["log"].items() if key != "attrs"}
    return {"match": parse_search(given["query"]).matches({**event, "attributes": given["log"].get("attrs", {})})}


def pipeline(given: Case) -> Case:
    """Processors, as one pipeline that takes every log."""
    return pipelines({"pipelines": [{"filter": "*", "processors": given["processors"]}], "log": given["log"]})


def pipelines(given: Case) -> Case:
    """Several pipelines; a case's filter is a text and its pipelines are on."""
    declared = [_pipeline(one) for one in given["pipelines"]]
    return {"log": _flat(run_pipelines(declared, _event(given["log"])))}


def _pipeline(one: Case) -> Case:
    query = one["filter"] if isinstance(one.get("filter"), str) else (one.get("filter") or {}).get("query", "*")
    return {"is_enabled": True, **one, "filter": {"query": query}}


def sds(given: Case) -> Case:
    """One rule of the sensitive data scanner."""
    group = {"filter": {"query": "*"}, "is_enabled": True, "product_list": ["logs"]}
    rule = {"is_enabled": True, **given["rule"]}
    return {"log": _flat(scan([(group, [rule])], _event(given["log"])))}


def nested_valid(given: Case) -> Case:
    """Whether a nested pipeline holds processors only; bare ``processors`` are those of the outer pipeline."""
    nested = next((value for value in given.values() if isinstance(value, dict)), None)
    return {"valid": pipeline_is_valid(given) if nested is None else nested_pipeline_is_valid(nested)}


KINDS: dict[str, Callable[[Case], Case]] = {
    "log_match": log_match,
    "pipeline": pipeline,
    "pipelines": pipelines,
    "sds": sds,
    "nested_valid": nested_valid,
}
