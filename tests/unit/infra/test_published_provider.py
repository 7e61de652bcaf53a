"""The declarations as the published providers read them: equal dashboards, groups in order, no deprecated input."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.store import Store
from tests.conftest import ROOT
from tests.unit.infra.conftest import record

Json = Any
COMPUTED = ("id", "author_handle", "author_name", "created_at", "modified_at", "url")
"""Members of a dashboard that the published plugin leaves out when it compares."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[TestClient]:
    store = Store(tmp_path / "datadog.sqlite")
    keys = {"DD-API-KEY": "a" * 32, "DD-APPLICATION-KEY": "b" * 40}
    yield TestClient(create_app(Directory(store)), headers=keys)
    store.close()


def as_compared(dashboard: Json) -> Json:
    """Return a dashboard as the published plugin compares the program's text with the answer's.

    From ``prepResource`` in datadog/resource_datadog_dashboard_json.go of DataDog/terraform-provider-datadog.
    """
    kept = {name: value for name, value in dashboard.items() if name not in COMPUTED}
    if isinstance(kept.get("restricted_roles"), list):
        kept.pop("is_read_only", None)
    else:
        kept.setdefault("is_read_only", False)
    if isinstance(kept.get("notify_list"), list):
        kept["notify_list"] = sorted(kept["notify_list"])
    return {**kept, "widgets": [without_id(widget) for widget in kept["widgets"]]}


def without_id(widget: Json) -> Json:
    """Return a widget without its id, and those in it without theirs."""
    definition = widget["definition"]
    if definition["type"] == "group":
        definition = {**definition, "widgets": [without_id(inner) for inner in definition["widgets"]]}
    return {name: value for name, value in widget.items() if name != "id"} | {"definition": definition}


def test_a_second_up_finds_every_dashboard_as_declared(declared: dict[str, Json], api: TestClient) -> None:
    texts = {name: inputs["dashboard"] for name, inputs in declared.items() if name.endswith(" DashboardJson")}
    assert len(texts) == 5
    for name, text in texts.items():
        answer = api.post("/api/v1/dashboard", content=text)
        assert answer.status_code == 200, answer.text
        read = api.get(f"/api/v1/dashboard/{answer.json()['id']}").json()
        assert as_compared(read) == as_compared(json.loads(text)), name


def test_the_groups_of_metrics_from_spans_are_in_the_plugins_order() -> None:
    answer = record(stack="org", PROGRAM=str(ROOT / "infra" / "org"))
    groups = [
        request["object"]["groupBies"] for request in answer["requests"] if request["type"].endswith(":SpansMetric")
    ]
    assert len(groups) == 2
    for group_bies in groups:
        paths = [group["path"] for group in group_bies]
        assert paths == sorted(paths)
        assert {"path": "@google_genai.request.model", "tagName": "model"} in group_bies


def test_revisions_are_filtered_by_what_replaces_the_deprecated_list(local: dict[str, Json]) -> None:
    assert "error" not in local, local["error"]
    [account] = [r["object"] for r in local["requests"] if r["type"].endswith(":IntegrationSts")]
    assert "cloudRunRevisionFilters" not in account
    assert account["monitoredResourceConfigs"] == [{"type": "cloud_run_revision", "filters": ["service:llm-api"]}]
