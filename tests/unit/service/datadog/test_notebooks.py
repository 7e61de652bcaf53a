"""Notebooks: which graphs and texts they hold, and that one of the same name is replaced."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog

NOTEBOOKS = "/api/v1/notebooks"
SCOPE = "service:llm-api,env:test"


@pytest.fixture(autouse=True)
def empty(datadog: FakeDatadog) -> None:
    """Let Datadog have no incident, alert, span, story or notebook."""
    datadog.prepare("GET", "/api/v2/incidents", {"data": []})
    datadog.prepare("GET", "/api/v1/monitor", [])
    datadog.prepare("POST", "/api/v2/spans/events/search", {"data": []})
    datadog.prepare("POST", "/api/v2/events/search", {"data": []})
    datadog.prepare("GET", NOTEBOOKS, {"data": []})
    datadog.prepare("POST", NOTEBOOKS, {"data": {"id": 5}})


def create(operator: FlaskClient, datadog: FakeDatadog, path: str, **parameters: Any) -> dict[str, Any]:
    """Create a notebook; return the attributes that were sent."""
    response = operator.post(path, json=parameters)
    assert (response.status_code, response.get_json()["notebook_id"]) == (201, 5), response.text
    attributes: dict[str, Any] = datadog.sent("POST", NOTEBOOKS)[-1]["data"]["attributes"]
    return attributes


def definitions(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the definitions of a notebook's cells."""
    return [cell["attributes"]["definition"] for cell in attributes["cells"]]


def texts(attributes: dict[str, Any]) -> str:
    """Return all texts of a notebook."""
    return "\n".join(cell["text"] for cell in definitions(attributes) if cell["type"] == "markdown")


def queries(attributes: dict[str, Any]) -> list[str]:
    """Return the queries of a notebook's graphs."""
    return [request["q"] for cell in definitions(attributes) for request in cell.get("requests", ())]


def test_a_cost_notebook_asks_for_cost_and_tokens(operator: FlaskClient, datadog: FakeDatadog) -> None:
    notebook = create(operator, datadog, "/datadog/notebooks/cost-optimization")
    assert (notebook["name"], notebook["metadata"]) == ("llm-api test: Cost optimization", {"type": "report"})
    assert notebook["time"] == {"live_span": "1d"}
    assert queries(notebook) == [
        f"sum:llm.chat.cost{{{SCOPE}}} by {{model}}.as_count()",
        f"sum:llm.chat.tokens{{{SCOPE}}} by {{model,direction}}",
        f"sum:llm.chat.requests{{{SCOPE}}} by {{cached}}.as_count()",
    ]
    assert definitions(notebook)[-2]["query"] == "service:llm-api @event:chat @cost_usd:>0"
    assert re.search(r"Created by the service's API on [\d: -]+ UTC. managed_by:service$", texts(notebook))


