"""Each endpoint of the service on a running stack, and its effect in the account.

That parameters in the query string mean the same as in a JSON body is tested in process
(tests/unit/service/datadog/test_routes.py).
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Sandbox
from tests.integration.service.sandbox import eventually

pytestmark = pytest.mark.e2e

Json = Any
EVER = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
SCHEDULE = "Primary LLM On-Call"


@dataclass(frozen=True)
class Caller:
    """A caller of the service, who also reads the account."""

    sandbox: Sandbox

    def request(self, method: str, path: str, /, **parameters: Any) -> httpx.Response:
        """Call ``/datadog``: with a JSON body in a POST, with a query string in a GET."""
        url = f"http://localhost:{self.sandbox.settings.port}/datadog{path}"
        if method == "POST":
            return httpx.post(url, json=parameters, timeout=60)
        return httpx.get(url, params=parameters, timeout=60)

    def post(self, path: str, /, **parameters: Any) -> Json:
        """Return the JSON of a POST that succeeds."""
        answer = self.request("POST", path, **parameters)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str, /, **parameters: Any) -> Json:
        """Return the JSON of a GET that succeeds."""
        return self.request("GET", path, **parameters).raise_for_status().json()

    def account(self, method: str, path: str, **options: Any) -> Json:
        """Call Datadog's API and return the JSON response."""
        return self.sandbox.datadog(method, path, **options)

    def search(self, path: str, query: str) -> Json:
        """Return events as soon as they have arrived."""
        body = {"filter": {"query": query, **EVER}}
        return eventually(lambda: self.account("POST", path, json=body)["data"], 40, query)

    def pages(self, title: str) -> list[Json]:
        """Return the attributes of the pages with this title."""
        pages = self.account("GET", "/api/v2/on-call/pages", params={"page[size]": 1000})["data"]
        return [page["attributes"] for page in pages if page["attributes"]["title"] == title]

    def delivered_pages(self, title: str) -> list[Json]:
        """Return the pages that a person received."""
        return [page for page in self.pages(title) if page.get("paged")]


def unique_text() -> str:
    """Return a text that is unique to each run; too short to look like a card number."""
    return uuid.uuid4().hex[:8]


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    """Return a caller of the running stack."""
    return Caller(sandbox)


@pytest.fixture(scope="module", autouse=True)
def alert(sandbox: Sandbox) -> Iterator[Json]:
    """Create a monitor that fires when somebody chats. It takes minutes: the tests that need it come last."""
    query = "sum(last_5m):sum:llm.chat.requests{service:llm-api} by {outcome}.as_count() > 0"
    body = {"name": f"Somebody chats {unique_text()}", "type": "query alert", "query": query, "message": "",
            "tags": ["service:llm-api"], "options": {"thresholds": {"critical": 0}}}  # fmt: skip
    monitor = sandbox.datadog("POST", "/api/v1/monitor", json=body)
    httpx.post(f"http://localhost:{sandbox.settings.port}/v1/chat", json={"message": "hi"}, timeout=60)
    yield monitor
    sandbox.datadog("DELETE", f"/api/v1/monitor/{monitor['id']}")


def cells(caller: Caller, created: Json) -> tuple[Json, list[Json]]:
    """Return a notebook's attributes, and the definitions of its cells."""
    notebook = caller.account("GET", f"/api/v1/notebooks/{created['notebook_id']}")["data"]["attributes"]
    return notebook, [cell["attributes"]["definition"] for cell in notebook["cells"]]


def queries(definitions: list[Json]) -> list[str]:
    """Return the queries of a notebook's graphs."""
    return [request["q"] for definition in definitions for request in definition.get("requests", ())]


