"""Each endpoint of the service in both its forms, and what then is in the account."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import pytest

from tests.e2e.conftest import Sandbox
from tests.service.sandbox import eventually

pytestmark = pytest.mark.e2e

Json = Any
EVER = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
SCHEDULE = "Primary LLM On-Call"


@dataclass(frozen=True)
class Caller:
    """Calls the service in one form, and reads the account."""

    sandbox: Sandbox
    form: Literal["json", "query"]

    def ask(self, method: str, path: str, /, **given: Any) -> httpx.Response:
        """A call of ``/datadog``: the parameters as a JSON body, or in the query string as people write them."""
        url = f"http://localhost:{self.sandbox.settings.port}/datadog{path}"
        if self.form == "json" and method == "POST":
            return httpx.request(method, url, json=given, timeout=60)
        params = {name: _written(value) for name, value in given.items()}
        return httpx.request(method, url, params=params, timeout=60)

    def did(self, path: str, /, **given: Any) -> Json:
        """The answer to a POST that succeeds; one with a parameter too many does not."""
        answer = self.ask("POST", path, **given)
        assert answer.is_success, answer.text
        assert self.ask("POST", path, **given, nonsense=1).status_code == 400
        return answer.json()

    def got(self, path: str, /, **given: Any) -> Json:
        """The answer to a GET."""
        return self.ask("GET", path, **given).raise_for_status().json()

    def account(self, method: str, path: str, **options: Any) -> Json:
        """Datadog's API."""
        return self.sandbox.datadog(method, path, **options)

    def searched(self, path: str, query: str) -> Json:
        """Events that arrive, sooner or later."""
        body = {"filter": {"query": query, **EVER}}
        return eventually(lambda: self.account("POST", path, json=body)["data"], 40, query)

    def pages(self, title: str) -> list[Json]:
        """The attributes of the pages with this title."""
        found = self.account("GET", "/api/v2/on-call/pages", params={"page[size]": 1000})["data"]
        return [one["attributes"] for one in found if one["attributes"]["title"] == title]

    def reached(self, title: str) -> list[Json]:
        """Those that somebody got."""
        return [one for one in self.pages(title) if one.get("paged")]


def fresh() -> str:
    """What no other run says; too short to be taken for a number of a card."""
    return uuid.uuid4().hex[:8]


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, dict | bool) else str(value)


@pytest.fixture(params=["json", "query"])
def caller(request: pytest.FixtureRequest, sandbox: Sandbox) -> Caller:
    """Both forms."""
    return Caller(sandbox, request.param)


@pytest.fixture
def reader(sandbox: Sandbox) -> Caller:
    """For what a form makes no difference to."""
    return Caller(sandbox, "query")


@pytest.fixture(scope="module", autouse=True)
def alert(sandbox: Sandbox) -> Iterator[Json]:
    """A monitor of the service that is going to fire, since somebody chats: the tests that need it come last."""
    query = "sum(last_5m):sum:llm.chat.requests{service:llm-api} by {outcome}.as_count() > 0"
    body = {"name": f"Somebody chats {fresh()}", "type": "query alert", "query": query, "message": "",
            "tags": ["service:llm-api"], "options": {"thresholds": {"critical": 0}}}  # fmt: skip
    made = sandbox.datadog("POST", "/api/v1/monitor", json=body)
    httpx.post(f"http://localhost:{sandbox.settings.port}/v1/chat", json={"message": "hi"}, timeout=60)
    yield made
    sandbox.datadog("DELETE", f"/api/v1/monitor/{made['id']}")


def cells(caller: Caller, made: Json) -> tuple[Json, list[Json]]:
    """A notebook's attributes, and the definitions of its cells."""
    notebook = caller.account("GET", f"/api/v1/notebooks/{made['notebook_id']}")["data"]["attributes"]
    return notebook, [one["attributes"]["definition"] for one in notebook["cells"]]


def queries(definitions: list[Json]) -> list[str]:
    """What a notebook's graphs ask."""
    return [request["q"] for one in definitions for request in one.get("requests", ())]


