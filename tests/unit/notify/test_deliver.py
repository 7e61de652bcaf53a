"""Delivery of a notification: everything that it triggers in an account."""

from dataclasses import replace
from typing import Any

import pytest

from firedrill.notify import render
from firedrill.notify.deliver import Delivery, Message, PageResolved, PageResponses, Unresolved, WorkflowRun, deliver
from firedrill.notify.directory import Directory
from firedrill.notify.paging import Page
from firedrill.notify.transition import SampleTransition

TIME = 1767571200.0  # Monday 2026-01-05 00:00 UTC
LAYER = {
    "name": "weekly",
    "effective_date": "2026-01-05T00:00:00Z",
    "rotation_start": "2026-01-05T00:00:00Z",
    "interval": {"days": 7},
    "members": [{"user": {"id": "ana"}}, {"user": {"id": "bo"}}],
}
POLICY: dict[str, Any] = {
    "name": "LLM",
    "retries": 0,
    "steps": [
        {"assignment": "default", "escalate_after_seconds": 300, "targets": [{"id": "s", "type": "schedules"}]},
        {"assignment": "default", "escalate_after_seconds": 600, "targets": [{"id": "t", "type": "teams"}]},
    ],
}
ACCOUNT = Directory(
    teams=[{"id": "t", "type": "team", "attributes": {"handle": "llm-platform", "name": "LLM"}}],
    members={"t": ["ana", "bo", "gone"]},
    routing_rules={"t": {"data": {"attributes": {"rules": [{"query": "", "policy_id": "p", "urgency": "dynamic"}]}}}},
    policies=[{"data": {"id": "p", "type": "policies", "attributes": POLICY}}],
    schedules=[{"data": {"id": "s", "type": "schedules", "attributes": {"time_zone": "UTC", "layers": [LAYER]}}}],
    users=[{"id": "gone", "attributes": {"disabled": True}}, {"id": "ana", "attributes": {"name": "Ana"}}],
    workflows=[
        {
            "id": "w",
            "attributes": {
                "published": published,
                "spec": {"handle": handle, "triggers": [{trigger: {}, "startStepNames": ["a"]}]},
            },
        }
        for handle, published, trigger in (
            ("switch-model", True, "monitorTrigger"),
            ("draft", False, "monitorTrigger"),
            ("by-hand", True, "apiTrigger"),
        )
    ],
)


def sent(
    message: str, transition: SampleTransition, account: Directory = ACCOUNT, responses: PageResponses | None = None
) -> list[Delivery]:
    monitor: dict[str, Any] = {"message": message, "tags": ["team:llm-platform"], "priority": 1}
    return deliver(account, monitor, transition, render(monitor, transition), responses)


ALERT = SampleTransition("OK", "ALERT", {"model": "pro"}, TIME)


def only_page(deliveries: list[Delivery]) -> Page:
    (page,) = (delivery for delivery in deliveries if isinstance(delivery, Page))
    return page


def test_a_page_climbs_from_the_schedule_to_the_team_without_deactivated_users() -> None:
    page = only_page(sent("@oncall-llm-platform", ALERT))
    assert [(step.time - TIME, step.who, step.urgency) for step in page.steps] == [
        (0, ("ana",), "high"),
        (300, ("ana", "bo"), "high"),
    ]
    assert (page.team, page.policy, page.status, page.problem) == ("llm-platform", "LLM", "triggered", None)


def test_acknowledging_stops_the_page() -> None:
    page = only_page(sent("@oncall-llm-platform", ALERT, responses=PageResponses(acknowledged=TIME + 120)))
    assert (len(page.steps), page.status) == (1, "acknowledged")


def test_resolving_stops_the_page() -> None:
    page = only_page(sent("@oncall-llm-platform", ALERT, responses=PageResponses(resolved=TIME + 200)))
    assert (len(page.steps), page.status, page.ended) == (1, "resolved", TIME + 200)


def test_a_warning_pages_with_low_urgency_under_a_dynamic_rule() -> None:
    assert only_page(sent("@oncall-llm-platform", SampleTransition("OK", "WARN", time=TIME))).urgency == "low"


