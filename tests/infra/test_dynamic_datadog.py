"""Our own resources for what the provider lacks, against the sandbox's API: made, changed, drifted, deleted."""

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
from firedrill.sandbox.datadog.app import create_app
from firedrill.sandbox.datadog.store import Store
from infra.dynamic_datadog import (
    Api,
    ApiRefused,
    DatadogObject,
    EvaluatorObject,
    NotebookObject,
    ProjectObject,
    projected,
)
from infra.identity import Identity
from infra.llm_observability import JUDGES, LlmObservabilityArgs, evaluator
from infra.notebooks import NotebookArgs, root_cause

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
    made = CASES[request.param][0]()
    made._api = api
    return made


def as_pulumi_sends(properties: dict[str, Any]) -> dict[str, Any]:
    """With the mark of the provider, and every number a floating one."""
    found: dict[str, Any] = json.loads(json.dumps(properties), parse_int=float)
    return {**found, "__provider": "its name"}


@pytest.mark.parametrize(("kind", "case"), [(name, name) for name in CASES], indirect=["kind"])
def test_it_is_made_unchanged_changed_and_deleted(kind: DatadogObject, case: str) -> None:
    _, declared, change = CASES[case]
    made = kind.create(as_pulumi_sends(declared))
    assert made.outs == declared
    read = kind.read(made.id, as_pulumi_sends(declared))
    assert (read.id, read.outs, read.inputs) == (made.id, declared, declared)
    assert not kind.diff(made.id, as_pulumi_sends(declared), declared | {"__provider": "another name"}).changes

    wanted = {**declared, **change}
    found = kind.diff(made.id, as_pulumi_sends(declared), as_pulumi_sends(wanted))
    assert found.changes and not found.replaces
    kind.update(made.id, as_pulumi_sends(declared), as_pulumi_sends(wanted))
    assert kind.read(made.id, as_pulumi_sends(wanted)).outs == wanted
    drifted = kind.read(made.id, as_pulumi_sends(declared)).outs
    assert drifted is not None and {name for name in declared if drifted[name] != declared[name]} == set(change)

    kind.delete(made.id, as_pulumi_sends(wanted))
    assert kind.read(made.id, as_pulumi_sends(wanted)).id is None
    kind.delete(made.id, as_pulumi_sends(wanted))


@pytest.mark.parametrize(("kind", "case"), [("notebook", "notebook"), ("project", "project")], indirect=["kind"])
def test_what_a_killed_update_made_is_taken_over(kind: DatadogObject, case: str) -> None:
    declared = CASES[case][1]
    first, again = kind.create(as_pulumi_sends(declared)), kind.create(as_pulumi_sends(declared))
    assert first.id == again.id


@pytest.mark.parametrize("kind", ["evaluator"], indirect=True)
def test_another_name_is_another_evaluator(kind: DatadogObject) -> None:
    assert kind.diff("toxicity", JUDGE, JUDGE | {"eval_name": "rudeness"}).replaces == ["eval_name"]


@pytest.mark.parametrize("kind", ["notebook"], indirect=True)
def test_cells_keep_their_ids_so_that_comments_stay(kind: DatadogObject) -> None:
    made = kind.create(as_pulumi_sends(NOTEBOOK))
    before = [cell["id"] for cell in kind.fetch(made.id)["cells"]]
    kind.update(made.id, NOTEBOOK, {**NOTEBOOK, "cells": NOTEBOOK["cells"][:3]})
    assert [cell["id"] for cell in kind.fetch(made.id)["cells"]] == before[:3]


@pytest.mark.parametrize("kind", ["evaluator"], indirect=True)
def test_a_refusal_has_the_request_and_the_reason(kind: DatadogObject) -> None:
    wrong = {**JUDGE, "target": {**JUDGE["target"], "sampling_percentage": 400}}
    with pytest.raises(ApiRefused, match=r"PUT /api/unstable/llm-obs/.*/toxicity answered 400: .*between 0 and 100"):
        kind.create(as_pulumi_sends(wrong))


def test_what_the_state_keeps_of_a_provider_is_its_name_and_no_key() -> None:
    provider = EvaluatorObject()
    provider.configure(ConfigureRequest(Config(KEYS, "llm-api")))
    kept = base64.b64decode(serialize_provider(provider))
    assert b"EvaluatorObject" in kept and len(kept) < 500
    assert b"an-api-key" not in kept and b"an-app-key" not in kept
    assert isinstance(pickle.loads(kept), EvaluatorObject)


def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DD_API_KEY", raising=False)
    with pytest.raises(ValueError, match="set datadog:apiKey and datadog:appKey, or DD_API_KEY and DD_APP_KEY"):
        Api(lambda _: None)


def test_a_request_is_repeated_when_it_was_too_early_and_not_when_it_may_have_worked() -> None:
    answers = [httpx.Response(429, headers={"X-RateLimit-Reset": "3"}), httpx.Response(502), httpx.Response(200)]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return answers.pop(0)

    waited: list[float] = []
    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://datadog")
    Api(KEYS.get, client, waited.append).call("PUT /x", {})
    assert (asked, waited) == (["PUT"] * 3, [3.0, 4.0])
    answers[:] = [httpx.Response(502)]
    with pytest.raises(ApiRefused, match="POST /x answered 502"):
        Api(KEYS.get, client, waited.append).call("POST /x", {})


def test_what_the_server_adds_is_no_drift_and_what_was_added_by_hand_is() -> None:
    declared = {"a": {"b": 1}, "list": [{"x": 1}]}
    assert projected({"a": {"b": 1, "own": 2}, "list": [{"x": 1, "id": "i"}], "more": 3}, declared) == declared
    assert projected({"list": [{"x": 1}, {"x": 2, "id": "i"}]}, declared) == {"list": [{"x": 1}, {"x": 2}]}
    assert projected({"a": None}, declared) == {"a": None}
