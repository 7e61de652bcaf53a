"""What workflows are told, and what they do with it."""

import json
from typing import Any

import pytest

from firedrill.notify.handles import read_handles
from infra.identity import Identity
from infra.workflows import ENABLE_CACHE, INPUTS, OPEN_INCIDENT, SWITCH_MODEL, mention

LOCAL = Identity("local", "x")
Declared = dict[str, dict[str, Any]]


@pytest.fixture
def specifications(declared: Declared) -> Declared:
    found = [json.loads(one["specJson"]) for name, one in declared.items() if name.endswith(" WorkflowAutomation")]
    return {spec["handle"]: spec for spec in found}


def test_a_mention_is_read_back_as_it_was_meant() -> None:
    meant = {"title": 'a "b" (c), d', "severity": "SEV-2"}
    [handle] = read_handles(f"x {mention(LOCAL, OPEN_INCIDENT, **meant)} y")
    assert (handle.kind, handle.name) == ("workflow", OPEN_INCIDENT)
    assert handle.parameters == meant
    assert mention(LOCAL, ENABLE_CACHE) == "@workflow-enable-cache"


def test_a_mention_with_an_input_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="does not take 'colour': it takes model"):
        mention(LOCAL, SWITCH_MODEL, colour="red")


def test_environments_of_one_organisation_have_handles_of_their_own() -> None:
    assert Identity("prod", "x").handle(SWITCH_MODEL) == SWITCH_MODEL
    assert Identity("dev", "x").handle(SWITCH_MODEL) == "switch-model-dev"


def test_every_workflow_takes_what_mentions_may_give(specifications: Declared) -> None:
    assert specifications
    for handle, spec in specifications.items():
        parameters = (spec.get("inputSchema") or {}).get("parameters") or []
        assert {one["name"] for one in parameters} == INPUTS[handle]
        assert all(one["defaultValue"] for one in parameters), handle


def test_every_workflow_is_started_by_monitors_at_a_bounded_rate_by_the_api_and_by_a_button(
    specifications: Declared,
) -> None:
    for spec in specifications.values():
        by_monitor, by_api, by_button = spec["triggers"]
        assert by_monitor["monitorTrigger"]["rateLimit"]["count"] == 1
        assert "apiTrigger" in by_api
        assert "dashboardTrigger" in by_button


def test_every_step_is_reached_and_every_connection_is_known(specifications: Declared) -> None:
    for handle, spec in specifications.items():
        reached = set(spec["triggers"][0]["startStepNames"])
        for step in spec["steps"]:
            reached |= {edge["nextStepName"] for edge in step.get("outboundEdges", ())}
            reached |= {one["fallbackStepName"] for one in step.get("errorHandlers", ())}
        assert reached == {step["name"] for step in spec["steps"]}, handle
        labels = {one["label"] for env in spec.get("connectionEnvs", ()) for one in env["connections"]}
        assert {step["connectionLabel"] for step in spec["steps"] if "connectionLabel" in step} <= labels
