"""The dashboards: widgets as questions, template variables in each query, thresholds as markers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from datadog_api_client.v1.model.dashboard import Dashboard

from firedrill.query import metric_references, parse_metric_query
from firedrill.sandbox.datadog.http.validation import faults
from infra import objectives
from infra.objectives import BurnRate, Threshold, format_number
from infra.observability.dashboards.scope import EVENTS
from service.telemetry import METRICS

Json = dict[str, Any]
REQUIRED = {
    "LLM Observability": ("list_stream", "llm_observability_stream"),
    "Service Map": ("topology_map", "service_map"),
    "SLO": ("slo", None),
    "burn rate": ("timeseries", "slo"),
    "monitor grid": ("manage_status", None),
    "forecast": ("timeseries", "metrics"),
    "incidents": ("list_stream", "incidents_stream"),
    "Watchdog": ("list_stream", "event_stream"),
    "error tracking": ("list_stream", "issue_stream"),
    "CI": ("list_stream", "ci_pipeline_stream"),
    "RUM": ("list_stream", "rum_stream"),
    "conversion": ("funnel", "rum"),
    "workflow button": ("run_workflow", None),
}
"""The required content, as a kind of widget and the source of its data."""


@pytest.fixture(scope="module")
def boards(declared: dict[str, Json]) -> dict[str, Json]:
    return {
        name.split()[0]: json.loads(inputs["dashboard"])
        for name, inputs in declared.items()
        if name.endswith(" DashboardJson")
    }


def widgets(board: Json) -> Iterator[Json]:
    for widget in board["widgets"]:
        definition = widget["definition"]
        yield definition
        yield from widgets(definition) if "widgets" in definition else ()


def objects(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


def test_each_widget_is_a_question(boards: dict[str, Json]) -> None:
    assert len(boards) == 5
    for board in boards.values():
        assert board["description"].endswith("?")
        for widget in widgets(board):
            assert widget["type"] in {"note", "run_workflow"} or widget["title"].endswith("?"), widget
            assert widget["type"] != "run_workflow" or "?" in widget["title"]


def test_no_dashboard_has_a_widget_twice(boards: dict[str, Json]) -> None:
    for board in boards.values():
        texts = [json.dumps(widget, sort_keys=True) for widget in widgets(board)]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("content", REQUIRED)
def test_required_content_is_there(boards: dict[str, Json], content: str) -> None:
    kind, source = REQUIRED[content]
    matches = [widget for board in boards.values() for widget in widgets(board) if widget["type"] == kind]
    if source is not None:
        matches = [widget for widget in matches if any(node.get("data_source") == source for node in objects(widget))]
    if content == "forecast":
        matches = [widget for widget in matches if "forecast(" in json.dumps(widget)]
    if content == "burn rate":
        matches = [widget for widget in matches if any(node.get("measure") == "burn_rate" for node in objects(widget))]
    assert matches, content


def test_each_body_is_valid_for_the_api(boards: dict[str, Json]) -> None:
    for name, board in boards.items():
        assert [str(fault) for fault in faults(board, Dashboard)] == [], name


def test_each_metric_query_has_every_template_variable_of_its_metric(boards: dict[str, Json]) -> None:
    checked = 0
    for board in boards.values():
        controls = {
            template_variable["name"]: template_variable["prefix"] for template_variable in board["template_variables"]
        }
        for node in objects(board["widgets"]):
            if node.get("data_source") != "metrics":
                continue
            for reference in metric_references(parse_metric_query(node["query"])):
                keys = {tag_filter.key for tag_filter in reference.filters}
                assert "service" in keys
                for name, tag in controls.items():
                    assert tag not in METRICS[reference.metric].all_tags or f"${name}" in keys, node["query"]
                if "model" in controls and "model_name" in METRICS[reference.metric].all_tags:
                    assert "model_name" in keys, node["query"]
                checked += 1
    assert checked > 30


def test_each_search_has_the_template_variables(boards: dict[str, Json]) -> None:
    checked = set()
    for board in boards.values():
        for node in objects(board["widgets"]):
            search = node.get("query_string") or (node.get("search") or {}).get("query")
            source = node.get("data_source")
            if source in EVENTS and search is not None:
                checked.add(source)
                assert "$env" in search, node
    assert {"logs", "logs_stream", "rum", "llm_observability_stream", "trace_stream", "issue_stream"} <= checked


def test_each_marker_is_a_threshold(boards: dict[str, Json]) -> None:
    limits = [var for var in vars(objectives).values() if isinstance(var, Threshold | BurnRate)]
    numbers = {format_number(limit.critical if isinstance(limit, Threshold) else limit.rate) for limit in limits}
    levels = [
        node["value"]
        for board in boards.values()
        for node in objects(board)
        if "display_type" in node and "value" in node
    ]
    assert len(levels) > 20
    assert {level.removeprefix("y = ") for level in levels} <= numbers | {"0", "1"}


def test_the_list_has_all_dashboards(declared: dict[str, Json], boards: dict[str, Json]) -> None:
    items = declared["dashboards-list DashboardList"]["dashItems"]
    assert {item["dashId"] for item in items} == {f"{name}-id" for name in boards}