def test_a_synthetic_test_is_made_then_updated(caller: Caller) -> None:
    given = {"name": f"Made by {caller.form}", "url": "https://example.com/", "method": "HEAD", "frequency": 300}
    made = caller.did("/synthetics/tests", **given, status=204)
    test = caller.account("GET", f"/api/v1/synthetics/tests/{made['public_id']}")
    assert (test["name"], test["options"]["tick_every"]) == (given["name"], 300)
    assert (test["config"]["request"]["url"], test["config"]["request"]["method"]) == (given["url"], "HEAD")
    assert test["config"]["assertions"][0]["target"] == 204
    again = caller.did("/synthetics/tests", **given | {"frequency": 900})
    assert (again["public_id"], again["created"]) == (made["public_id"], False)
    assert caller.account("GET", f"/api/v1/synthetics/tests/{made['public_id']}")["options"]["tick_every"] == 900


def test_a_health_check_asks_for_health(caller: Caller) -> None:
    made = caller.did("/synthetics/health-check", service_url=f"https://{caller.form}.example.org/")
    test = caller.account("GET", f"/api/v1/synthetics/tests/{made['public_id']}")
    assert test["config"]["request"]["url"] == f"https://{caller.form}.example.org/health"
    assert caller.account("GET", f"/api/v1/monitor/{made['monitor_id']}")["type"] == "synthetics alert"


def test_the_list_of_tests_has_each_ones_last_result_its_time_and_its_monitors_state(reader: Caller) -> None:
    def ran() -> Json:
        rows = [one for one in reader.got("/synthetics/tests")["tests"] if one["managed_by"] == "pulumi"]
        return [one for one in rows if one["last_result"]]

    rows = eventually(ran, 90, "a run of a declared test")
    listed = {one["public_id"] for one in reader.account("GET", "/api/v1/synthetics/tests")["tests"]}
    for row in rows:
        results = reader.account("GET", f"/api/v1/synthetics/tests/{row['public_id']}/results")["results"]
        assert row["last_run"] in [one["check_time"] for one in results]
        assert row["last_result"] in ("passed", "failed")
        assert row["monitor_state"] in ("OK", "Alert", "No Data")
    assert {one["public_id"] for one in reader.got("/synthetics/tests")["tests"]} >= listed


def test_a_cost_notebook_asks_what_each_model_costs(caller: Caller) -> None:
    hours = {"json": 48, "query": 5}[caller.form]
    notebook, shown = cells(caller, caller.did("/notebooks/cost-optimization", time_range_hours=hours))
    assert ("live_span" in notebook["time"]) == (hours == 48)  # Datadog has no name for a window of 5 h
    assert any(one.startswith("sum:llm.chat.cost{") and "by {model}" in one for one in queries(shown))
    assert any("by {model,direction}" in one for one in queries(shown))
    assert any(one.get("query", "").endswith("@cost_usd:>0") for one in shown)


def test_an_anomaly_notebook_compares_with_the_usual_band(caller: Caller) -> None:
    notebook, shown = cells(caller, caller.did("/notebooks/anomaly-analysis", time_range_hours=168))
    assert notebook["time"] == {"live_span": "1w"}
    bands = [one for one in queries(shown) if one.startswith("anomalies(")]
    assert any("llm.chat.latency" in one for one in bands) and any("llm.chat.cost" in one for one in bands)


@pytest.mark.parametrize("by", ["id", "handle", "name"])
def test_a_workflow_is_started_by_id_handle_or_name_and_the_context_is_its_input(caller: Caller, by: str) -> None:
    listed = caller.account("GET", "/api/v2/workflows")["data"]
    [workflow] = [one for one in listed if one["attributes"]["spec"]["handle"] == "page-on-call"]
    named = {"id": workflow["id"], "handle": "page-on-call", "name": workflow["attributes"]["name"]}[by]
    title = f"Paged by workflow {by} {caller.form} {fresh()}"
    answer = caller.ask("POST", f"/workflows/trigger/{named}", context={"title": title})
    assert answer.is_success, answer.text
    started = answer.json()
    assert (started["workflow_id"], started["handle"]) == (workflow["id"], "page-on-call")
    at = f"/api/v2/workflows/{workflow['id']}/instances/{started['instance_id']}"
    assert caller.account("GET", at)["data"]["id"] == started["instance_id"]
    [page] = eventually(lambda: caller.reached(title), 60, "the workflow's page")
    assert page["paged"][0]["who"]


