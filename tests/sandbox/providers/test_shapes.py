"""What a program declares and what the API answers map onto each other, both ways."""

from typing import Any

import pytest

from firedrill.sandbox.providers.datadog.lists import TAG_HASHED, TEXT_HASHED, TEXT_SET, OneOf
from firedrill.sandbox.providers.datadog.monitors import MONITOR
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INSTANT, JSON_TEXT, NUMBER_TEXT, TRIMMED, Shape


@pytest.mark.parametrize(
    ("shape", "declared", "answered"),
    [
        (NUMBER_TEXT, "4.0", 4),
        (TRIMMED, "text \n", "text"),
        (JSON_TEXT, '{ "b": 1, "a": [] }', {"a": [], "b": 1.0}),
        (TEXT_SET, ["b", "a"], ["a", "b"]),
        (TAG_HASHED, ["Team:LLM", "env:prod"], ["env:prod", "team:llm"]),
        (INSTANT, "2025-01-01T00:00:00Z", "2025-01-01T01:00:00+01:00"),
    ],
)
def test_an_answer_that_means_the_same_is_no_difference(shape: Shape, declared: Any, answered: Any) -> None:
    assert shape.receive(answered, declared) == declared


@pytest.mark.parametrize(
    ("shape", "declared", "answered", "received"),
    [
        (NUMBER_TEXT, "4.0", 9, "9"),
        (TEXT_SET, ["b", "a"], ["a", "c"], ["a", "c"]),
        (JSON_TEXT, '{"a": 1}', {"a": 2}, '{"a":2}'),
    ],
)
def test_an_answer_that_differs_is_received(shape: Shape, declared: Any, answered: Any, received: Any) -> None:
    assert shape.receive(answered, declared) == received


def test_older_sets_are_sent_in_the_order_of_their_hashes() -> None:
    assert TEXT_HASHED.send(["baz", "foo:bar"]) == ["foo:bar", "baz"]


def test_a_set_names_only_what_changed() -> None:
    assert dict(TEXT_SET.changes(["a", "b"], ["b", "a", "c"], "tags")) == {"tags[2]": "add"}


def test_one_of_several_kinds_is_told_by_its_type() -> None:
    shape = OneOf("type", {"urlParser": ("url-parser", Object((Field("target"),)))})

    assert shape.send({"urlParser": {"target": "x"}}) == {"type": "url-parser", "target": "x"}
    assert shape.receive({"type": "url-parser", "target": "y"}, None) == {"urlParser": {"target": "y"}}
    assert dict(shape.changes({"urlParser": {"target": "x"}}, {"urlParser": {"target": "y"}}, "p")) == {
        "p.urlParser.target": "update"
    }


def test_places_below_attributes_and_beside_them() -> None:
    shape = Object((Field("name"), Field("team", at="/relationships/team/data")), under="attributes")
    body = {"attributes": {"name": "x"}, "relationships": {"team": {"data": 1}}}

    assert shape.send({"name": "x", "team": 1}) == body
    assert shape.receive(body, {}) == {"name": "x", "team": 1}


def test_what_nobody_declared_and_the_api_decides_is_no_drift() -> None:
    shape = Object(
        (Field("delay", computed=True), Field("rule", server="any"), Field("message"), Field("on", default=True))
    )

    assert shape.receive({"delay": 5, "rule": "any", "message": "", "on": True}, {}) == {}
    assert shape.receive({"delay": 5, "rule": "own", "message": "m", "on": False}, {}) == {
        "rule": "own",
        "message": "m",
        "on": False,
    }


def test_a_default_and_its_absence_are_the_same() -> None:
    shape = Object((Field("on", default=True), Field("count")))

    assert dict(shape.changes({}, {"on": True, "count": 0}, "")) == {}
    assert dict(shape.changes({}, {"on": False}, "")) == {"on": "update"}


def test_metric_and_query_alert_are_one_type() -> None:
    assert dict(MONITOR.changes({"type": "metric alert"}, {"type": "query alert"}, "")) == {}
    assert dict(MONITOR.changes({"type": "metric alert"}, {"type": "log alert"}, "")) == {"type": "update"}
