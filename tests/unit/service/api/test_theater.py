"""``/v1/theater``: off by default, for operators only, and the failures are those that drills prove."""

import json
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from service.settings import WrongSetting, read_environment
from service.theater.alerts import graph_query
from service.theater.failures import FAILURES, Failure
from tests.conftest import ROOT
from tests.unit.service.conftest import OPERATOR, READER, Create
from tests.unit.service.fakes import FakeDatadog
from tests.unit.service.google import Google

URL = "/v1/theater"
RUNBOOKS = "https://github.com/example/firedrill/blob/main/docs/runbooks"
MONITOR = {
    "id": 7, "name": "llm-api test: Chat errors above 5 % of chats", "type": "query alert", "overall_state": "Alert",
    "query": "sum(last_10m):default_zero(sum:a.errors{env:test}.as_count()) / (sum:a.hits{env:test}.as_count() + 20)"
             " > 0.05",
    "message": f"Runbook: {RUNBOOKS}/requests-fail.md @workflow-switch-model",
    "options": {"thresholds": {"critical": 0.05, "warning": 0.01}},
}  # fmt: skip


@pytest.fixture
def operator(create: Create, google: Google) -> FlaskClient:
    """Return an operator of a deployment whose theater is on."""
    client = create(THEATER="on", GOOGLE_VERTEX_BASE_URL=google.url).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {OPERATOR}"
    return client


def test_it_is_off_by_default(create: Create) -> None:
    client = create().test_client()
    assert client.get(URL, headers={"Authorization": f"Bearer {OPERATOR}"}).status_code == 404
    assert '"theater": false' in client.get("/config.js").text
    with pytest.raises(WrongSetting, match="THEATER is 'yes': give on or off"):
        read_environment({"THEATER": "yes"})


@pytest.mark.parametrize(("token", "status"), [("", 401), (READER, 403)])
def test_it_needs_the_role_operate(create: Create, token: str, status: int) -> None:
    client = create(THEATER="on").test_client()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert client.get(URL, headers=headers).status_code == status
    assert client.post(f"{URL}/failure", json={"failure": "outage"}, headers=headers).status_code == status
    assert client.delete(f"{URL}/failure", headers=headers).status_code == status
    assert client.get(f"{URL}/alerts?failure=outage&since=1", headers=headers).status_code == status


def test_a_failure_begins_and_ends_and_undoes_what_workflows_changed(operator: FlaskClient, google: Google) -> None:
    assert operator.post(f"{URL}/failure", json={"failure": "slow"}).get_json() == {"active": "slow"}
    [failure] = google.failures.listing()
    assert (failure["mode"], failure["model"], failure["seconds"]) == ("slow", "gemini-3.8-flash", 8)
    assert operator.get(URL).get_json()["active"] == "slow"
    operator.post(f"{URL}/failure", json={"failure": "quality"})
    assert google.failures.listing() == []
    operator.post("/v1/control/model", json={"model": "gemini-3.5-flash-lite"})
    operator.post("/v1/control/cache", json={"enabled": True})
    assert operator.delete(f"{URL}/failure").get_json() == {"active": None}
    state = operator.get("/v1/control").get_json()
    assert (state["model"], state["cache"]) == ("gemini-3.8-flash", False)


def test_googles_own_gemini_is_never_made_to_fail(create: Create) -> None:
    client = create(THEATER="on").test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {OPERATOR}"
    offered = client.get(URL).get_json()["failures"]
    assert [failure["key"] for failure in offered] == ["quality", "injection"]
    answer = client.post(f"{URL}/failure", json={"failure": "outage"})
    assert answer.status_code == 400
    assert "cannot be made to fail" in answer.get_json()["detail"]


def test_an_unknown_failure_names_the_known_ones(operator: FlaskClient) -> None:
    answer = operator.post(f"{URL}/failure", json={"failure": "flood"})
    assert (answer.status_code, "throttled" in answer.get_json()["detail"]) == (400, True)
    assert "since" in operator.get(f"{URL}/alerts?failure=outage").get_json()["detail"]


