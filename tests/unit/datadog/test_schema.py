"""Schemas map declared values and the API's JSON onto each other, in both directions."""

from typing import Any

import pytest

from firedrill.datadog.mapping.lists import TAG_SET_IN_HASH_ORDER, TEXT_SET, TEXT_SET_IN_HASH_ORDER, OneOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INSTANT, JSON_TEXT, NUMBER_TEXT, TRIMMED, Schema
from firedrill.datadog.resources.monitors import MONITOR


@pytest.mark.parametrize(
    ("shape", "declared", "answered"),
    [
        (NUMBER_TEXT, "4.0", 4),
        (TRIMMED, "text \n", "text"),
        (JSON_TEXT, '{ "b": 1, "a": [] }', {"a": [], "b": 1.0}),
        (TEXT_SET, ["b", "a"], ["a", "b"]),
        (TAG_SET_IN_HASH_ORDER, ["Team:LLM", "env:prod"], ["env:prod", "team:llm"]),
        (INSTANT, "2025-01-01T00:00:00Z", "2025-01-01T01:00:00+01:00"),
    ],
)
def test_an_answer_that_means_the_same_is_no_difference(shape: Schema, declared: Any, answered: Any) -> None:
    assert shape.receive(answered, declared) == declared


@pytest.mark.parametrize(
    ("shape", "declared", "answered", "received"),
    [
        (NUMBER_TEXT, "4.0", 9, "9"),
        (TEXT_SET, ["b", "a"], ["a", "c"], ["a", "c"]),
        (JSON_TEXT, '{"a": 1}', {"a": 2}, '{"a":2}'),
    ],
)
def test_an_answer_that_differs_is_received(shape: Schema, declared: Any, answered: Any, received: Any) -> None:
    assert shape.receive(answered, declared) == received


def test_older_sets_are_sent_in_the_order_of_their_hashes() -> None:
    assert TEXT_SET_IN_HASH_ORDER.send(["baz", "foo:bar"]) == ["foo:bar", "baz"]


def test_a_set_names_only_what_changed() -> None:
    assert dict(TEXT_SET.differences(["a", "b"], ["b", "a", "c"], "tags")) == {"tags[2]": "add"}


def test_one_of_several_kinds_is_told_by_its_type() -> None:
    shape = OneOf("type", {"urlParser": ("url-parser", Object((Property("target"),)))})

    assert shape.send({"urlParser": {"target": "x"}}) == {"type": "url-parser", "target": "x"}
    assert shape.receive({"type": "url-parser", "target": "y"}, None) == {"urlParser": {"target": "y"}}
    assert dict(shape.differences({"urlParser": {"target": "x"}}, {"urlParser": {"target": "y"}}, "p")) == {
        "p.urlParser.target": "update"
    }


def test_places_below_attributes_and_beside_them() -> None:
    shape = Object((Property("name"), Property("team", at="/relationships/team/data")), under="attributes")
    body = {"attributes": {"name": "x"}, "relationships": {"team": {"data": 1}}}

    assert shape.send({"name": "x", "team": 1}) == body
    assert shape.receive(body, {}) == {"name": "x", "team": 1}


def test_what_nobody_declared_and_the_api_decides_is_no_drift() -> None:
    shape = Object(
        (
            Property("delay", computed=True),
            Property("rule", server_default="any"),
            Property("message"),
            Property("on", default=True),
        )
    )

    assert shape.receive({"delay": 5, "rule": "any", "message": "", "on": True}, {}) == {}
    assert shape.receive({"delay": 5, "rule": "own", "message": "m", "on": False}, {}) == {
        "rule": "own",
        "message": "m",
        "on": False,
    }


def test_a_default_and_its_absence_are_the_same() -> None:
    shape = Object((Property("on", default=True), Property("count")))

    assert dict(shape.differences({}, {"on": True, "count": 0}, "")) == {}
    assert dict(shape.differences({}, {"on": False}, "")) == {"on": "add"}


def test_metric_and_query_alert_are_one_type() -> None:
    assert dict(MONITOR.differences({"type": "metric alert"}, {"type": "query alert"}, "")) == {}
    assert dict(MONITOR.differences({"type": "metric alert"}, {"type": "log alert"}, "")) == {"type": "update"}