def test_a_synthetic_test_is_created_then_updated(caller: Caller) -> None:
    parameters = {"name": f"Created {unique_text()}", "url": "https://example.com/", "method": "HEAD", "frequency": 300}
    created = caller.post("/synthetics/tests", **parameters, status=204)
    test = caller.account("GET", f"/api/v1/synthetics/tests/{created['public_id']}")
    assert (test["name"], test["options"]["tick_every"]) == (parameters["name"], 300)
    assert (test["config"]["request"]["url"], test["config"]["request"]["method"]) == (parameters["url"], "HEAD")
    assert test["config"]["assertions"][0]["target"] == 204
    again = caller.post("/synthetics/tests", **parameters | {"frequency": 900})
    assert (again["public_id"], again["created"]) == (created["public_id"], False)
    assert caller.account("GET", f"/api/v1/synthetics/tests/{created['public_id']}")["options"]["tick_every"] == 900


def test_a_health_check_asks_for_health(caller: Caller) -> None:
    created = caller.post("/synthetics/health-check", service_url="https://health.example.org/")
    test = caller.account("GET", f"/api/v1/synthetics/tests/{created['public_id']}")
    assert test["config"]["request"]["url"] == "https://health.example.org/health"
    assert caller.account("GET", f"/api/v1/monitor/{created['monitor_id']}")["type"] == "synthetics alert"


def test_the_list_of_tests_has_each_ones_last_result_its_time_and_its_monitors_state(caller: Caller) -> None:
    def ran() -> Json:
        rows = [test for test in caller.get("/synthetics/tests")["tests"] if test["managed_by"] == "pulumi"]
        return [row for row in rows if row["last_result"]]

    rows = eventually(ran, 90, "a run of a declared test")
    listed = {test["public_id"] for test in caller.account("GET", "/api/v1/synthetics/tests")["tests"]}
    for row in rows:
        results = caller.account("GET", f"/api/v1/synthetics/tests/{row['public_id']}/results")["results"]
        assert row["last_run"] in [result["check_time"] for result in results]
        assert row["last_result"] in ("passed", "failed")
        assert row["monitor_state"] in ("OK", "Alert", "No Data")
    assert {test["public_id"] for test in caller.get("/synthetics/tests")["tests"]} >= listed


def test_a_cost_notebook_asks_what_each_model_costs(caller: Caller) -> None:
    notebook, shown = cells(caller, caller.post("/notebooks/cost-optimization", time_range_hours=5))
    assert "live_span" not in notebook["time"]  # Datadog has no name for a window of 5 h
    assert any(query.startswith("sum:llm.chat.cost{") and "by {model}" in query for query in queries(shown))
    assert any("by {model,direction}" in query for query in queries(shown))
    assert any(cell.get("query", "").endswith("@cost_usd:>0") for cell in shown)


def test_an_anomaly_notebook_compares_with_the_usual_band(caller: Caller) -> None:
    notebook, shown = cells(caller, caller.post("/notebooks/anomaly-analysis", time_range_hours=168))
    assert notebook["time"] == {"live_span": "1w"}
    bands = [query for query in queries(shown) if query.startswith("anomalies(")]
    assert any("llm.chat.latency" in band for band in bands) and any("llm.chat.cost" in band for band in bands)


@pytest.mark.parametrize("by", ["id", "handle", "name"])
def test_a_workflow_is_started_by_id_handle_or_name_and_the_context_is_its_input(caller: Caller, by: str) -> None:
    listed = caller.account("GET", "/api/v2/workflows")["data"]
    [workflow] = [workflow for workflow in listed if workflow["attributes"]["spec"]["handle"] == "page-on-call"]
    key = {"id": workflow["id"], "handle": "page-on-call", "name": workflow["attributes"]["name"]}[by]
    title = f"Paged by workflow {by} {unique_text()}"
    answer = caller.request("POST", f"/workflows/trigger/{key}", context={"title": title})
    assert answer.is_success, answer.text
    started = answer.json()
    assert (started["workflow_id"], started["handle"]) == (workflow["id"], "page-on-call")
    at = f"/api/v2/workflows/{workflow['id']}/instances/{started['instance_id']}"
    assert caller.account("GET", at)["data"]["id"] == started["instance_id"]
    [page] = eventually(lambda: caller.delivered_pages(title), 60, "the workflow's page")
    assert page["paged"][0]["who"]


