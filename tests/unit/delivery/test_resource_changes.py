"""The engine's steps, property by property."""

import io
from typing import Any

from pulumi.automation.events import StepEventMetadata
from rich.console import Console

from firedrill.delivery.drift import Drift, is_pulumis_own, markdown, print_drift, without_outputs
from firedrill.delivery.resource_changes import (
    PropertyChange,
    ResourceChange,
    markdown_cell,
    one_line,
    resource_changes,
)


def step(operation: str, old: dict[str, Any] | None, new: dict[str, Any] | None, *paths: str) -> StepEventMetadata:
    """Return a step on one monitor."""
    resource = {"urn": "urn:pulumi:s::p::datadog:index/monitor:Monitor::slow", "type": "datadog:index/monitor:Monitor"}
    sides = {
        side: {**resource, "id": "7", "inputs": inputs, "outputs": inputs}
        for side, inputs in (("old", old), ("new", new))
        if inputs is not None
    }
    detail = {path: {"diffKind": "update", "inputDiff": True} for path in paths}
    return StepEventMetadata.from_json({**resource, **sides, "op": operation, "detailedDiff": detail})


def test_a_property_is_named_with_both_values() -> None:
    old, new = {"options": {"steps": [{"at": 1}]}}, {"options": {"steps": [{"at": 2}]}}
    [change] = resource_changes([step("update", old, new, "options.steps[0].at")])
    assert (change.kind, change.name, change.id, change.operation) == ("Monitor", "slow", "7", "update")
    assert change.properties == (PropertyChange("options.steps[0].at", 1, 2),)


def test_json_texts_differ_where_their_content_does() -> None:
    old, new = {"dashboard": '{"title": "a", "widgets": [1]}'}, {"dashboard": '{"widgets": [2], "title": "a"}'}
    [change] = resource_changes([step("update", old, new, "dashboard")])
    assert change.properties == (PropertyChange("dashboard: widgets[0]", 1, 2),)


def test_the_three_steps_of_a_replacement_are_one_change() -> None:
    old, new = {"type": "a"}, {"type": "b"}
    steps = [
        step("create-replacement", None, new, "type"),
        step("replace", old, new, "type"),
        step("delete-replaced", old, None),
    ]
    [change] = resource_changes(steps)
    assert (change.operation, change.id, change.properties) == ("replace", "7", (PropertyChange("type", "a", "b"),))


def test_what_stays_is_not_listed() -> None:
    assert resource_changes([step("same", {"a": 1}, {"a": 1}), step("read", None, {"a": 1})]) == []


def test_values_fit_a_line_and_a_markdown_cell() -> None:
    assert one_line("a\n  b") == "a b"
    assert len(one_line("x" * 500)) == 120
    assert markdown_cell("a|b") == "`` a\\|b ``"
    assert markdown_cell(None) == "none"


def refreshed(inputs: dict[str, Any], before: dict[str, Any], after: dict[str, Any], *paths: str) -> StepEventMetadata:
    """Return a refresh's step on a dashboard: the inputs stay, the outputs are as Datadog answers."""
    what = {"urn": "urn:pulumi:s::p::datadog:index/dashboardJson:DashboardJson::llm"}
    what["type"] = "datadog:index/dashboardJson:DashboardJson"
    sides = {
        side: {**what, "id": "7", "inputs": inputs, "outputs": outputs}
        for side, outputs in (("old", before), ("new", after))
    }
    return StepEventMetadata.from_json({**what, **sides, "op": "update", "diffs": list(paths)})


def test_an_answer_that_differs_while_the_inputs_stay_is_named() -> None:
    text, answer = '{"title": "a"}', '{"title": "a", "restricted_roles": []}'
    step = refreshed({"dashboard": text}, {"dashboard": text}, {"dashboard": answer}, "dashboard")
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("dashboard: restricted_roles", None, []),)


def test_inputs_that_are_read_otherwise_are_named_without_the_engines_paths() -> None:
    text, read = '{"title": "a"}', '{"title": "a", "notify_list": []}'
    step = refreshed({}, {"dashboard": read}, {"dashboard": read})
    step.old.inputs, step.new.inputs = {"dashboard": text}, {"dashboard": read}  # type: ignore[union-attr]
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("dashboard: notify_list", None, []),)


def test_texts_of_one_content_differ_as_texts() -> None:
    before, after = '{"a": 1}', '{"a": 1, "b": null}'
    step = refreshed({"dashboard": before}, {"dashboard": before}, {"dashboard": after}, "dashboard")
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("dashboard", before, after),)


def test_a_secret_that_changes_is_named() -> None:
    step = refreshed({"value": "[secret]"}, {"value": "[secret]"}, {}, "value")
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("value", "[secret]", "[secret]"),)


def test_a_drift_is_never_an_empty_table() -> None:
    changes = resource_changes([refreshed({"a": 1}, {"a": 1}, {"a": 1})])
    assert [change.properties for change in changes] == [()]
    drift = Drift(changes, [], {}, [], 1)
    console = Console(file=io.StringIO(), width=200, record=True)
    print_drift(drift, console)
    assert "DashboardJson llm" in console.export_text()
    assert "| DashboardJson llm |" in markdown(drift, "dev")


def test_names_without_paths_lead_to_what_differs_below_them() -> None:
    before = {"rules": [{"id": "a", "query": "x"}], "dryRun": True, "createdAt": "monday"}
    after = {"rules": [{"id": "a", "query": "y"}], "dryRun": True, "createdAt": "monday"}
    step = refreshed({}, before, after, "rules", "dryRun", "createdAt")
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("rules[0].query", "x", "y"),)


def test_a_drift_without_the_times_that_the_api_writes() -> None:
    type = "datadog:index/incidentUserDefinedField:IncidentUserDefinedField"
    edited = PropertyChange("category", None, "what_happened"), PropertyChange("modified", "monday", "tuesday")
    change = ResourceChange("urn::mode", type, "7", "update", edited)
    assert without_outputs(change).properties == edited[:1]
    only = ResourceChange("urn::mode", type, "7", "update", edited[1:])
    assert without_outputs(only) == only


def test_what_another_stack_exports_is_no_drift() -> None:
    revision = (PropertyChange("outputs.revision", "llm-api-00001", "llm-api-00002"),)
    for type in ("pulumi:pulumi:StackReference", "pulumi:providers:datadog", "pulumi:pulumi:Stack"):
        assert is_pulumis_own(ResourceChange("urn::reference", type, "7", "update", revision))
    for type in ("datadog:index/monitor:Monitor", "pulumi-python:dynamic/datadog:Notebook"):
        assert not is_pulumis_own(ResourceChange("urn::monitor", type, "7", "update", revision))
