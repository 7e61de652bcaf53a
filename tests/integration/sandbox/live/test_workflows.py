"""Workflow instances against a real HTTP server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.in_process import Api, in_process_api
from firedrill.sandbox.datadog.live.template_variables import UnknownVariable, fill
from firedrill.sandbox.datadog.live.workflows.execution import (
    NotStarted,
    WorkflowEnvironment,
    WorkflowInstance,
    execute_workflow,
    find_by_handle,
    start_workflow,
)
from firedrill.sandbox.datadog.store import Store
from tests.integration.sandbox.live.target import Target, serving


@pytest.fixture
def target() -> Iterator[Target]:
    with serving() as server:
        yield server


def workflow(*steps: dict[str, Any], published: bool = True, **spec: Any) -> dict[str, Any]:
    return {
        "id": "w-1",
        "type": "workflows",
        "attributes": {
            "name": "switch",
            "published": published,
            "spec": {
                "handle": "switch-model",
                "triggers": [
                    {"monitorTrigger": {"rateLimit": {"count": 1, "interval": "300s"}},
                     "startStepNames": [steps[0]["name"]]},
                    {"apiTrigger": {}, "startStepNames": [steps[0]["name"]]},
                ],
                "inputSchema": {"parameters": [{"name": "model", "type": "STRING", "defaultValue": "small"}]},
                "connectionEnvs": [{"env": "default", "connections": [{"connectionId": "c-1", "label": "HTTP"}]}],
                "steps": list(steps),
                **spec,
            },
        },
    }  # fmt: skip


def step(name: str, action: str, *following: str, **parameters: Any) -> dict[str, Any]:
    return {
        "name": name,
        "actionId": action,
        "parameters": [{"name": key, "value": value} for key, value in parameters.items()],
        "outboundEdges": [{"nextStepName": next_step, "branchName": "main"} for next_step in following],
    }


HTTP = "com.datadoghq.http.request"
NOOP = "com.datadoghq.core.noop"


def workflow_environment(target: Target | None = None, waited: list[float] | None = None) -> WorkflowEnvironment:
    base = f"http://127.0.0.1:{target.server_port}/v1" if target else ""
    connection = {
        "id": "c-1",
        "attributes": {
            "name": "control",
            "integration": {
                "type": "HTTP",
                "base_url": base,
                "credentials": {
                    "type": "HTTPTokenAuth",
                    "tokens": [{"name": "Token", "type": "SECRET", "value": "s3cret"}],
                    "headers": [{"name": "Authorization", "value": "Bearer {{ Token }}"}],
                    "url_parameters": [{"name": "by", "value": "datadog"}],
                },
            },
        },
    }
    pauses: list[float] = [] if waited is None else waited
    return WorkflowEnvironment(
        httpx.Client(trust_env=False), {"c-1": connection}, now=lambda: 1000.0, wait=pauses.append
    )


def run(
    definition: dict[str, Any], environment: WorkflowEnvironment, source: dict[str, Any] | None = None, **inputs: Any
) -> WorkflowInstance:
    return execute_workflow(
        definition, start_workflow(definition, "api", inputs, source=source, now=1000.0), environment
    )


def test_an_http_step_uses_its_connection_and_the_runs_values(target: Target) -> None:
    call = step("Switch", HTTP, "Report", verb="POST", url="/control/model",
                body={"model": "{{Trigger.model}}", "why": "{{ Source.monitor.name }} by {{InstanceId}}"})  # fmt: skip
    report = step("Report", HTTP, verb="POST", url="http://127.0.0.1:{{ Source.port }}/r",
                  body={"id": "{{ Steps.Switch.body.items[0].id }}"},
                  headers=[{"key": "X-Was", "value": "{{Steps.Switch.status}}"}])  # fmt: skip
    instance = run(workflow({**call, "connectionLabel": "HTTP"}, report), workflow_environment(target),
               {"monitor": {"name": "throttled"}, "port": target.server_port}, model="big")  # fmt: skip
    assert (instance.status, instance.error, [step_run.status for step_run in instance.steps]) == (
        "succeeded",
        None,
        ["succeeded"] * 2,
    )
    (verb, path, headers, body), (_, _, more_headers, report_body) = target.requests
    assert (verb, path, headers["Authorization"]) == ("POST", "/v1/control/model?by=datadog", "Bearer s3cret")
    assert body == {"model": "big", "why": f"throttled by {instance.id}"}
    assert (report_body, more_headers["X-Was"], "Authorization" in more_headers) == ({"id": 7}, "200", False)


PYTHON = "com.datadoghq.datatransformation.funcPy"


def test_a_script_sees_the_run_and_its_answer_is_the_next_steps(target: Target) -> None:
    script = (
        "from execution_context import Context\n\n\ndef main(*, ctx: Context):\n"
        "    print('aside')\n"
        "    return [ctx['Trigger']['model'].upper(), ctx['Steps']['Ask']['body']['items'][0]['id']]\n"
    )
    ask = {**step("Ask", HTTP, "Choose", url="/x"), "connectionLabel": "HTTP"}
    notify = {**step("Tell", HTTP, verb="POST", url="/{{ Steps.Choose.data[0] }}"), "connectionLabel": "HTTP"}
    instance = run(
        workflow(ask, step("Choose", PYTHON, "Tell", script=script), notify), workflow_environment(target), model="big"
    )
    assert (instance.error, instance.steps[1].output) == (None, {"data": ["BIG", 7]})
    assert target.requests[-1][1].startswith("/v1/BIG?")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise LookupError('none is older')", "LookupError: none is older"),
        ("return {1, 2}", "TypeError: Object of type set is not JSON serializable"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "a script has no network"),
        ("import os; os.system('true')", "cannot start programs"),
    ],
)
def test_a_script_that_fails_says_why(body: str, error: str) -> None:
    instance = run(workflow(step("Choose", PYTHON, script=f"def main(*, ctx):\n    {body}\n")), workflow_environment())
    assert instance.status == "failed" and error in (instance.error or "")


def test_inputs_have_their_declared_defaults(target: Target) -> None:
    assert run(workflow(step("A", NOOP)), workflow_environment()).inputs == {"model": "small"}
    with pytest.raises(NotStarted, match="no input 'colour'"):
        start_workflow(workflow(step("A", NOOP)), "api", {"colour": "red"}, now=0)
    needing = workflow(step("A", NOOP), inputSchema={"parameters": [{"name": "model", "type": "STRING"}]})
    with pytest.raises(NotStarted, match="needs the input 'model'"):
        start_workflow(needing, "api", {}, now=0)


def test_a_monitor_runs_only_what_is_published_and_within_the_rate_limit() -> None:
    published = workflow(step("A", NOOP))
    assert start_workflow(published, "monitor", {}, earlier_starts=[600.0], now=1000).trigger == "monitor"
    with pytest.raises(NotStarted, match="over its rate limit: 1 in 300s"):
        start_workflow(published, "monitor", {}, earlier_starts=[800.0], now=1000)
    with pytest.raises(NotStarted, match="is not published"):
        start_workflow(workflow(step("A", NOOP), published=False), "monitor", {}, now=0)
    with pytest.raises(NotStarted, match="no apiTrigger"):
        start_workflow(workflow(step("A", NOOP), triggers=[]), "api", {}, now=0)
    with pytest.raises(NotStarted, match="'other'"):
        find_by_handle([published], "other")


def test_an_unknown_action_fails_the_run_by_its_name() -> None:
    instance = run(workflow(step("A", "com.datadoghq.slack.sendMessage", "B"), step("B", NOOP)), workflow_environment())
    assert instance.status == "failed"
    assert instance.error is not None and "com.datadoghq.slack.sendMessage" in instance.error
    assert [step_run.name for step_run in instance.steps] == ["A"]


def test_a_failing_step_is_retried_and_then_ends_the_run(target: Target) -> None:
    target.statuses[:] = [500, 500, 200]
    waited: list[float] = []
    call = {**step("A", HTTP, url="/x"), "connectionLabel": "HTTP",
            "errorHandlers": [{"retryStrategy": {"kind": "RETRY_STRATEGY_LINEAR",
                                                 "linear": {"interval": "5s", "maxRetries": 2}}}]}  # fmt: skip
    assert run(workflow(call), workflow_environment(target, waited)).status == "succeeded"
    assert (waited, len(target.requests)) == ([5.0, 5.0], 3)
    target.statuses[:] = [404] * 3
    instance = run(workflow(call), workflow_environment(target))
    assert instance.status == "failed" and instance.error is not None and "status 404" in instance.error


def test_a_fallback_step_takes_over(target: Target) -> None:
    target.statuses[:] = [503]
    call = {**step("A", HTTP, "B", url="/x"), "connectionLabel": "HTTP", "errorHandlers": [{"fallbackStepName": "C"}]}
    instance = run(workflow(call, step("B", NOOP), step("C", NOOP)), workflow_environment(target))
    assert (instance.status, [step_run.name for step_run in instance.steps]) == ("succeeded", ["A", "C"])


def test_a_target_that_does_not_answer_is_named() -> None:
    instance = run(workflow(step("A", HTTP, url="http://127.0.0.1:1/x")), workflow_environment())
    assert instance.error is not None and "http://127.0.0.1:1/x: ConnectError" in instance.error


def test_waiting() -> None:
    waited: list[float] = []
    steps = [step("Wait", "com.datadoghq.core.wait", duration="2m")]
    instance = run(workflow(*steps), WorkflowEnvironment(httpx.Client(), now=lambda: 0.0, wait=waited.append))
    assert (instance.status, waited) == ("succeeded", [120.0])


@pytest.fixture
def account(tmp_path: Path) -> Api:
    directory = Directory(Store(tmp_path / "datadog.sqlite"))
    return in_process_api(directory, "an-organisation")


def test_an_incident_is_one_of_the_accounts(account: Api) -> None:
    steps = [
        step("Declare", "com.datadoghq.dd.incidents.createIncident", "Say", title="{{ Source.monitor.name }}",
             customer_impacted=False, fields={"severity": {"type": "dropdown", "value": "SEV-2"}}),
        step("Say", NOOP, text="{{ Steps.Declare.incident_id }}"),
    ]  # fmt: skip
    with_account = WorkflowEnvironment(httpx.Client(), datadog=account, now=lambda: 0.0)
    instance = run(workflow(*steps), with_account, {"monitor": {"name": "throttled"}})
    assert (instance.status, instance.error) == ("succeeded", None)
    assert instance.steps[0].output == {
        "incident_id": 1, "url": "/incidents/1", "title": "throttled", "state": "active", "severity": "SEV-2",
    }  # fmt: skip
    [incident] = account("GET /api/v2/incidents", None)["data"]
    assert incident["attributes"]["title"] == "throttled"
    lacking = run(workflow(step("D", "com.datadoghq.dd.incidents.createIncident", title="x")), with_account)
    assert lacking.error is not None and "lacks customer_impacted" in lacking.error


def test_what_the_account_refuses_fails_the_step_with_its_reason(account: Api) -> None:
    page = step("Page", "com.datadoghq.dd.oncall.createOnCallPage", title="x", urgency="loud",
                target={"type": "team_handle", "identifier": "nobody"})  # fmt: skip
    instance = run(workflow(page), WorkflowEnvironment(httpx.Client(), datadog=account, now=lambda: 0.0))
    assert instance.error is not None and "status 400" in instance.error
    without = run(workflow(page), WorkflowEnvironment(httpx.Client(), now=lambda: 0.0))
    assert without.error is not None and "has no account" in without.error


def test_a_notebook_is_made_from_a_template_with_what_was_seen_on_top(account: Api) -> None:
    cell = {"type": "notebook_cells", "attributes": {"definition": {"type": "markdown", "text": "How to look"}}}
    attributes = {"name": "Anomaly", "cells": [cell], "time": {"live_span": "4h"}, "metadata": {"is_template": True}}
    template = account("POST /api/v1/notebooks", {"data": {"type": "notebooks", "attributes": attributes}})["data"][
        "id"
    ]
    make = step("Make", "com.datadoghq.dd.notebooks.createFromTemplate", templateId=template, cell="Seen")
    make["parameters"].append({"name": "name", "value": "Tokens"})
    with_account = WorkflowEnvironment(httpx.Client(), datadog=account, now=lambda: 0.0)
    instance = run(workflow(make), with_account)
    assert instance.error is None
    notebook = account(f"GET /api/v1/notebooks/{instance.steps[0].output['id']}", None)["data"]["attributes"]
    assert notebook["name"] == "Tokens" and not notebook["metadata"]["is_template"]
    assert [cell["attributes"]["definition"]["text"] for cell in notebook["cells"]] == ["Seen", "How to look"]
    again = step("Make", "com.datadoghq.dd.notebooks.createFromTemplate", templateId=instance.steps[0].output["id"])
    refused = run(workflow(again), with_account)
    assert refused.error is not None and "is not a template" in refused.error


def test_a_loop_of_edges_ends() -> None:
    instance = run(workflow(step("A", NOOP, "B"), step("B", NOOP, "A")), workflow_environment())
    assert [step_run.name for step_run in instance.steps] == ["A", "B"]


def test_a_variable_without_a_value_fails_its_step_by_name() -> None:
    instance = run(
        workflow(step("A", NOOP, x="{{ Source.monitor.nmae }}")), workflow_environment(), {"monitor": {"name": "x"}}
    )
    assert instance.error is not None and "Source.monitor.nmae" in instance.error


def test_values_keep_their_type_unless_they_are_inside_text() -> None:
    context = {"Steps": {"A": {"n": 5, "list": [1, {"k": "v"}], "flag": True}}}
    assert fill("{{ Steps.A.n }}", context) == 5
    assert fill(["{{Steps.A.list}}", "n={{ Steps.A.n }} {{Steps.A.flag}} {{ Steps.A.list[1].k }}"], context) == [
        [1, {"k": "v"}],
        "n=5 true v",
    ]
    with pytest.raises(UnknownVariable):
        fill("{{ Steps.A.list[9] }}", context)
