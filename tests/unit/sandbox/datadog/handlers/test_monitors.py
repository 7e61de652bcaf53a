"""Monitors."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import MONITOR_STATES, Directory
from tests.unit.sandbox.datadog.conftest import KEYS, create_monitor

ORG = KEYS["DD-API-KEY"]


def test_a_monitor_has_the_defaults_of_the_server(api: TestClient) -> None:
    monitor = create_monitor(api, options={"thresholds": {"critical": 10}})
    assert monitor["type"] == "query alert"
    assert monitor["multi"]
    assert monitor["options"]["thresholds"] == {"critical": 10.0}
    assert monitor["overall_state"] == "No Data"
    assert api.get(f"/api/v1/monitor/{monitor['id']}").json() == monitor


def test_a_monitor_has_the_state_that_the_evaluator_stored(api: TestClient, directory: Directory) -> None:
    identifier = create_monitor(api)["id"]
    groups = {name: {"name": name, "status": status} for name, status in (("host:a", "Alert"), ("host:b", "OK"))}
    directory.put(ORG, MONITOR_STATES, str(identifier), {"overall_state": "Alert", "groups": groups})
    monitor = api.get(f"/api/v1/monitor/{identifier}", params={"group_states": "alert"}).json()
    assert monitor["overall_state"] == "Alert"
    assert list(monitor["state"]["groups"]) == ["host:a"]


def test_a_monitor_that_is_used_is_not_deleted_without_force(api: TestClient) -> None:
    first, second = create_monitor(api)["id"], create_monitor(api)["id"]
    create_monitor(api, type="composite", query=f"{first} && {second}")
    refused = api.delete(f"/api/v1/monitor/{first}")
    assert refused.status_code == 400
    assert "composite" in refused.json()["errors"][0]
    assert api.delete(f"/api/v1/monitor/{first}", params={"force": "true"}).status_code == 200


def test_an_invalid_monitor_is_refused(api: TestClient) -> None:
    for change in (
        {"query": "avg(last_5m):avg:app.q{* > 10"},
        {"options": {"thresholds": {"critical": 11}}},
        {"options": {"thresholds": {"critical": 10, "warning": 12}}},
        {"type": "composite", "query": "123 && 456"},
        {"type": "slo alert", "query": 'error_budget("x").over("7d") > 75'},
        {"query": "avg(last_5m):defualt_zero(avg:app.q{*}) > 10"},
        {"query": "avg(last_5m):avg:app.q{*}.as_cuont() > 10"},
        {"type": "log alert", "query": 'logs("(a OR b").rollup("count").last("5m") > 10'},
        {"type": "rum alert", "query": 'rum("a").rollup("cuont").last("5m") > 10'},
        {
            "type": "service check",
            "query": '"a.up".over("*").last(2).count_by_status()',
            "options": {"thresholds": {"critical": 3}},
        },
    ):
        body = {"type": "query alert", "query": "avg(last_5m):avg:app.q{*} > 10", **change}
        for path in ("/api/v1/monitor/validate", "/api/v1/monitor"):
            assert api.post(path, json=body).status_code == 400, change


def test_options_as_exports_have_them_are_answered(api: TestClient) -> None:
    shown = {"critical": 10, "comparison": ">", "period": {"seconds": 300, "text": "5 minutes"}}
    for options in (
        {"thresholds": shown},
        {"thresholds": {"critical": 10}, "threshold_windows": None, "locked": None},
        {"thresholds": None},
    ):
        assert create_monitor(api, options=options)["query"].endswith("> 10")


def test_lists_are_paged(api: TestClient) -> None:
    for n in range(5):
        create_monitor(api, name=f"m{n}")
    names = [monitor["name"] for monitor in api.get("/api/v1/monitor", params={"page": 1, "page_size": 2}).json()]
    assert names == ["m2", "m3"]
    assert api.get("/api/v1/monitor", params={"page": "x"}).status_code == 400


def test_only_a_formula_makes_a_query_alert_a_metric_alert(api: TestClient) -> None:
    variable = {"name": "a", "data_source": "metrics", "query": "avg:app.q{*}"}
    options = {"variables": [variable], "thresholds": {"critical": 5}}
    monitor = create_monitor(api, query='formula("a").last("5m") > 5', options=options)
    assert monitor["type"] == "metric alert"
    plain = create_monitor(api, type="metric alert")
    assert plain["type"] == "metric alert"
    changed = api.put(f"/api/v1/monitor/{plain['id']}", json={"type": "query alert"})
    assert changed.json()["type"] == "query alert"


def test_a_grouped_query_is_multi_also_as_one_simple_alert(api: TestClient) -> None:
    query = 'logs("status:error").index("*").rollup("count").by("service").last("5m") > 2'
    options = {"groupby_simple_monitor": True, "thresholds": {"critical": 2}}
    assert create_monitor(api, type="log alert", query=query, options=options)["multi"]


@pytest.mark.parametrize(
    ("window", "type_"),
    [({"day_starts": "04:00", "month_starts": 1}, "query alert"), ({"hour_starts": 0}, "metric alert")],
)
def test_a_window_that_starts_on_a_day_makes_a_query_alert(api: TestClient, window: dict[str, Any], type_: str) -> None:
    """By the recordings TestAccDatadogMonitor_SchedulingOptions and ..._SchedulingOptionsHourStart."""
    timeframe = "current_1h" if "hour_starts" in window else "current_1mo"
    body = {
        "type": "metric alert",
        "query": f"avg({timeframe}):avg:system.load.5{{*}} > 0.5",
        "options": {"scheduling_options": {"evaluation_window": window}, "thresholds": {"critical": 0.5}},
    }
    assert api.post("/api/v1/monitor", json=body).json()["type"] == type_


def test_texts_are_trimmed_and_priority_0_is_none(api: TestClient) -> None:
    """By the recordings TestAccDatadogMonitor_TrimWhitespace and TestAccDatadogMonitor_BasicNoTreshold."""
    body = {
        "type": "query alert",
        "query": "avg(last_1h):avg:aws.ec2.cpu{*} > 2\n",
        "message": "some message\n",
        "priority": 0,
        "options": {"escalation_message": "escalated\n", "thresholds": {"critical": 2}},
    }
    monitor = api.post("/api/v1/monitor", json=body).json()
    assert (monitor["message"], monitor["query"]) == ("some message", "avg(last_1h):avg:aws.ec2.cpu{*} > 2")
    assert (monitor["options"]["escalation_message"], monitor["priority"]) == ("escalated", None)