def test_the_accounts_view_has_states_series_events_pages_and_runs(operator: FlaskClient, datadog: FakeDatadog) -> None:
    event = {"title": "[Alert on *] llm-api test: Chat errors", "status": "error", "monitor": {"id": 7}}
    page = {"title": "Chat errors", "created_at": "1970-01-01T00:02:00Z", "resolved_at": "1970-01-01T00:05:00Z"}
    workflow = {"name": "Switch", "spec": {"handle": "switch-model"}}
    prepared: dict[str, Any] = {
        "/api/v1/monitor": [MONITOR],
        "/api/v1/query": {"series": [
            {"pointlist": [[60_000.0, 0.0]], "interval": 60}, {"pointlist": [[60_000.0, 0.4]], "interval": 60},
        ]},
        "/api/v2/events": {"data": [{"attributes": {"timestamp": "1970-01-01T00:01:00Z", "attributes": event}}]},
        "/api/v2/on-call/pages": {"data": [{"attributes": page}]},
        "/api/v2/incidents": {"data": [{"attributes": {"title": "Errors", "created": "1970-01-01T00:03:00Z"}}]},
        "/api/v2/workflows": {"data": [{"id": "w", "attributes": workflow}]},
        "/api/v2/workflows/w/instances": {"data": [{"id": "run"}]},
    }  # fmt: skip
    for path, body in prepared.items():
        datadog.prepare("GET", path, body)
    view = operator.get(f"{URL}/alerts?failure=outage&since=30").get_json()
    [alert] = view["alerts"]
    assert (alert["key"], alert["title"], alert["state"]) == (
        "requests-fail",
        "Chat errors above 5 % of chats",
        "Alert",
    )
    assert (alert["critical"], alert["series"]) == (0.05, {"times": [120.0], "values": [0.4]})
    assert [(event["at"], event["kind"]) for event in view["events"]] == [
        (60, "alert"), (120, "page"), (180, "incident"), (300, "page resolved"),
    ]  # fmt: skip
    assert view["events"][0]["text"] == "Chat errors"
    assert view["workflows"] == [{"name": "Switch", "runs": ["run"]}]
    assert (view["missing"], view["problems"]) == (
        ["gemini-calls-fail", "breaker-opens", "availability-fast-burn"],
        [],
    )
    # A second page asks Datadog nothing.
    asked = len(datadog.paths("GET"))
    operator.get(f"{URL}/alerts?failure=outage&since=30")
    assert len(datadog.paths("GET")) == asked


def test_a_product_that_is_off_hides_no_other(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", "/api/v1/monitor", [MONITOR])
    datadog.prepare("GET", "/api/v2/events", {"data": []})
    datadog.prepare("GET", "/api/v2/on-call/pages", {"errors": ["Forbidden"]}, 403)
    view = operator.get(f"{URL}/alerts?failure=outage&since=30").get_json()
    assert view["alerts"][0]["state"] == "Alert"
    assert any("refused" in problem for problem in view["problems"])


def test_counts_are_added_up_over_the_monitors_window() -> None:
    assert graph_query(MONITOR) == (
        "default_zero(moving_rollup(sum:a.errors{env:test}.as_count(), 600, 'sum'))"
        " / (moving_rollup(sum:a.hits{env:test}.as_count(), 600, 'sum') + 20)"
    )
    assert graph_query({"type": "log alert", "query": 'logs("*").last("5m") > 1'}) is None


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.key)
def test_each_failure_is_that_of_its_scenario(failure: Failure) -> None:
    scenario = yaml.safe_load((ROOT / "drills" / "scenarios" / f"{failure.scenario}.yaml").read_text())
    given = {"callers": failure.callers} if failure.gemini is None else {
        "gemini": failure.gemini.mode, "model": failure.gemini.model,
        **({"seconds": failure.gemini.seconds} if failure.gemini.seconds else {}),
    }  # fmt: skip
    assert scenario["given"] == given
    assert set(failure.alerts) <= {expected["alert"] for expected in scenario["then"] if "fires_within" in expected}
    drill = json.loads((ROOT / "service" / "static" / "theater" / "drills" / f"{failure.key}.json").read_text())
    assert [alert["key"] for alert in drill["alerts"]] == list(failure.alerts)