def test_an_unknown_workflow_lists_the_handles(caller: Caller) -> None:
    answer = caller.request("POST", "/workflows/trigger/nothing")
    assert answer.status_code == 404
    for handle in ("switch-model", "enable-cache", "roll-back", "open-incident", "page-on-call", "anomaly-notebook"):
        assert handle in answer.json()["detail"]


def test_the_model_is_switched_for_all_instances(caller: Caller) -> None:
    model = "gemini-3.5-flash-lite"
    created = caller.post("/workflows/model-switch", model=model, reason="a test")
    try:
        assert (created["status"], created["model"]) == ("succeeded", model)
        chat = f"http://localhost:{caller.sandbox.settings.port}/v1/chat"
        models = {httpx.post(chat, json={"message": "hi"}, timeout=60).json()["model"] for _ in range(8)}
        assert models == {model}
    finally:
        caller.request("POST", "/workflows/model-switch", model="gemini-3.8-flash").raise_for_status()


def test_a_page_reaches_whoever_is_on_call_now(caller: Caller) -> None:
    message = f"Paged {unique_text()}"
    created = caller.request(
        "POST", "/oncall/page", schedule_name="Primary", message=message, severity="critical"
    ).json()
    now = caller.get(f"/oncall/current/{SCHEDULE}")["on_call"]
    assert (created["status"], created["schedule"], created["urgency"]) == ("sent", SCHEDULE, "high")
    [page] = eventually(lambda: caller.delivered_pages(message), 30, "somebody to be paged")
    assert (page["urgency"], page["target"]["identifier"]) == ("high", created["team"])
    assert {"managed_by:service", "severity:critical"} <= set(page["tags"])
    assert page["paged"][0]["who"] == [{name: now[name] for name in ("id", "name", "email")}]


def test_a_critical_error_pages_with_its_type(caller: Caller) -> None:
    message = f"an error {unique_text()}"
    created = caller.request("POST", "/oncall/critical-error", error_message=message, error_type="Broken").json()
    assert created["urgency"] == "high"
    [page] = caller.pages(f"Broken: {message}")
    assert page["target"] == {"identifier": created["team"], "type": "team_handle"}


def test_the_person_on_call_is_that_of_the_schedule(caller: Caller) -> None:
    current = caller.get(f"/oncall/current/{SCHEDULE}")
    at = f"/api/v2/on-call/schedules/{current['schedule_id']}/on-call"
    shift = caller.account("GET", at, params={"include": "user"})
    assert current["on_call"]["id"] == shift["data"]["relationships"]["user"]["data"]["id"]
    assert current["on_call"]["email"] == shift["included"][0]["attributes"]["email"]
    missing = caller.request("GET", "/oncall/current/Nobody")
    assert missing.status_code == 404 and SCHEDULE in missing.json()["detail"]


def test_a_schedule_is_found_behind_a_hundred_other_teams(caller: Caller) -> None:
    created = []
    try:
        for number in range(101):  # by name before ours, so that ours is on the second page
            attributes = {"name": f"A team {number:03d}", "handle": f"a-team-{number:03d}"}
            body = {"data": {"type": "team", "attributes": attributes}}
            created.append(caller.account("POST", "/api/v2/team", json=body)["data"]["id"])
        assert caller.get(f"/oncall/current/{SCHEDULE}")["schedule"] == SCHEDULE
    finally:
        for identifier in created:
            caller.account("DELETE", f"/api/v2/team/{identifier}")


