"""Rendering of messages: text and handles at a transition."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.notify import Handle, TemplateError, render
from firedrill.notify.transition import SampleTransition

MONITOR: dict[str, Any] = {
    "name": "Chat is slow for {{model.name}}",
    "type": "query alert",
    "query": "percentile(last_5m):p95:llm.chat.latency{env:prod} by {model,env} > 4",
    "priority": 2,
    "options": {"thresholds": {"critical": 4, "warning": 3, "critical_recovery": 3.5}},
}
ALERT = SampleTransition(
    "OK", "ALERT", {"model": "gemini-2.5-flash", "env": "prod"}, 1767571500.0, 6.25, 4.0,
    first_triggered=1767571200.0, last_triggered=1767571200.0,
)  # fmt: skip


def sent(message: str, transition: SampleTransition = ALERT, **monitor: Any) -> str:
    return render({**MONITOR, "message": message, **monitor}, transition).text


def handles(message: str, transition: SampleTransition = ALERT) -> list[Handle]:
    return render({**MONITOR, "message": message}, transition).handles


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("{{value}} {{comparator}} {{threshold}}", "6.25 > 4"),
        ("{{warn_threshold}} {{alert_recovery_threshold}} [{{ok_threshold}}]", "3 3.5 []"),
        ("{{triggered_duration_sec}} s since {{first_triggered_at_epoch}}", "300 s since 1767571200000"),
        ("{{local_time 'last_triggered_at' 'Asia/Tokyo'}}", "2026-01-05 09:00:00+09:00"),
        ('{{eval "int(value) + 2 * 3"}} {{eval "round(value / 2)"}}', "12 3"),
        ('{{eval "(value - threshold) / threshold * 100"}}', "56.25"),
        ('{{eval "2 ^ 3 % 5"}}', "3"),
        ('{{eval "humanize_bytes(25000000)"}}', "25MB"),
        ('{{urlencode "model.name"}}/{{urlencode "env.name"}}', "gemini-2.5-flash/prod"),
        ("{{{model.name}}} {{{{raw}}}}{{model.name}}{{{{/raw}}}}", "gemini-2.5-flash {{model.name}}"),
        ("{{#is_priority 'P2'}}two{{else}}other{{/is_priority}}", "two"),
        ('{{#is_exact_match "value" "6.250"}}yes{{/is_exact_match}}', "yes"),
        ('{{^is_match "model.name" "GEMINI"}}case counts{{/is_match}}', "case counts"),
        ('{{#is_match "absent.name" ""}}has{{else}}has not{{/is_match}}', "has not"),
        ("{{#is_alert}}a{{#is_renotify}}again{{else}}first{{/is_renotify}}{{/is_alert}}", "afirst"),
        ("{{absent.name}}{{log.message}}", ""),
    ],
)
def test_variables_and_conditions(message: str, text: str) -> None:
    assert sent(message) == text


def test_a_sample_event_fills_its_variables() -> None:
    event = {"message": "429", "tags": ["team:ml"], "attributes": {"error": {"kind": "Quota"}, "n": 2}}
    transition = SampleTransition("OK", "ALERT", event=event)
    message = "{{log.message}} {{log.tags.team}} {{log.attributes.[error.kind]}} {{log.attributes.n}}"
    assert sent(message, transition, type="log alert") == "429 ml Quota 2"


def test_values_from_outside_are_used() -> None:
    rendered = render({"message": "{{timeframe}} {{a.value}}"}, ALERT, {"timeframe": "30d", "a.value": 7})
    assert rendered.text == "30d 7"


def test_a_warning_after_an_alert_is_no_recovery() -> None:
    conditions = ("is_warning", "is_alert_to_warning", "is_recovery", "is_alert_recovery", "is_alert")
    message = "".join(f"{{{{#{name}}}}}{name} {{{{/{name}}}}}" for name in conditions)
    assert sent(message, SampleTransition("ALERT", "WARN")) == "is_warning is_alert_to_warning "


def test_a_title_names_the_group_unless_tags_are_left_out() -> None:
    on_group = "[Triggered on {env:prod,model:gemini-2.5-flash}] Chat is slow for gemini-2.5-flash"
    assert render({**MONITOR, "message": ""}, ALERT).title == on_group
    bare = render({**MONITOR, "message": "", "options": {"include_tags": False}}, ALERT).title
    assert bare == "[Triggered] Chat is slow for gemini-2.5-flash"


def test_notify_by_narrows_what_a_message_can_name() -> None:
    monitor = {**MONITOR, "message": "{{model.name}}|{{env.name}}", "options": {"notify_by": ["env"]}}
    rendered = render(monitor, ALERT)
    assert rendered.text == "|prod"
    assert rendered.title.startswith("[Triggered on {env:prod}]")


def test_priority_can_be_overridden_by_the_message() -> None:
    assert render({**MONITOR, "message": "{{override_priority 'P4'}}"}, ALERT).priority == 4
    assert render({**MONITOR, "message": ""}, ALERT).priority == 2


def test_handles_are_read_after_variables_are_filled_in() -> None:
    message = (
        '@slack-{{env.name}} @workflow-switch-model(model="{{model.name}}", reason=slow chat) @oncall-llm-platform.'
    )
    assert handles(message) == [
        Handle("integration", "slack-prod"),
        Handle("workflow", "switch-model", {"model": "gemini-2.5-flash", "reason": "slow chat"}),
        Handle("oncall", "llm-platform"),
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("@ann@example.com, look", [Handle("email", "ann@example.com")]),
        ("write to ann@example.com", []),
        ("@llm-platform", [Handle("team", "llm-platform")]),
        ("@incident-llm\n@case-LLM", [Handle("incident", "llm"), Handle("case", "LLM")]),
        ("@slack-room(now)", []),
        ("paged:@oncall-llm", []),
        ("@webhook-x @webhook-x", [Handle("integration", "webhook-x")]),
        (
            "@workflow-a(x=1) @workflow-a(x=2)",
            [Handle("workflow", "a", {"x": "1"}), Handle("workflow", "a", {"x": "2"})],
        ),
    ],
)
def test_forms_of_handles(message: str, expected: list[Handle]) -> None:
    assert handles(message) == expected


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("a\n{{#is_alert}}b", "{{#is_alert}}"),
        ("{{#is_alert}}b{{/is_warning}}", "{{/is_warning}}"),
        ("{{/is_alert}}", "{{/is_alert}}"),
        ("x {{#is_alrt}}{{/is_alrt}}", "{{#is_alrt}}{{/is_alrt}}"),
        ("x {{value", "{{"),
        ("x {{}}", "{{}}"),
        ('{{eval "value +"}}', '{{eval "value +"}}'),
        ("{{local_time 'last_triggered_at' 'Nowhere/City'}}", "{{local_time 'last_triggered_at' 'Nowhere/City'}}"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused_with_its_place(message: str, place: str) -> None:
    with pytest.raises(TemplateError) as caught:
        sent(message)
    assert message[caught.value.start : caught.value.end] == place
    assert "^" in str(caught.value)


PIECES = [
    "{{",
    "}}",
    "{{#is_alert}}",
    "{{/is_alert}}",
    "{{else}}",
    "{{^is_match 'a.name' ''}}",
    "{{/is_match}}",
    "@a-b",
    "{",
]


@given(st.lists(st.sampled_from([*PIECES, "x", " ", '"', "{{value}}", "{{!-- c --}}", "{{{{raw}}}}"]), max_size=12))
def test_any_message_is_rendered_or_refused(pieces: list[str]) -> None:
    try:
        text = sent("".join(pieces))
    except TemplateError as error:
        assert str(error)
    else:
        assert "{{#" not in text


@pytest.mark.parametrize(
    ("written", "passed"),
    [
        ("service=service.name", "web"),
        ("service={{service.name}}", "web"),
        ('service="{{service.name}}"', "web"),
        ("service = value ", "5"),
        ("service=log.attributes.usr.id", "u7"),
        ('service="service.name"', "service.name"),
        ("service=blue", "blue"),
        ("service=host.name", "host.name"),
    ],
)
def test_a_workflow_gets_the_value_of_a_variable_bare_or_in_braces(written: str, passed: str) -> None:
    transition = SampleTransition("OK", "ALERT", group={"service": "web"}, event={"attributes": {"usr": {"id": "u7"}}})
    (handle,) = render({"message": f"@workflow-fix({written}, n=1)"}, transition, {"value": 5}).handles
    assert dict(handle.parameters) == {"service": passed, "n": "1"}