def test_a_recovery_that_mentions_the_team_resolves_its_page() -> None:
    assert sent("@oncall-llm-platform", SampleTransition("ALERT", "OK", time=TIME)) == [PageResolved("llm-platform")]


def test_a_workflow_runs_with_its_parameters() -> None:
    (run,) = sent('@workflow-switch-model(model="{{model.name}}")', ALERT)
    assert run == WorkflowRun("switch-model", {"model": "pro"}, "w")


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        ("workflow-absent", "no workflow has this handle"),
        ("workflow-draft", "the workflow is not published"),
        ("workflow-by-hand", "the workflow has no monitor trigger"),
        ("oncall-absent", "no team has this handle"),
        ("absent", "no team has this handle"),
    ],
)
def test_a_handle_that_reaches_nothing_is_named(handle: str, reason: str) -> None:
    assert sent(f"@{handle}", ALERT) == [Unresolved(handle, reason)]


def test_a_page_that_reaches_nobody_says_why() -> None:
    no_rules = replace(ACCOUNT, routing_rules={})
    assert only_page(sent("@oncall-llm-platform", ALERT, no_rules)).problem == "team llm-platform has no routing rules"
    no_policy = replace(ACCOUNT, policies=())
    assert only_page(sent("@oncall-llm-platform", ALERT, no_policy)).problem == "escalation policy p does not exist"
    nobody = replace(ACCOUNT, schedules=(), members={})
    assert "reaches nobody" in str(only_page(sent("@oncall-llm-platform", ALERT, nobody)).problem)


def test_an_incident_is_declared_on_trouble_only() -> None:
    assert sent("@incident-llm", ALERT) == [Message("incident", "llm")]
    assert sent("@incident-llm", SampleTransition("ALERT", "OK", time=TIME)) == []


def test_notification_rules_add_recipients_to_the_message() -> None:
    rule = {
        "data": {
            "attributes": {
                "filter": {"tags": ["team:llm-platform", "model:pro"]},
                "recipients": ["slack-llm", "ann@example.com"],
                "conditional_recipients": {
                    "conditions": [{"scope": "transition_type:is_alert", "recipients": ["oncall-llm-platform"]}],
                    "fallback_recipients": ["slack-quiet"],
                },
            }
        }
    }
    account = replace(ACCOUNT, notification_rules=[rule])
    kinds = [type(delivery).__name__ for delivery in sent("@slack-llm", ALERT, account)]
    assert kinds == ["Message", "Message", "Page"]
    warning = sent("", SampleTransition("OK", "WARN", {"model": "pro"}, TIME), account)
    assert Message("integration", "slack-quiet") in warning
    assert sent("", SampleTransition("OK", "ALERT", {"model": "flash"}, TIME), account) == []


def test_an_acknowledged_page_triggers_again_after_the_rules_timeout() -> None:
    action = {"type": "escalation_policy", "policy_id": "p", "urgency": "high", "ack_timeout_minutes": 30}
    rules = {"t": {"attributes": {"rules": [{"query": "", "actions": [action]}]}}}
    account = replace(ACCOUNT, routing_rules=rules)
    page = only_page(sent("@oncall-llm-platform", ALERT, account, PageResponses(acknowledged=TIME + 60)))
    assert [step.time - TIME for step in page.steps] == [0, 60 + 1800, 60 + 1800 + 300]


def test_choices_where_the_pages_are_silent_are_noted() -> None:
    silent = only_page(sent("@oncall-llm-platform", SampleTransition("OK", "NO DATA", time=TIME)))
    assert silent.notes == ("dynamic urgency for missing data counts as high",)
    hours = {**LAYER, "interval": {"seconds": 3600}}
    schedule = {"id": "s", "attributes": {"time_zone": "UTC", "layers": [hours]}}
    policy = {**POLICY, "steps": [{**POLICY["steps"][0], "escalate_after_seconds": 3600}] * 2}
    account = replace(ACCOUNT, schedules=[schedule], policies=[{"id": "p", "attributes": policy}])
    changing = only_page(sent("@oncall-llm-platform", ALERT, account))
    assert [step.who for step in changing.steps] == [("ana",), ("bo",)]
    assert "read when each step runs" in changing.notes[0]