def test_an_unknown_workflow_lists_the_handles(caller: Caller) -> None:
    answer = caller.ask("POST", "/workflows/trigger/nothing")
    assert answer.status_code == 404
    for handle in ("switch-model", "enable-cache", "roll-back", "open-incident", "page-on-call", "anomaly-notebook"):
        assert handle in answer.json()["detail"]


def test_the_model_is_switched_for_all_instances(caller: Caller) -> None:
    wanted = "gemini-3.5-flash-lite"
    made = caller.did("/workflows/model-switch", model=wanted, reason=f"a test by {caller.form}")
    try:
        assert (made["status"], made["model"]) == ("succeeded", wanted)
        chat = f"http://localhost:{caller.sandbox.settings.port}/v1/chat"
        models = {httpx.post(chat, json={"message": "hi"}, timeout=60).json()["model"] for _ in range(8)}
        assert models == {wanted}
    finally:
        caller.ask("POST", "/workflows/model-switch", model="gemini-3.8-flash").raise_for_status()


def test_a_page_reaches_whoever_is_on_call_now(caller: Caller) -> None:
    message = f"Paged by {caller.form} {fresh()}"
    made = caller.ask("POST", "/oncall/page", schedule_name="Primary", message=message, severity="critical").json()
    now = caller.got(f"/oncall/current/{SCHEDULE}")["on_call"]
    assert (made["status"], made["schedule"], made["urgency"]) == ("sent", SCHEDULE, "high")
    [page] = eventually(lambda: caller.reached(message), 30, "somebody to be paged")
    assert (page["urgency"], page["target"]["identifier"]) == ("high", made["team"])
    assert {"managed_by:service", "severity:critical"} <= set(page["tags"])
    assert page["paged"][0]["who"] == [{name: now[name] for name in ("id", "name", "email")}]


def test_a_critical_error_pages_with_its_type(caller: Caller) -> None:
    message = f"by {caller.form} {fresh()}"
    made = caller.ask("POST", "/oncall/critical-error", error_message=message, error_type="Broken").json()
    assert made["urgency"] == "high"
    [page] = caller.pages(f"Broken: {message}")
    assert page["target"] == {"identifier": made["team"], "type": "team_handle"}


def test_who_is_on_call_is_the_schedules_own_word(reader: Caller) -> None:
    found = reader.got(f"/oncall/current/{SCHEDULE}")
    at = f"/api/v2/on-call/schedules/{found['schedule_id']}/on-call"
    shift = reader.account("GET", at, params={"include": "user"})
    assert found["on_call"]["id"] == shift["data"]["relationships"]["user"]["data"]["id"]
    assert found["on_call"]["email"] == shift["included"][0]["attributes"]["email"]
    missing = reader.ask("GET", "/oncall/current/Nobody")
    assert missing.status_code == 404 and SCHEDULE in missing.json()["detail"]


def test_a_schedule_is_found_behind_a_hundred_other_teams(reader: Caller) -> None:
    made = []
    try:
        for number in range(101):  # by name before ours, so that ours is on the second page
            attributes = {"name": f"A team {number:03d}", "handle": f"a-team-{number:03d}"}
            body = {"data": {"type": "team", "attributes": attributes}}
            made.append(reader.account("POST", "/api/v2/team", json=body)["data"]["id"])
        assert reader.got(f"/oncall/current/{SCHEDULE}")["schedule"] == SCHEDULE
    finally:
        for identifier in made:
            reader.account("DELETE", f"/api/v2/team/{identifier}")


