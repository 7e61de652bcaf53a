"""What the real API does with the kinds that the stack declares, beyond storing them."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Series
from firedrill.sandbox.datadog.account import LOGS_PIPELINES, MONITOR_STATES, SYNTHETICS_RUNS, Directory
from firedrill.sandbox.datadog.live.status import held
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.sandbox.datadog.conftest import KEYS

ORG = KEYS["DD-API-KEY"]


def monitor(api: TestClient, **more: Any) -> dict[str, Any]:
    """A monitor that was created."""
    body = {"type": "query alert", "name": "slow", "query": "avg(last_5m):avg:app.q{*} by {host} > 10", **more}
    answer = api.post("/api/v1/monitor", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_monitor_answers_with_the_server_s_defaults(api: TestClient) -> None:
    made = monitor(api, options={"thresholds": {"critical": 10}})
    assert made["type"] == "metric alert"
    assert made["multi"]
    assert made["options"]["thresholds"] == {"critical": 10.0}
    assert made["overall_state"] == "No Data"
    assert api.get(f"/api/v1/monitor/{made['id']}").json() == made


def test_a_monitor_s_state_is_what_the_evaluator_left(api: TestClient, directory: Directory) -> None:
    identifier = monitor(api)["id"]
    groups = {name: {"name": name, "status": status} for name, status in (("host:a", "Alert"), ("host:b", "OK"))}
    directory.put(ORG, MONITOR_STATES, str(identifier), {"overall_state": "Alert", "groups": groups})
    found = api.get(f"/api/v1/monitor/{identifier}", params={"group_states": "alert"}).json()
    assert found["overall_state"] == "Alert"
    assert list(found["state"]["groups"]) == ["host:a"]
    assert api.get("/api/v1/monitor/search", params={"query": "status:alert"}).json()["counts"]["status"] == [
        {"count": 1, "name": "Alert"}
    ]


def test_a_monitor_that_is_used_is_not_deleted_without_force(api: TestClient) -> None:
    one, two = monitor(api)["id"], monitor(api)["id"]
    monitor(api, type="composite", query=f"{one} && {two}")
    refused = api.delete(f"/api/v1/monitor/{one}")
    assert refused.status_code == 400
    assert "composite" in refused.json()["errors"][0]
    assert api.delete(f"/api/v1/monitor/{one}", params={"force": "true"}).status_code == 200


def test_a_monitor_that_cannot_be_is_refused(api: TestClient) -> None:
    for change in (
        {"query": "avg(last_5m):avg:app.q{* > 10"},
        {"options": {"thresholds": {"critical": 11}}},
        {"options": {"thresholds": {"critical": 10, "warning": 12}}},
        {"type": "composite", "query": "123 && 456"},
        {"type": "slo alert", "query": 'error_budget("x").over("7d") > 75'},
    ):
        body = {"type": "query alert", "query": "avg(last_5m):avg:app.q{*} > 10", **change}
        for path in ("/api/v1/monitor/validate", "/api/v1/monitor"):
            assert api.post(path, json=body).status_code == 400, change


def test_a_downtime_silences_the_monitor_it_names(api: TestClient) -> None:
    identifier = monitor(api)["id"]
    attributes = {"monitor_identifier": {"monitor_id": identifier}, "scope": "env:dev"}
    made = api.post("/api/v2/downtime", json={"data": {"type": "downtime", "attributes": attributes}}).json()["data"]
    assert made["attributes"]["status"] == "active"
    assert api.get(f"/api/v1/monitor/{identifier}").json()["options"]["silenced"] == {"env:dev": None}
    assert api.delete(f"/api/v2/downtime/{made['id']}").status_code == 204
    assert api.get(f"/api/v1/monitor/{identifier}").json()["options"]["silenced"] == {}


def test_an_slo_that_an_alert_uses_is_not_deleted_without_force(api: TestClient) -> None:
    query = {"numerator": "sum:a.ok{*}.as_count()", "denominator": "sum:a.all{*}.as_count()"}
    body = {"name": "s", "type": "metric", "query": query, "thresholds": [{"target": 99.9, "timeframe": "30d"}]}
    slo = api.post("/api/v1/slo", json=body).json()["data"][0]
    assert slo["thresholds"][0]["target_display"] == "99.9"
    monitor(api, type="slo alert", query=f'error_budget("{slo["id"]}").over("30d") > 75')
    assert api.delete(f"/api/v1/slo/{slo['id']}").status_code == 409
    assert api.delete(f"/api/v1/slo/{slo['id']}", params={"force": "true"}).json()["data"] == [slo["id"]]


def test_a_fresh_organisation_has_people_who_can_be_found_by_email(api: TestClient) -> None:
    everyone = api.get("/api/v2/users").json()["data"]
    assert len(everyone) == 3
    email = everyone[1]["attributes"]["email"]
    assert email.endswith("@example.com")
    found = api.get("/api/v2/users", params={"filter": email}).json()
    assert [one["id"] for one in found["data"]] == [everyone[1]["id"]]
    assert found["meta"]["page"] == {"total_count": 3, "total_filtered_count": 1}


def test_lists_are_paged(api: TestClient) -> None:
    for n in range(5):
        monitor(api, name=f"m{n}")
    names = [one["name"] for one in api.get("/api/v1/monitor", params={"page": 1, "page_size": 2}).json()]
    assert names == ["m2", "m3"]
    assert api.get("/api/v1/monitor", params={"page": "x"}).status_code == 400


def test_deleting_a_team_takes_its_parts_along(api: TestClient) -> None:
    body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm"}}}
    team = api.post("/api/v2/team", json=body).json()["data"]["id"]
    assert api.post("/api/v2/team", json=body).status_code == 409
    user = api.get("/api/v2/users").json()["data"][0]["id"]
    member = {"type": "team_memberships", "relationships": {"user": {"data": {"type": "users", "id": user}}}}
    assert api.post(f"/api/v2/team/{team}/memberships", json={"data": member}).status_code == 200
    assert api.get(f"/api/v2/team/{team}").json()["data"]["attributes"]["user_count"] == 1
    assert api.delete(f"/api/v2/team/{team}").status_code == 204
    assert api.get(f"/api/v2/team/{team}/memberships").status_code == 404
    assert api.get(f"/api/v2/users/{user}/memberships").json()["data"] == []


def test_a_page_finds_its_way_through_the_declared_on_call(api: TestClient) -> None:
    team_body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm"}}}
    team = api.post("/api/v2/team", json=team_body).json()["data"]["id"]
    user = api.get("/api/v2/users").json()["data"][0]["id"]
    layer = {
        "name": "weekly",
        "effective_date": "2025-01-01T00:00:00Z",
        "rotation_start": "2025-01-01T00:00:00Z",
        "interval": {"days": 7},
        "members": [{"user": {"id": user}}],
    }
    attributes = {"name": "Primary", "time_zone": "Europe/Berlin", "layers": [layer]}
    made = api.post(
        "/api/v2/on-call/schedules?include=layers,layers.members.user",
        json={"data": {"type": "schedules", "attributes": attributes}},
    )
    assert made.status_code == 201
    assert {one["type"] for one in made.json()["included"]} == {"layers", "members", "users"}
    schedule = made.json()["data"]["id"]
    on_call = api.get(f"/api/v2/on-call/schedules/{schedule}/on-call?include=user").json()
    assert on_call["data"]["relationships"]["user"]["data"]["id"] == user
    assert on_call["included"][0]["id"] == user

    steps = [{"escalate_after_seconds": 300, "targets": [{"type": "schedules", "id": schedule}]}]
    policy_attributes = {"name": "LLM", "steps": steps}
    policy = api.post(
        "/api/v2/on-call/escalation-policies", json={"data": {"type": "policies", "attributes": policy_attributes}}
    ).json()["data"]["id"]
    rules = {"rules": [{"query": "", "policy_id": policy, "urgency": "high"}]}
    routing = {"data": {"id": team, "type": "team_routing_rules", "attributes": rules}}
    assert api.put(f"/api/v2/on-call/teams/{team}/routing-rules", json=routing).status_code == 200
    responders = api.get(f"/api/v2/on-call/teams/{team}/on-call").json()["data"]["relationships"]["responders"]
    assert responders["data"] == [{"id": user, "type": "users"}]


def test_references_must_exist(api: TestClient) -> None:
    steps = [{"escalate_after_seconds": 300, "targets": [{"type": "schedules", "id": "gone"}]}]
    body = {"data": {"type": "policies", "attributes": {"name": "LLM", "steps": steps}}}
    assert api.post("/api/v2/on-call/escalation-policies", json=body).status_code == 404


def test_pipelines_apply_in_their_order(api: TestClient, directory: Directory) -> None:
    made = [
        api.post("/api/v1/logs/config/pipelines", json={"name": name, "filter": {"query": "*"}}).json()["id"]
        for name in ("first", "second")
    ]
    assert api.put("/api/v1/logs/config/pipeline-order", json={"pipeline_ids": made[::-1]}).status_code == 200
    assert [one["name"] for one in directory.objects(ORG, LOGS_PIPELINES)] == ["second", "first"]
    assert api.put("/api/v1/logs/config/pipeline-order", json={"pipeline_ids": made[:1]}).status_code == 422


def test_a_synthetic_test_has_a_monitor_and_is_run_when_triggered(api: TestClient, directory: Directory) -> None:
    body = {
        "name": "health",
        "type": "api",
        "subtype": "http",
        "message": "",
        "config": {"request": {"method": "GET", "url": "http://localhost/health"}, "assertions": []},
        "locations": ["aws:eu-central-1"],
        "options": {"tick_every": 60},
    }
    test = api.post("/api/v1/synthetics/tests/api", json=body).json()
    assert api.get(f"/api/v1/monitor/{test['monitor_id']}").json()["type"] == "synthetics alert"
    heard: list[str] = []
    directory.subscribe(SYNTHETICS_RUNS, lambda org, kind, identifier: heard.append(identifier))
    answer = api.post("/api/v1/synthetics/tests/trigger", json={"tests": [{"public_id": test["public_id"]}]}).json()
    result = answer["results"][0]["result_id"]
    assert heard == [result]
    path = f"/api/v1/synthetics/tests/{test['public_id']}/results/{result}"
    assert api.get(path).status_code == 404
    run = directory.get(ORG, SYNTHETICS_RUNS, result)
    assert run is not None
    directory.put(ORG, SYNTHETICS_RUNS, result, {**run, "status": "done", "result": {"status": 0}})
    assert api.get(path).json()["check"]["type"] == "api"
    assert api.post("/api/v1/synthetics/tests/delete", json={"public_ids": [test["public_id"]]}).status_code == 200
    assert api.get(f"/api/v1/monitor/{test['monitor_id']}").status_code == 404


def test_secrets_are_kept_but_never_answered(api: TestClient) -> None:
    variable = {"name": "TOKEN", "description": "", "tags": [], "value": {"value": "s3cret", "secure": True}}
    assert "s3cret" not in api.post("/api/v1/synthetics/variables", json=variable).text
    token = {"type": "SECRET", "name": "token", "value": "s3cret"}
    credentials = {"type": "HTTPTokenAuth", "tokens": [token]}
    integration = {"type": "HTTP", "base_url": "http://localhost", "credentials": credentials}
    attributes = {"name": "service", "integration": integration}
    body = {"data": {"type": "action_connection", "attributes": attributes}}
    made = api.post("/api/v2/actions/connections", json=body)
    assert made.status_code == 201
    assert "s3cret" not in made.text


def test_a_workflow_runs_only_with_an_api_trigger(api: TestClient) -> None:
    step = {"name": "Step", "actionId": "com.datadoghq.core.noop"}
    spec = {"steps": [step], "triggers": [{"startStepNames": ["Step"], "monitorTrigger": {}}]}
    body = {"data": {"type": "workflows", "attributes": {"name": "w", "spec": spec}}}
    workflow = api.post("/api/v2/workflows", json=body).json()["data"]["id"]
    assert api.post(f"/api/v2/workflows/{workflow}/instances", json={}).status_code == 400
    spec["triggers"] = [{"startStepNames": ["Step"], "apiTrigger": {}}]
    assert api.patch(f"/api/v2/workflows/{workflow}", json=body).status_code == 200
    started = api.post(f"/api/v2/workflows/{workflow}/instances", json={"meta": {"payload": {"model": "x"}}})
    instance = api.get(f"/api/v2/workflows/{workflow}/instances/{started.json()['data']['id']}").json()["data"]
    assert instance["attributes"]["inputs"] == {"model": "x"}
    body["data"]["attributes"] = {"name": "w", "spec": {"steps": [step]}}
    assert "no trigger found" in api.post("/api/v2/workflows", json=body).text


def test_a_pipeline_execution_is_found_once_it_was_sent(api: TestClient) -> None:
    resource = {
        "level": "pipeline",
        "unique_id": "17",
        "name": "deploy",
        "url": "https://ci.example.com/17",
        "start": "2026-01-05T10:00:00Z",
        "end": "2026-01-05T10:02:00Z",
        "status": "error",
        "partial_retry": False,
        "git": {"repository_url": "https://example.com/r", "sha": "7f26" * 10, "author_email": "a@example.com"},
    }
    body = {"data": {"type": "cipipeline_resource_request", "attributes": {"resource": resource}}}
    sent = api.post("/api/v2/ci/pipeline", json=body)
    assert (sent.status_code, sent.json()) == (202, {"data": None}), sent.text
    hour = {"from": "2026-01-05T10:00:00Z", "to": "2026-01-05T11:00:00Z"}
    wanted = {"query": "@ci.status:error @ci.pipeline.name:deploy", **hour}
    [found] = api.post("/api/v2/ci/pipelines/events/search", json={"filter": wanted}).json()["data"]
    assert found["attributes"]["attributes"]["duration"] == 120 * 10**9
    assert api.post("/api/v2/ci/pipeline", json={"data": {"attributes": {}}}).status_code == 400


def test_a_service_account_gets_and_loses_a_role(api: TestClient) -> None:
    role = api.get("/api/v2/roles").json()["data"][1]["id"]
    attributes = {"name": "robot", "email": "robot@example.com", "service_account": True}
    made = api.post("/api/v2/service_accounts", json={"data": {"type": "users", "attributes": attributes}}).json()[
        "data"
    ]
    user = {"data": {"type": "users", "id": made["id"]}}
    assert [one["id"] for one in api.post(f"/api/v2/roles/{role}/users", json=user).json()["data"]] == [made["id"]]
    assert api.request("DELETE", f"/api/v2/roles/{role}/users", json=user).json()["data"] == []


def test_an_item_of_a_datastore_is_written_once_changed_and_deleted(api: TestClient) -> None:
    attributes = {"name": "people", "primary_column_name": "id"}
    made = api.post("/api/v2/actions-datastores", json={"data": {"type": "datastores", "attributes": attributes}})
    items = f"/api/v2/actions-datastores/{made.json()['data']['id']}/items"

    def sent(**attributes: Any) -> dict[str, Any]:
        return {"data": {"type": "items", "attributes": attributes}}

    write = sent(values=[{"id": "a", "age": 1}], conflict_mode="fail_on_conflict")
    assert [api.post(f"{items}/bulk", json=write).status_code for _ in range(2)] == [200, 409]
    api.patch(items, json=sent(item_key="a", item_changes={"ops_set": {"age": 2}}))
    [found] = api.get(f"{items}?item_key=a").json()["data"]
    assert found["attributes"]["value"] == {"id": "a", "age": 2}
    assert api.request("DELETE", items, json=sent(item_key="a")).status_code == 200
    assert api.get(items).json()["data"] == []


def test_a_metric_that_was_never_sent_can_be_neither_described_nor_configured(
    api: TestClient, directory: Directory
) -> None:
    path, tags = "/api/v1/metrics/app.latency", "/api/v2/metrics/app.latency/tags"
    body = {"type": "gauge", "unit": "millisecond", "per_unit": ""}
    attributes = {"metric_type": "distribution", "tags": ["env"], "include_percentiles": True}
    configuration = {"data": {"type": "manage_tags", "id": "app.latency", "attributes": attributes}}
    for refused in (api.get(path), api.put(path, json=body)):
        assert (refused.status_code, refused.json()) == (404, {"errors": ["app.latency not found"]})
    refused = api.post(tags, json=configuration)
    told = "Cannot configure tags on a metric that does not exist."
    assert (refused.status_code, refused.json()) == (400, {"errors": [told]})

    now = datetime.now(UTC).timestamp()
    one = Series("app.latency", "distribution", frozenset({"env:t"}), np.array([now]), np.array([1.0]))
    TelemetryStore(directory.store.path, KEYS["DD-API-KEY"]).append_series([one])
    assert api.put(path, json=body).status_code == 200
    kept = api.get(path).json()
    assert (kept["unit"], kept["per_unit"], kept["type"]) == ("millisecond", None, "gauge")
    assert api.post(tags, json=configuration).status_code == 201


def test_a_metric_that_a_declaration_computes_has_its_tags_there(api: TestClient) -> None:
    compute = {"compute": {"aggregation_type": "count"}, "filter": {"query": "*"}}
    made = {"data": {"type": "logs_metrics", "id": "app.lines", "attributes": compute}}
    assert api.post("/api/v2/logs/config/metrics", json=made).status_code == 200
    configuration = {"metric_type": "count", "tags": ["env"]}
    body = {"data": {"type": "manage_tags", "id": "app.lines", "attributes": configuration}}
    refused = api.post("/api/v2/metrics/app.lines/tags", json=body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0].startswith("This metric is generated from a source")


def test_a_new_rum_application_has_a_filter_which_its_order_must_name(api: TestClient) -> None:
    application = {"data": {"type": "rum_application_create", "attributes": {"name": "page", "type": "browser"}}}
    path = f"/api/v2/rum/applications/{api.post('/api/v2/rum/applications', json=application).json()['data']['id']}"
    [default] = api.get(f"{path}/retention_filters").json()["data"]
    assert default["attributes"]["name"] == "Default session with replay"
    attributes = {"name": "errors", "event_type": "session", "sample_rate": 100, "query": "@session.error.count:>0"}
    ours = api.post(
        f"{path}/retention_filters", json={"data": {"type": "retention_filters", "attributes": attributes}}
    ).json()["data"]

    def ordered(*ids: str) -> int:
        body = {"data": [{"id": one, "type": "retention_filters"} for one in ids]}
        return int(api.patch(f"{path}/relationships/retention_filters", json=body).status_code)

    assert [ordered(ours["id"]), ordered(ours["id"], default["id"])] == [400, 200]
    assert [one["id"] for one in api.get(f"{path}/retention_filters").json()["data"]] == [ours["id"], default["id"]]


def test_a_metric_from_spans_is_named_without_the_quotation_marks_of_the_published_provider(api: TestClient) -> None:
    attributes = {"compute": {"aggregation_type": "count"}, "filter": {"query": "service:app"}}
    body = {"data": {"type": "spans_metrics", "id": '"app.spans"', "attributes": attributes}}
    made = api.post("/api/v2/apm/config/metrics", json=body)
    assert (made.status_code, made.json()["data"]["id"]) == (200, "app.spans")
    assert api.get("/api/v2/apm/config/metrics/app.spans").status_code == 200


def test_what_a_delete_only_ends_and_what_nobody_can_delete_leaves_the_account_empty(
    api: TestClient, directory: Directory
) -> None:
    schedule = {"scope": "env:t", "monitor_identifier": {"monitor_tags": ["*"]}}
    downtime = {"data": {"type": "downtime", "attributes": schedule}}
    made = api.post("/api/v2/downtime", json=downtime).json()["data"]["id"]
    api.post("/api/v2/synthetics/settings/on_demand_concurrency_cap", json={"on_demand_concurrency_cap": 5})
    before = held(directory, ORG)
    assert before["downtimes"] == 1
    api.delete(f"/api/v2/downtime/{made}")
    assert held(directory, ORG).keys() == before.keys() - {"downtimes"} == {"users", "roles"}
