"""Dashboards and their lists."""

from typing import Any

import pytest
from starlette.testclient import TestClient

NOTE = {"definition": {"type": "note", "content": "n"}}
STREAM = {"response_format": "event_list", "columns": [{"field": "a", "width": "auto"}]}
LOGS = {**STREAM, "query": {"data_source": "logs_stream", "query_string": "*"}}
SCALAR = {
    "response_format": "scalar",
    "formulas": [{"formula": "a"}],
    "queries": [{"data_source": "metrics", "name": "a", "query": "sum:x{*} by {host}", "aggregator": "sum"}],
    "sort": {"count": 9, "order_by": [{"type": "formula", "order": "desc"}]},
}
HOST = {"name": "host", "prefix": "host"}


def create(api: TestClient, **members: Any) -> Any:
    """Create a dashboard."""
    return api.post("/api/v1/dashboard", json={"title": "t", "layout_type": "ordered", "widgets": [NOTE], **members})


@pytest.mark.parametrize(
    "members",
    [
        {"widgets": [{"definition": {"type": "list_stream", "requests": [LOGS, LOGS]}}]},
        {"widgets": [{"definition": {"type": "sunburst", "requests": [SCALAR]}}]},
        {"template_variable_presets": [{"name": "p", "template_variables": [{"name": "undeclared", "values": ["*"]}]}]},
    ],
)
def test_a_dashboard_that_the_real_api_takes_is_taken(api: TestClient, members: dict[str, Any]) -> None:
    response = create(api, **members)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("variable", [{**HOST, "default": "a", "defaults": ["a"]}, {**HOST, "defaults": []}])
def test_a_template_variable_has_one_default_or_a_list_that_is_not_empty(
    api: TestClient, variable: dict[str, Any]
) -> None:
    response = create(api, template_variables=[variable])
    assert (response.status_code, response.json()) == (400, {"errors": ["'template_variables' is invalid"]})


def test_a_tab_names_widgets_of_the_request_by_place(api: TestClient) -> None:
    tabs = [{"id": "5b153b9e-f858-5650-9ad0-34d241bfd781", "name": "b", "widget_ids": ["@2", "@1"]}]
    dashboard = create(api, widgets=[NOTE, NOTE], tabs=tabs).json()
    first, second = (widget["id"] for widget in dashboard["widgets"])
    assert dashboard["tabs"][0]["widget_ids"] == [second, first]
    assert create(api, tabs=[{**tabs[0], "widget_ids": ["first"]}]).status_code == 400


def test_a_list_shows_when_its_dashboards_changed(api: TestClient) -> None:
    dashboard = create(api).json()
    identifier = api.post("/api/v1/dashboard/lists/manual", json={"name": "l"}).json()["id"]
    path = f"/api/v2/dashboard/lists/manual/{identifier}/dashboards"
    api.post(path, json={"dashboards": [{"id": dashboard["id"], "type": "custom_timeboard"}]})
    (item,) = api.get(path).json()["dashboards"]
    assert (item["created"], item["modified"]) == (dashboard["created_at"], dashboard["modified_at"])
    assert item["popularity"] == 0
