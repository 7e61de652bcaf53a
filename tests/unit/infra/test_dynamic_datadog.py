"""The dynamic resources against the sandbox's API: created, updated, drifted, deleted."""

import base64
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.store import Store
from infra.dynamic_datadog import EvaluatorObject, NotebookObject, ProjectObject
from infra.identity import Identity
from infra.observability.dynamic.api import Api, ApiRefused
from infra.observability.dynamic.provider import DatadogObject, projected
from infra.observability.llm_observability import JUDGES, LlmObservabilityArgs, evaluator
from infra.observability.notebooks import NotebookArgs, root_cause

KEYS = {"datadog:apiKey": "an-api-key", "datadog:appKey": "an-app-key"}
LOCAL = Identity("local", "x")
NOTEBOOK: dict[str, Any] = {
    "name": "llm-api local: root cause",
    "time": {"live_span": "4h"},
    "metadata": {"is_template": True, "type": "investigation"},
    "cells": root_cause(NotebookArgs(LOCAL, "https://example.com/runbooks")),
}
JUDGE = evaluator(
    "toxicity",
    JUDGES["toxicity"][1],
    LlmObservabilityArgs(LOCAL, "acme-dev", "eu", "gemini-3.5-flash-lite", "account"),
    passes=False,
)
PROJECT = {"name": "experiments", "description": "before a change"}
CASES: dict[str, tuple[type[DatadogObject], dict[str, Any], dict[str, Any]]] = {
    "notebook": (NotebookObject, NOTEBOOK, {"cells": NOTEBOOK["cells"][:2]}),
    "evaluator": (EvaluatorObject, JUDGE, {"target": {**JUDGE["target"], "sampling_percentage": 5.0}}),
    "project": (ProjectObject, PROJECT, {"description": "after an incident"}),
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with TestClient(create_app(Directory(Store(tmp_path / "datadog.sqlite")))) as client:
        yield Api(KEYS.get, client)


@pytest.fixture
def kind(request: pytest.FixtureRequest, api: Api) -> DatadogObject:
    provider = CASES[request.param][0]()
    provider._api = api
    return provider


def as_pulumi_sends(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties as Pulumi passes them: with the provider, and every number a float."""
    floats: dict[str, Any] = json.loads(json.dumps(properties), parse_int=float)
    return {**floats, "__provider": "its name"}


@pytest.mark.parametrize(("kind", "case"), [(name, name) for name in CASES], indirect=["kind"])
def test_an_object_is_created_updated_and_deleted(kind: DatadogObject, case: str) -> None:
    _, declared, change = CASES[case]
    created = kind.create(as_pulumi_sends(declared))
    assert created.outs == declared
    result = kind.read(created.id, as_pulumi_sends(declared))
    assert (result.id, result.outs, result.inputs) == (created.id, declared, declared)
    assert not kind.diff(created.id, as_pulumi_sends(declared), declared | {"__provider": "another name"}).changes

    changed = {**declared, **change}
    difference = kind.diff(created.id, as_pulumi_sends(declared), as_pulumi_sends(changed))
    assert difference.changes and not difference.replaces
    kind.update(created.id, as_pulumi_sends(declared), as_pulumi_sends(changed))
    assert kind.read(created.id, as_pulumi_sends(changed)).outs == changed
    drifted = kind.read(created.id, as_pulumi_sends(declared)).outs
    assert drifted is not None and {name for name in declared if drifted[name] != declared[name]} == set(change)

    kind.delete(created.id, as_pulumi_sends(changed))
    assert kind.read(created.id, as_pulumi_sends(changed)).id is None
    kind.delete(created.id, as_pulumi_sends(changed))


@pytest.mark.parametrize(("kind", "case"), [("notebook", "notebook"), ("project", "project")], indirect=["kind"])
def test_an_object_of_a_killed_update_is_taken_over(kind: DatadogObject, case: str) -> None:
    declared = CASES[case][1]
    first, again = kind.create(as_pulumi_sends(declared)), kind.create(as_pulumi_sends(declared))
    assert first.id == again.id


@pytest.mark.parametrize("kind", ["evaluator"], indirect=True)
def test_another_name_is_another_evaluator(kind: DatadogObject) -> None:
    assert kind.diff("toxicity", JUDGE, JUDGE | {"eval_name": "rudeness"}).replaces == ["eval_name"]


@pytest.mark.parametrize("kind", ["notebook"], indirect=True)
def test_cells_keep_their_ids_so_that_comments_stay(kind: DatadogObject) -> None:
    created = kind.create(as_pulumi_sends(NOTEBOOK))
    before = [cell["id"] for cell in kind.read_object(created.id)["cells"]]
    kind.update(created.id, NOTEBOOK, {**NOTEBOOK, "cells": NOTEBOOK["cells"][:3]})
    assert [cell["id"] for cell in kind.read_object(created.id)["cells"]] == before[:3]


@pytest.mark.parametrize("kind", ["evaluator"], indirect=True)
def test_a_refusal_has_the_request_and_the_reason(kind: DatadogObject) -> None:
    invalid = {**JUDGE, "target": {**JUDGE["target"], "sampling_percentage": 400}}
    with pytest.raises(ApiRefused, match=r"PUT /api/unstable/llm-obs/.*/toxicity answered 400: .*between 0 and 100"):
        kind.create(as_pulumi_sends(invalid))


def test_the_state_holds_a_provider_s_name_and_no_key() -> None:
    provider = EvaluatorObject()
    provider.configure(ConfigureRequest(Config(KEYS, "llm-api")))
    stored = base64.b64decode(serialize_provider(provider))
    assert b"EvaluatorObject" in stored and len(stored) < 500
    assert b"an-api-key" not in stored and b"an-app-key" not in stored
    assert isinstance(pickle.loads(stored), EvaluatorObject)


def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DD_API_KEY", raising=False)
    with pytest.raises(ValueError, match="set datadog:apiKey and datadog:appKey, or DD_API_KEY and DD_APP_KEY"):
        Api(lambda _: None)


def test_a_rate_limited_request_is_retried_and_a_post_that_failed_is_not() -> None:
    answers = [httpx.Response(429, headers={"X-RateLimit-Reset": "3"}), httpx.Response(502), httpx.Response(200)]
    methods: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        methods.append(request.method)
        return answers.pop(0)

    waits: list[float] = []
    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://datadog")
    Api(KEYS.get, client, waits.append).call("PUT /x", {})
    assert (methods, waits) == (["PUT"] * 3, [3.0, 4.0])
    answers[:] = [httpx.Response(502)]
    with pytest.raises(ApiRefused, match="POST /x answered 502"):
        Api(KEYS.get, client, waits.append).call("POST /x", {})


def test_only_additions_of_the_server_are_no_drift() -> None:
    declared = {"a": {"b": 1}, "list": [{"x": 1}]}
    assert projected({"a": {"b": 1, "own": 2}, "list": [{"x": 1, "id": "i"}], "more": 3}, declared) == declared
    assert projected({"list": [{"x": 1}, {"x": 2, "id": "i"}]}, declared) == {"list": [{"x": 1}, {"x": 2}]}
    assert projected({"a": None}, declared) == {"a": None}