def test_an_anomaly_notebook_compares_with_the_usual_band(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", "/api/v2/events/search", {"data": [{"attributes": {"message": "Latency rose\nmore"}}]})
    notebook = create(operator, datadog, "/datadog/notebooks/anomaly-analysis", time_range_hours=168)
    assert notebook["time"] == {"live_span": "1w"}
    assert queries(notebook)[:2] == [
        f"anomalies(avg:llm.chat.latency{{{SCOPE}}}, 'basic', 3)",
        f"anomalies(sum:llm.chat.cost{{{SCOPE}}}.as_count(), 'basic', 3)",
    ]
    assert "## Watchdog\n\n- Latency rose\n" in f"{texts(notebook)}\n"
    [search] = datadog.sent("POST", "/api/v2/events/search")
    assert search["filter"] == {"query": "source:watchdog", "from": "now-168h", "to": "now"}


def test_a_window_without_a_name_at_datadog_is_fixed(operator: FlaskClient, datadog: FakeDatadog) -> None:
    time = create(operator, datadog, "/datadog/notebooks/cost-optimization", time_range_hours=5)["time"]
    assert time["live"] is False
    assert time["start"] < time["end"]


def test_a_root_cause_notebook_shows_alerts_traces_and_stories(operator: FlaskClient, datadog: FakeDatadog) -> None:
    query = "sum(last_5m):sum:llm.chat.requests{service:llm-api} by {outcome}.as_count() > 0.5"
    alert = {"name": "Chats fail", "query": query, "type": "query alert", "overall_state": "Alert",
             "tags": ["service:llm-api"], "overall_state_modified": "2026-11-30T12:00:00Z"}  # fmt: skip
    older = alert | {"name": "Cost", "query": "burn_rate(...) > 5", "type": "slo alert", "overall_state_modified": None}
    quiet, foreign = alert | {"overall_state": "OK"}, alert | {"tags": []}
    datadog.prepare("GET", "/api/v1/monitor", [older, quiet, alert, foreign])
    spans = [
        {"attributes": {"trace_id": f"t{ms}", "resource_name": "POST /v1/chat", "custom": {"duration": ms * 10**6}}}
        for ms in (100, 700, 300, 400, 500, 600)
    ]
    datadog.prepare("POST", "/api/v2/spans/events/search", {"data": spans})
    notebook = create(operator, datadog, "/datadog/notebooks/root-cause-analysis", time_range_hours=4)
    assert notebook["name"] == "llm-api test: RCA: Chats fail"
    text = texts(notebook)
    assert "There is no incident: this shows the latest alert." in text
    assert text.index("## Alert: Chats fail\n\nSince 2026-11-30T12:00:00Z.") < text.index("## Alert: Cost")
    assert text.count("## Alert: ") == 2
    assert queries(notebook)[0] == "sum:llm.chat.requests{service:llm-api} by {outcome}.as_count()"
    rows = re.findall(r"^\| (t\d+) \| POST /v1/chat \| ([\d.]+) s \|$", text, re.MULTILINE)
    assert rows == [("t700", "0.700"), ("t600", "0.600"), ("t500", "0.500"), ("t400", "0.400"), ("t300", "0.300")]
    assert "No story in this window." in text


@pytest.mark.parametrize(
    ("parameters", "name", "sentence"),
    [
        ({}, "RCA: New", "The latest incident, 2."),
        ({"incident_id": "i-1"}, "RCA: Old (i-1)", "Incident 1: resolved."),
        ({"incident_id": "i-9", "incident_title": "Spike"}, "RCA: Spike (i-9)", "Datadog knows no incident `i-9`"),
    ],
)
def test_a_root_cause_notebook_is_of_the_incident(
    operator: FlaskClient, datadog: FakeDatadog, parameters: dict[str, str], name: str, sentence: str
) -> None:
    old = {"id": "i-1", "attributes": {"title": "Old", "public_id": 1, "state": "resolved", "created": "2026-01-01"}}
    new = {"id": "i-2", "attributes": {"title": "New", "public_id": 2, "created": "2026-02-02"}}
    datadog.prepare("GET", "/api/v2/incidents", {"data": [new, old]})
    datadog.prepare("GET", "/api/v2/incidents/i-1", {"data": old})
    datadog.prepare("GET", "/api/v2/incidents/i-9", {"errors": ["no"]}, 404)
    notebook = create(operator, datadog, "/datadog/notebooks/root-cause-analysis", **parameters)
    assert notebook["name"] == f"llm-api test: {name}"
    assert sentence in texts(notebook)


@pytest.mark.parametrize(("text", "replaced"), [("managed_by:service", True), ("a person's", False)])
def test_only_the_services_notebook_of_the_name_is_replaced(
    operator: FlaskClient, datadog: FakeDatadog, text: str, replaced: bool
) -> None:
    existing = {"id": 9, "attributes": {"name": "llm-api test: Cost optimization", "cells": [text]}}
    datadog.prepare("GET", NOTEBOOKS, {"data": [existing]})
    datadog.prepare("PUT", f"{NOTEBOOKS}/9", {"data": {"id": 9}})
    response = operator.post("/datadog/notebooks/cost-optimization")
    assert (response.status_code, response.get_json()["created"]) == ((200, False) if replaced else (201, True))
    assert datadog.paths("PUT") == ([f"{NOTEBOOKS}/9"] if replaced else [])
    assert response.get_json()["url"] == f"https://app.datadoghq.com/notebook/{9 if replaced else 5}"


@pytest.mark.parametrize("kind", ["root-cause-analysis", "cost-optimization", "anomaly-analysis"])
def test_a_window_beyond_a_month_is_refused(operator: FlaskClient, datadog: FakeDatadog, kind: str) -> None:
    response = operator.post(f"/datadog/notebooks/{kind}", json={"time_range_hours": 721})
    assert response.status_code == 400
    assert response.get_json()["detail"].startswith("time_range_hours: ")
    assert datadog.requests == []
