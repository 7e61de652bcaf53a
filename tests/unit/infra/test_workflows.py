"""The workflows: their inputs, triggers and steps."""

import json
from typing import Any

import pytest

from firedrill.notify.handles import read_handles
from infra.identity import Identity
from infra.observability.workflows.workflows import ENABLE_CACHE, INPUTS, OPEN_INCIDENT, SWITCH_MODEL, mention

LOCAL = Identity("local", "x")
Declared = dict[str, dict[str, Any]]


@pytest.fixture
def specifications(declared: Declared) -> Declared:
    specs = [
        json.loads(inputs["specJson"]) for name, inputs in declared.items() if name.endswith(" WorkflowAutomation")
    ]
    return {spec["handle"]: spec for spec in specs}


def test_a_mention_keeps_its_inputs() -> None:
    inputs = {"title": 'a "b" (c), d', "severity": "SEV-2"}
    [handle] = read_handles(f"x {mention(LOCAL, OPEN_INCIDENT, **inputs)} y")
    assert (handle.kind, handle.name) == ("workflow", OPEN_INCIDENT)
    assert handle.parameters == inputs
    assert mention(LOCAL, ENABLE_CACHE) == "@workflow-enable-cache"


def test_a_mention_with_an_unknown_input_is_refused() -> None:
    with pytest.raises(ValueError, match="has no input 'colour': its inputs are model"):
        mention(LOCAL, SWITCH_MODEL, colour="red")


def test_each_environment_of_an_organisation_has_its_own_handles() -> None:
    assert Identity("prod", "x").handle(SWITCH_MODEL) == SWITCH_MODEL
    assert Identity("dev", "x").handle(SWITCH_MODEL) == "switch-model-dev"


def test_every_workflow_has_the_inputs_of_its_mentions(specifications: Declared) -> None:
    assert specifications
    for handle, spec in specifications.items():
        parameters = (spec.get("inputSchema") or {}).get("parameters") or []
        assert {parameter["name"] for parameter in parameters} == INPUTS[handle]
        assert all(parameter["defaultValue"] for parameter in parameters), handle


def test_every_workflow_has_a_rate_limited_monitor_trigger_an_api_trigger_and_a_button(
    specifications: Declared,
) -> None:
    for spec in specifications.values():
        by_monitor, by_api, by_button = spec["triggers"]
        assert by_monitor["monitorTrigger"]["rateLimit"]["count"] == 1
        assert "apiTrigger" in by_api
        assert "dashboardTrigger" in by_button


def test_every_step_is_reached_and_every_connection_is_declared(specifications: Declared) -> None:
    for handle, spec in specifications.items():
        reached = set(spec["triggers"][0]["startStepNames"])
        for step in spec["steps"]:
            reached |= {edge["nextStepName"] for edge in step.get("outboundEdges", ())}
            reached |= {error_handler["fallbackStepName"] for error_handler in step.get("errorHandlers", ())}
        assert reached == {step["name"] for step in spec["steps"]}, handle
        labels = {connection["label"] for env in spec.get("connectionEnvs", ()) for connection in env["connections"]}
        assert {step["connectionLabel"] for step in spec["steps"] if "connectionLabel" in step} <= labels
