"""The engine's steps, property by property."""

from typing import Any

from pulumi.automation.events import StepEventMetadata

from firedrill.delivery.changes import Property, cell, changes, shown


def step(operation: str, old: dict[str, Any] | None, new: dict[str, Any] | None, *paths: str) -> StepEventMetadata:
    """A step on one monitor."""
    what = {"urn": "urn:pulumi:s::p::datadog:index/monitor:Monitor::slow", "type": "datadog:index/monitor:Monitor"}
    sides = {
        side: {**what, "id": "7", "inputs": inputs, "outputs": inputs}
        for side, inputs in (("old", old), ("new", new))
        if inputs is not None
    }
    detail = {path: {"diffKind": "update", "inputDiff": True} for path in paths}
    return StepEventMetadata.from_json({**what, **sides, "op": operation, "detailedDiff": detail})


def test_a_property_is_named_with_both_values() -> None:
    old, new = {"options": {"steps": [{"at": 1}]}}, {"options": {"steps": [{"at": 2}]}}
    [change] = changes([step("update", old, new, "options.steps[0].at")])
    assert (change.kind, change.name, change.id, change.operation) == ("Monitor", "slow", "7", "update")
    assert change.properties == (Property("options.steps[0].at", 1, 2),)


def test_json_texts_differ_where_their_content_does() -> None:
    old, new = {"dashboard": '{"title": "a", "widgets": [1]}'}, {"dashboard": '{"widgets": [2], "title": "a"}'}
    [change] = changes([step("update", old, new, "dashboard")])
    assert change.properties == (Property("dashboard: widgets[0]", 1, 2),)


def test_the_three_steps_of_a_replacement_are_one_change() -> None:
    old, new = {"type": "a"}, {"type": "b"}
    steps = [
        step("create-replacement", None, new, "type"),
        step("replace", old, new, "type"),
        step("delete-replaced", old, None),
    ]
    [change] = changes(steps)
    assert (change.operation, change.id, change.properties) == ("replace", "7", (Property("type", "a", "b"),))


def test_what_stays_is_not_listed() -> None:
    assert changes([step("same", {"a": 1}, {"a": 1}), step("read", None, {"a": 1})]) == []


def test_values_fit_a_line_and_a_cell() -> None:
    assert shown("a\n  b") == "a b"
    assert len(shown("x" * 500)) == 120
    assert cell("a|b") == "`` a\\|b ``"
    assert cell(None) == "none"
