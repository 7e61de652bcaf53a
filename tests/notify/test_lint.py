"""Traps in messages are found before anything is sent."""

from typing import Any

import pytest

from firedrill.notify.lint import group_by, lint_message

QUERY = "avg(last_5m):avg:llm.chat.latency{*} by {model,env} > 4"


def found(message: str, **monitor: Any) -> list[str]:
    return [
        finding.message
        for finding in lint_message({"type": "query alert", "query": QUERY, "message": message, **monitor})
    ]


@pytest.mark.parametrize(
    "message",
    [
        "{{model.name}} {{env.name}} {{value}} {{threshold}} {{host.ip}} {{#is_alert}}x{{/is_alert}}",
        "{{#is_match 'model.name' 'pro'}}@slack-pro{{else}}@slack-rest{{/is_match}} {{eval 'int(value)'}}",
        "{{#is_alert}}@oncall-llm{{/is_alert}}{{#is_recovery}}@oncall-llm{{/is_recovery}}",
        "@oncall-llm",
    ],
)
def test_a_good_message_has_no_findings(message: str) -> None:
    assert found(message) == []


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("{{service.name}}", "service is not in the group-by"),
        ("{{#is_match 'service.name' 'x'}}y{{/is_match}}", "service is not in the group-by"),
        ("{{urlencode 'service.name'}}", "service is not in the group-by"),
        ("{{dot.key.name}}", "in brackets"),
        ("{{valu}}", "no variable 'valu'"),
        ("{{log.message}}", "has no log to show"),
        ("{{#is_alrt}}x{{/is_alrt}}", "no condition"),
        ("{{#is_alert}}x", "never closed"),
        ("now:@oncall-llm @oncall-llm", "space before"),
        ("{{#is_alert}}@oncall-llm{{/is_alert}}", "stays open"),
    ],
)
def test_a_trap_is_found(message: str, part: str) -> None:
    (finding,) = found(message)
    assert part in finding


def test_a_handle_made_from_an_event_is_a_trap() -> None:
    query = 'logs("*").rollup("count").by("service").last("5m") > 1'
    (finding,) = found("@slack-{{log.attributes.team}} {{service.name}}", type="log alert", query=query)
    assert "not safe" in finding


def test_findings_point_at_their_place() -> None:
    message = "slow\n{{service.name}}"
    (finding,) = lint_message({"type": "query alert", "query": QUERY, "message": message})
    assert message[finding.start : finding.end] == "{{service.name}}"


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [
        ({"query": QUERY}, {"model", "env"}),
        ({"query": 'logs("a").rollup("count").by("service,@http.route").last("5m") > 1'}, {"service", "@http.route"}),
        ({"query": '"check".over("env:prod").by("host","port").last(3).count_by_status()'}, {"host", "port"}),
        ({"query": QUERY, "options": {"notify_by": ["env"]}}, {"env"}),
        ({"query": QUERY, "options": {"notify_by": ["*"]}}, set()),
        ({"query": "1 && 2", "type": "composite"}, None),
    ],
)
def test_the_group_by_is_read_from_the_query(monitor: dict[str, Any], expected: set[str] | None) -> None:
    assert group_by(monitor) == expected