@pytest.mark.parametrize("kind", ["llm-request", "cost", "security"])
def test_a_log_pipeline_is_created_updated_and_created_again(caller: Caller, kind: str) -> None:
    created = caller.post(f"/log-pipelines/{kind}", enabled=True)
    at = f"/api/v1/logs/config/pipelines/{created['id']}"
    pipeline = caller.account("GET", at)
    assert pipeline["is_enabled"] and pipeline["processors"]
    assert pipeline["filter"]["query"].startswith("service:llm-api")
    assert "managed_by:service" in pipeline["tags"]
    off = caller.post(f"/log-pipelines/{kind}", enabled=False)
    assert (off["id"], off["created"]) == (created["id"], False)
    assert not caller.account("GET", at)["is_enabled"]
    rows = caller.get("/log-pipelines")["pipelines"]
    assert next(row for row in rows if row["id"] == created["id"])["managed_by"] == "service"
    assert {row["id"] for row in rows} == {
        pipeline["id"] for pipeline in caller.account("GET", "/api/v1/logs/config/pipelines")
    }
    caller.account("DELETE", at)
    again = caller.post(f"/log-pipelines/{kind}")
    assert again["created"] is False or again["id"] != created["id"]
    caller.account("DELETE", f"/api/v1/logs/config/pipelines/{again['id']}")


def test_a_services_tags_are_in_the_catalog_and_on_the_span(caller: Caller) -> None:
    name, key = "tagged", unique_text()
    created = caller.post("/service-map/enhance-tags", service=name, tags=["tier:gold", f"key:{key}"])
    [entity] = caller.account("GET", "/api/v2/catalog/entity", params={"filter[ref]": f"service:{name}"})["data"]
    assert entity["id"] == created["entity_id"]
    assert {"tier:gold", f"key:{key}", "managed_by:service"} <= set(entity["attributes"]["tags"])
    search_spans(caller, f"@key:{key} @tier:gold")
    managed = caller.request("POST", "/service-map/enhance-tags", service="llm-api", tags=["a:b"])
    assert managed.status_code == 409 and "managed by Pulumi" in managed.json()["detail"]


def search_spans(caller: Caller, query: str) -> list[Json]:
    """Return spans as soon as they have arrived."""
    attributes = {"filter": {"query": query, **EVER}}
    body = {"data": {"type": "search_request", "attributes": attributes}}
    spans: list[Json] = eventually(
        lambda: caller.account("POST", "/api/v2/spans/events/search", json=body)["data"], 40, query
    )
    return spans


def test_a_dependency_is_a_client_span_to_its_peer(caller: Caller) -> None:
    peer = f"vector-store-{unique_text()}"
    created = caller.post("/service-map/track-dependency", target=peer, source="indexer", type="db")
    spans = [span["attributes"] for span in search_spans(caller, f"@peer.service:{peer}")]
    assert created["trace_id"][16:] in json.dumps(spans) or created["trace_id"] in json.dumps(spans)
    assert {span["service"] for span in spans} == {"indexer"}


def test_a_deployment_is_in_dora_and_an_event(caller: Caller) -> None:
    version = f"1-{unique_text()}"
    created = caller.request("POST", "/ci/deployment", version=version, environment="prod", duration_seconds=90).json()
    query = {"query": f"write_id:{created['id']}", **EVER}
    body = {"data": {"type": "dora_deployments_list_request", "attributes": query}}
    [deployment] = caller.account("POST", "/api/v2/dora/deployments", json=body)["data"]
    assert (deployment["attributes"]["version"], deployment["attributes"]["env"]) == (version, "prod")
    started, finished = (
        datetime.fromisoformat(deployment["attributes"][f"{name}_at"]) for name in ("started", "finished")
    )
    assert (finished - started).total_seconds() == pytest.approx(90, abs=0.001)
    [event] = caller.search("/api/v2/events/search", f"event_type:deployment version:{version}")
    assert version in event["attributes"]["attributes"]["title"]
    assert caller.get(f"/writes/{created['id']}")["status"] == "sent"


def test_a_test_result_is_in_test_optimization(caller: Caller) -> None:
    name = f"a test {unique_text()}"
    caller.post("/ci/test-result", test_name=name, status="fail", suite="e2e", duration_ms=12.5)
    event = caller.search("/api/v2/ci/tests/events/search", f'@test.name:"{name}"')[0]["attributes"]
    assert (event["attributes"]["test"]["status"], event["attributes"]["test"]["suite"]) == ("fail", "e2e")


