"""The dashboards: each widget a question, the controls wired into each query, the numbers those of the objectives."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from datadog_api_client.v1.model.dashboard import Dashboard

from firedrill.query import metric_references, parse_metric_query
from firedrill.sandbox.datadog.validation import faults
from infra import objectives
from infra.dashboards.scope import EVENTS
from infra.objectives import BurnRate, Threshold, spelled
from service.telemetry import METRICS

Json = dict[str, Any]
MISSION = {
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
"""What the mission names, as a kind of widget and the source of its data."""


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
        for below in node.values():
            yield from objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from objects(below)


def test_each_widget_is_a_question(boards: dict[str, Json]) -> None:
    assert len(boards) == 5
    for board in boards.values():
        assert board["description"].endswith("?")
        for one in widgets(board):
            assert one["type"] in {"note", "run_workflow"} or one["title"].endswith("?"), one
            assert one["type"] != "run_workflow" or "?" in one["title"]


def test_no_question_is_asked_twice_on_a_dashboard(boards: dict[str, Json]) -> None:
    for board in boards.values():
        found = [json.dumps(one, sort_keys=True) for one in widgets(board)]
        assert len(found) == len(set(found))


@pytest.mark.parametrize("what", MISSION)
def test_what_the_mission_names_is_there(boards: dict[str, Json], what: str) -> None:
    kind, source = MISSION[what]
    found = [one for board in boards.values() for one in widgets(board) if one["type"] == kind]
    if source is not None:
        found = [one for one in found if any(below.get("data_source") == source for below in objects(one))]
    if what == "forecast":
        found = [one for one in found if "forecast(" in json.dumps(one)]
    if what == "burn rate":
        found = [one for one in found if any(below.get("measure") == "burn_rate" for below in objects(one))]
    assert found, what


def test_a_body_is_what_the_api_takes(boards: dict[str, Json]) -> None:
    for name, board in boards.items():
        assert [str(one) for one in faults(board, Dashboard)] == [], name


def test_each_metric_query_is_told_by_every_control_that_its_metric_has(boards: dict[str, Json]) -> None:
    seen = 0
    for board in boards.values():
        controls = {one["name"]: one["prefix"] for one in board["template_variables"]}
        for one in objects(board["widgets"]):
            if one.get("data_source") != "metrics":
                continue
            for reference in metric_references(parse_metric_query(one["query"])):
                written = {one.key for one in reference.filters}
                assert "service" in written
                for name, tag in controls.items():
                    assert tag not in METRICS[reference.metric].all_tags or f"${name}" in written, one["query"]
                if "model" in controls and "model_name" in METRICS[reference.metric].all_tags:
                    assert "model_name" in written, one["query"]
                seen += 1
    assert seen > 30


def test_each_search_is_told_by_the_controls(boards: dict[str, Json]) -> None:
    seen = set()
    for board in boards.values():
        for one in objects(board["widgets"]):
            search = one.get("query_string") or (one.get("search") or {}).get("query")
            source = one.get("data_source")
            if source in EVENTS and search is not None:
                seen.add(source)
                assert "$env" in search, one
    assert {"logs", "logs_stream", "rum", "llm_observability_stream", "trace_stream", "issue_stream"} <= seen


def test_a_marker_is_the_number_that_alerts(boards: dict[str, Json]) -> None:
    limits = [one for one in vars(objectives).values() if isinstance(one, Threshold | BurnRate)]
    known = {spelled(one.critical if isinstance(one, Threshold) else one.rate) for one in limits} | {"0", "1"}
    levels = [
        one["value"] for board in boards.values() for one in objects(board) if "display_type" in one and "value" in one
    ]
    assert len(levels) > 20
    assert {level.removeprefix("y = ") for level in levels} <= known


def test_the_list_has_all_of_them(declared: dict[str, Json], boards: dict[str, Json]) -> None:
    items = declared["dashboards-list DashboardList"]["dashItems"]
    assert {one["dashId"] for one in items} == {f"{name}-id" for name in boards}
