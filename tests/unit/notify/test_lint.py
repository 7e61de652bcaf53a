"""Checks of messages before anything is sent."""

from typing import Any

import pytest

from firedrill.notify.lint import group_by, lint_message

QUERY = "avg(last_5m):avg:llm.chat.latency{*} by {model,env} > 4"


def messages(message: str, **monitor: Any) -> list[str]:
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
    assert messages(message) == []


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("{{service.name}}", "service is not in the group-by"),
        ("{{#is_match 'service.name' 'x'}}y{{/is_match}}", "service is not in the group-by"),
        ("{{urlencode 'service.name'}}", "service is not in the group-by"),
        ("{{dot.key.name}}", "in brackets"),
        ("{{valu}}", "no variable 'valu'"),
        ("{{log.message}}", "has no log to show"),
        ("{{#is_alrt}}x{{/is_alrt}}", "not a condition"),
        ("{{#is_alert}}x", "never closed"),
        ("now:@oncall-llm @oncall-llm", "space before"),
        ("{{#is_alert}}@oncall-llm{{/is_alert}}", "stays open"),
    ],
)
def test_a_trap_is_found(message: str, part: str) -> None:
    (finding,) = messages(message)
    assert part in finding


LOGS = 'logs("status:error").rollup("count").by("@usr.id").last("5m") > 1'
CHECK = '"http.can_connect".over("*").by("url").last(2).count_by_status()'
BY_HOST = "avg(last_5m):avg:system.load.1{*} by {host} > 4"
FORMULA = {
    "query": 'formula("a / b").last("5m") > 1',
    "options": {"variables": [{"name": "a", "query": "avg:a{*} by {shard}"}, {"name": "b", "group_by": ["zone"]}]},
}
TEST = {"type": "synthetics alert", "query": "no_query"}


@pytest.mark.parametrize(
    ("message", "monitor"),
    [
        # https://docs.datadoghq.com/monitors/notify/variables/
        ("{{log.attributes.usr.name}} {{log.tags.env}} {{log.link}}", {"type": "log alert", "query": LOGS}),
        ("{{[@usr.id].name}}", {"type": "log alert", "query": LOGS}),
        ("{{event.host.name}} {{event.tags.[dot.key]}}", {"type": "event-v2 alert", "query": "events('a')"}),
        ("{{databasemonitoring.attributes.key}}", {"type": "database-monitoring alert", "query": ""}),
        ("{{issue.attributes.key}} {{span.attributes.[error.message]}}", {"type": "error-tracking alert"}),
        ("{{role.name}} {{host.metadata_platform}} {{#is_match 'role.name' 'db'}}x{{/is_match}}", {"query": BY_HOST}),
        ("{{#is_exact_match 'host.datacenter' ''}}x{{/is_exact_match}}", {"query": BY_HOST}),
        ("{{model.team}} {{model.links[Runbook]}} {{#is_match 'env' 'prod'}}x{{/is_match}}", {}),
        ("{{{check_message}}} {{url.name}}", {"type": "service check", "query": CHECK}),
        ("{{a.value}} {{a.status}} {{a.log.message}} {{env.name}}", {"type": "composite", "query": "1 && 2"}),
        ("{{shard.name}} {{zone.name}}", FORMULA),
        ('{{{{raw}}}}{{ x }}{{{{/raw}}}} {{{{is_match "model.name" "pro"}}}}{{ .y }}{{{{/is_match}}}}', {}),
        # https://docs.datadoghq.com/synthetics/notifications/advanced_notifications/
        ("{{#if synthetics.attributes.result.failure}}{{synthetics.failed_step.name}}{{else}}-{{/if}}", TEST),
        ("{{#each synthetics.attributes.result.steps}}{{description}} {{@index}}{{this}}{{/each}} {{tags.env}}", TEST),
    ],
)
def test_what_the_pages_document_has_no_findings(message: str, monitor: dict[str, Any]) -> None:
    assert messages(message, **monitor) == []


@pytest.mark.parametrize(
    ("message", "monitor", "part"),
    [
        ("{{span.tags.env}}", {"type": "log alert", "query": LOGS}, "a log alert has no span"),
        ("{{log.name}}", {}, "has no log to show"),
        ("{{check_message}}", {}, "only a service check"),
        ("{{synthetics.failed_step.name}}", {}, "has no synthetics to show"),
        ("{{#each x}}y{{/each}}", {}, "'each' is not a condition"),
        ("{{#is_match 'team' 'a'}}x{{/is_match}}", {}, "team is not in the group-by"),
        ("{{team.name}}", FORMULA, "team is not in the group-by"),
        ("{{model}}", {}, "the documented form is {{model.name}}"),
    ],
)
def test_what_has_no_value_is_found(message: str, monitor: dict[str, Any], part: str) -> None:
    (finding,) = messages(message, **monitor)
    assert part in finding


def test_title_and_escalation_message_are_checked_too() -> None:
    monitor = {"name": "{{#is_alert}}slow {{model.name}}", "options": {"escalation_message": "{{valu}}"}}
    title, escalation = lint_message({"type": "query alert", "query": QUERY, "message": "", **monitor})
    assert (title.part, str(title)) == ("title", "title: {{#is_alert}} is never closed")
    assert (escalation.part, escalation.text) == ("escalation message", "{{valu}}")


def test_a_handle_made_from_an_event_is_a_trap() -> None:
    query = 'logs("*").rollup("count").by("service").last("5m") > 1'
    (finding,) = messages("@slack-{{log.attributes.team}} {{service.name}}", type="log alert", query=query)
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