@pytest.mark.parametrize("kind", ["llm-request", "cost", "security"])
def test_a_log_pipeline_is_made_updated_and_made_again(caller: Caller, kind: str) -> None:
    made = caller.did(f"/log-pipelines/{kind}", enabled=True)
    at = f"/api/v1/logs/config/pipelines/{made['id']}"
    pipeline = caller.account("GET", at)
    assert pipeline["is_enabled"] and pipeline["processors"]
    assert pipeline["filter"]["query"].startswith("service:llm-api")
    assert "managed_by:service" in pipeline["tags"]
    off = caller.did(f"/log-pipelines/{kind}", enabled=False)
    assert (off["id"], off["created"]) == (made["id"], False)
    assert not caller.account("GET", at)["is_enabled"]
    rows = caller.got("/log-pipelines")["pipelines"]
    assert next(one for one in rows if one["id"] == made["id"])["managed_by"] == "service"
    assert {one["id"] for one in rows} == {one["id"] for one in caller.account("GET", "/api/v1/logs/config/pipelines")}
    caller.account("DELETE", at)
    again = caller.did(f"/log-pipelines/{kind}")
    assert again["created"] is False or again["id"] != made["id"]
    caller.account("DELETE", f"/api/v1/logs/config/pipelines/{again['id']}")


def test_a_services_tags_are_in_the_catalog_and_on_the_span(caller: Caller) -> None:
    name = f"tagged-by-{caller.form}"
    made = caller.did("/service-map/enhance-tags", service=name, tags=["tier:gold", f"form:{caller.form}"])
    [entity] = caller.account("GET", "/api/v2/catalog/entity", params={"filter[ref]": f"service:{name}"})["data"]
    assert entity["id"] == made["entity_id"]
    assert {"tier:gold", f"form:{caller.form}", "managed_by:service"} <= set(entity["attributes"]["tags"])
    caller_spans(caller, f"@form:{caller.form} @tier:gold")
    managed = caller.ask("POST", "/service-map/enhance-tags", service="llm-api", tags=["a:b"])
    assert managed.status_code == 409 and "managed by Pulumi" in managed.json()["detail"]


def caller_spans(caller: Caller, query: str) -> list[Json]:
    """Spans that arrive."""
    attributes = {"filter": {"query": query, **EVER}}
    body = {"data": {"type": "search_request", "attributes": attributes}}
    found: list[Json] = eventually(
        lambda: caller.account("POST", "/api/v2/spans/events/search", json=body)["data"], 40, query
    )
    return found


def test_a_dependency_is_a_client_span_to_its_peer(caller: Caller) -> None:
    peer = f"vector-store-{fresh()}"
    made = caller.did("/service-map/track-dependency", target=peer, source="indexer", type="db")
    spans = [one["attributes"] for one in caller_spans(caller, f"@peer.service:{peer}")]
    assert made["trace_id"][16:] in json.dumps(spans) or made["trace_id"] in json.dumps(spans)
    assert {one["service"] for one in spans} == {"indexer"}


def test_a_deployment_is_in_dora_and_an_event(caller: Caller) -> None:
    version = f"{caller.form}-{fresh()}"
    made = caller.ask("POST", "/ci/deployment", version=version, environment="prod", duration_seconds=90).json()
    query = {"query": f"write_id:{made['id']}", **EVER}
    body = {"data": {"type": "dora_deployments_list_request", "attributes": query}}
    [found] = caller.account("POST", "/api/v2/dora/deployments", json=body)["data"]
    assert (found["attributes"]["version"], found["attributes"]["env"]) == (version, "prod")
    assert found["attributes"]["finished_at"] - found["attributes"]["started_at"] == 90 * 10**9
    [event] = caller.searched("/api/v2/events/search", f"event_type:deployment version:{version}")
    assert version in event["attributes"]["attributes"]["title"]
    assert caller.got(f"/writes/{made['id']}")["status"] == "sent"


def test_a_test_result_is_in_test_optimization(caller: Caller) -> None:
    name = f"told by {caller.form} {fresh()}"
    caller.did("/ci/test-result", test_name=name, status="fail", suite="e2e", duration_ms=12.5)
    found = caller.searched("/api/v2/ci/tests/events/search", f'@test.name:"{name}"')[0]["attributes"]
    assert (found["attributes"]["test"]["status"], found["attributes"]["test"]["suite"]) == ("fail", "e2e")