def test_a_build_is_in_ci_visibility(caller: Caller) -> None:
    name = f"built-{unique_text()}"
    caller.post("/ci/build", name=name, status="error", duration_seconds=30)
    event = caller.search("/api/v2/ci/pipelines/events/search", f"@ci.pipeline.name:{name}")[0]["attributes"]
    assert event["attributes"]["ci"]["status"] == "error"


def test_a_tracked_error_is_an_issue_in_the_summary(caller: Caller) -> None:
    kind = f"Broken{unique_text()}"
    parameters = {"error_message": "it broke", "error_type": kind, "user_action": "checkout"}
    caller.post("/error-tracking/track", **parameters)

    def issues() -> Json:
        summary = caller.get("/error-tracking/summary", hours=1)
        return [issue for issue in summary["issues"] if kind in json.dumps(issue)]

    assert eventually(issues, 60, "the issue")


def test_the_list_of_products_says_what_works(caller: Caller) -> None:
    listed = caller.get("/products")
    assert listed["count"] == len(listed["products"]) == 19
    assert {"On-Call", "Notebooks", "Error Tracking"} <= {product["name"] for product in listed["products"]}


def test_an_incident_is_updated_resolved_and_gets_context(caller: Caller) -> None:
    opened = caller.request("POST", "/incidents", title="Whole life", customer_impacted=True).json()
    at = f"/incidents/{opened['incident_id']}"
    caller.request("POST", at, severity="SEV-1", title="Renamed").raise_for_status()
    attached = caller.request("POST", f"{at}/context", title="Trace", url="https://example.com/trace").json()
    caller.request("POST", f"{at}/resolve").raise_for_status()
    incident = caller.account("GET", f"/api/v2/incidents/{opened['incident_id']}")["data"]
    shown = incident["attributes"]
    assert (shown["title"], shown["severity"], shown["state"]) == ("Renamed", "SEV-1", "resolved")
    assert shown["customer_impacted"]
    assert [link["id"] for link in incident["relationships"]["attachments"]["data"]] == [attached["attachment_id"]]
    [row] = [row for row in caller.get("/incidents")["incidents"] if row["id"] == opened["incident_id"]]
    assert (row["title"], row["state"]) == ("Renamed", "resolved")


def test_a_root_cause_notebook_shows_what_fired_and_of_which_incident(caller: Caller, alert: Json) -> None:
    def fires() -> bool:
        httpx.post(f"http://localhost:{caller.sandbox.settings.port}/v1/chat", json={"message": "hi"}, timeout=60)
        return bool(caller.account("GET", f"/api/v1/monitor/{alert['id']}")["overall_state"] == "Alert")

    eventually(fires, 240, "the alert")
    opened = caller.post("/incidents", title="Incident of a test", severity="SEV-2")
    parameters = {"incident_id": opened["incident_id"], "time_range_hours": 4}
    notebook, shown = cells(caller, caller.post("/notebooks/root-cause-analysis", **parameters))
    incident = caller.account("GET", f"/api/v2/incidents/{opened['incident_id']}")["data"]["attributes"]
    assert "Incident of a test" in notebook["name"]
    assert notebook["time"] == {"live_span": "4h"}
    text = json.dumps(shown)
    assert f"Incident {incident['public_id']}: active" in text
    assert alert["name"] in text and "Watchdog" in text
    assert "Slowest traces" in text and "| took |" in text
    graphs = queries(shown)
    assert "sum:llm.chat.requests{service:llm-api} by {outcome}.as_count()" in graphs
    assert any(query.startswith("sum:llm.chat.cost{") and "by {model}" in query for query in graphs)
    # Without a body: the latest incident.
    latest, _ = cells(caller, caller.post("/notebooks/root-cause-analysis"))
    assert "Incident of a test" in latest["name"]