def test_a_build_is_in_ci_visibility(caller: Caller) -> None:
    name = f"built-by-{caller.form}-{fresh()}"
    caller.did("/ci/build", name=name, status="error", duration_seconds=30)
    found = caller.searched("/api/v2/ci/pipelines/events/search", f"@ci.pipeline.name:{name}")[0]["attributes"]
    assert found["attributes"]["ci"]["status"] == "error"


def test_a_tracked_error_is_an_issue_that_the_summary_tells(caller: Caller) -> None:
    kind = f"Broken{caller.form.title()}{fresh()}"
    given = {"error_message": "it broke", "error_type": kind, "user_action": "checkout"}
    caller.did("/error-tracking/track", **given)

    def told() -> Json:
        summary = caller.got("/error-tracking/summary", hours=1)
        return [one for one in summary["issues"] if kind in json.dumps(one)]

    assert eventually(told, 60, "the issue")


def test_the_list_of_products_says_what_works(reader: Caller) -> None:
    found = reader.got("/products")
    assert found["count"] == len(found["products"]) == 19
    assert {"On-Call", "Notebooks", "Error Tracking"} <= {one["name"] for one in found["products"]}


def test_an_incident_is_updated_resolved_and_gets_context(caller: Caller) -> None:
    opened = caller.ask("POST", "/incidents", title=f"Whole life by {caller.form}", customer_impacted=True).json()
    at = f"/incidents/{opened['incident_id']}"
    caller.ask("POST", at, severity="SEV-1", title=f"Renamed by {caller.form}").raise_for_status()
    attached = caller.ask("POST", f"{at}/context", title="Trace", url="https://example.com/trace").json()
    caller.ask("POST", f"{at}/resolve").raise_for_status()
    found = caller.account("GET", f"/api/v2/incidents/{opened['incident_id']}")["data"]
    shown = found["attributes"]
    assert (shown["title"], shown["severity"], shown["state"]) == (f"Renamed by {caller.form}", "SEV-1", "resolved")
    assert shown["customer_impacted"]
    assert [one["id"] for one in found["relationships"]["attachments"]["data"]] == [attached["attachment_id"]]
    [row] = [one for one in caller.got("/incidents")["incidents"] if one["id"] == opened["incident_id"]]
    assert (row["title"], row["state"]) == (f"Renamed by {caller.form}", "resolved")


def test_a_root_cause_notebook_shows_what_fired_and_of_which_incident(caller: Caller, alert: Json) -> None:
    def fires() -> bool:
        httpx.post(f"http://localhost:{caller.sandbox.settings.port}/v1/chat", json={"message": "hi"}, timeout=60)
        return bool(caller.account("GET", f"/api/v1/monitor/{alert['id']}")["overall_state"] == "Alert")

    eventually(fires, 240, "the alert")
    opened = caller.did("/incidents", title=f"Incident by {caller.form}", severity="SEV-2")
    given = {"incident_id": opened["incident_id"], "time_range_hours": 4}
    notebook, shown = cells(caller, caller.did("/notebooks/root-cause-analysis", **given))
    incident = caller.account("GET", f"/api/v2/incidents/{opened['incident_id']}")["data"]["attributes"]
    assert f"Incident by {caller.form}" in notebook["name"]
    assert notebook["time"] == {"live_span": "4h"}
    text = json.dumps(shown)
    assert f"Incident {incident['public_id']}: active" in text
    assert alert["name"] in text and "Watchdog" in text
    assert "Slowest traces" in text and "| took |" in text
    asked = queries(shown)
    assert "sum:llm.chat.requests{service:llm-api} by {outcome}.as_count()" in asked
    assert any(one.startswith("sum:llm.chat.cost{") and "by {model}" in one for one in asked)
    # Without a body: the latest incident.
    latest, _ = cells(caller, caller.did("/notebooks/root-cause-analysis"))
    assert f"Incident by {caller.form}" in latest["name"]
