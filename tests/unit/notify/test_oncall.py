"""On-call schedules, routing rules and escalation, on the API's JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedrill.notify.oncall import (
    Alert,
    EscalationStep,
    EscalationTarget,
    Override,
    Policy,
    escalate,
    on_call_user,
    route,
    shift_at,
)
from firedrill.notify.oncall.escalation import read_policy

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WORK = [{"start_day": "monday", "start_time": "09:00:00", "end_day": "friday", "end_time": "17:00:00"}]


def layer(users: list[str | None], **changes: Any) -> dict[str, Any]:
    members = [{"user": {"id": user}} for user in users]
    defaults = {"name": "layer", "effective_date": "2026-01-05T00:00:00Z", "rotation_start": "2026-01-05T00:00:00Z"}
    return {**defaults, "interval": {"days": 7}, "members": members, **changes}


def schedule(*layers: dict[str, Any], zone: str = "UTC") -> dict[str, Any]:
    return {"data": {"attributes": {"name": "s", "time_zone": zone, "layers": list(layers)}, "type": "schedules"}}


RESPONSE = {
    "data": {
        "id": "s1",
        "type": "schedules",
        "attributes": {"name": "Primary", "time_zone": "America/New_York"},
        "relationships": {"layers": {"data": [{"id": "l1", "type": "layers"}]}},
    },
    "included": [
        {
            "id": "l1",
            "type": "layers",
            "attributes": {
                "name": "Layer 1",
                "effective_date": "2025-11-24T08:50:18.341Z",
                "end_date": "2025-12-14T08:50:18.341Z",
                "interval": {"days": 1},
                "restrictions": WORK,
                "rotation_start": "2025-11-29T08:50:18.341Z",
            },
            "relationships": {"members": {"data": [{"id": "m1", "type": "members"}, {"id": "m2", "type": "members"}]}},
        },
        {"id": "m1", "type": "members", "relationships": {"user": {"data": {"id": "ana", "type": "users"}}}},
        {"id": "m2", "type": "members", "relationships": {"user": {"data": {"id": "bo", "type": "users"}}}},
    ],
}


def test_an_answer_of_the_api_with_included_layers_is_read() -> None:
    thursday = datetime(2025, 12, 4, 8, 50, 19, tzinfo=UTC)
    shift = shift_at(RESPONSE, thursday)
    assert shift is not None
    assert shift.user_id == "bo"
    assert shift.end.isoformat(timespec="seconds") == "2025-12-05T03:50:18-05:00"
    saturday, after_the_end = datetime(2025, 12, 6, 12, tzinfo=UTC), datetime(2025, 12, 15, 15, tzinfo=UTC)
    assert on_call_user(RESPONSE, saturday) is None
    assert on_call_user(RESPONSE, after_the_end) is None


def test_a_layer_that_is_not_included_is_named() -> None:
    with pytest.raises(ValueError, match="layer l1 of schedule 'Primary'"):
        on_call_user({"data": RESPONSE["data"]}, MONDAY)


def test_a_handoff_stays_on_the_wall_clock_when_clocks_change() -> None:
    nine = "2026-03-20T08:00:00Z"  # 09:00 in Paris
    paris = schedule(layer(["ana", "bo"], rotation_start=nine, effective_date=nine), zone="Europe/Paris")
    handoff = datetime(2026, 4, 3, 9, tzinfo=ZoneInfo("Europe/Paris"))
    assert on_call_user(paris, handoff - timedelta(seconds=1)) == "bo"
    assert on_call_user(paris, handoff) == "ana"
    across = shift_at(paris, datetime(2026, 3, 28, tzinfo=UTC))
    assert across is not None
    assert across.crosses_clock_change


def test_restrictions_are_in_the_layers_own_zone() -> None:
    tokyo = schedule(layer(["ana"], restrictions=WORK, time_zone="Asia/Tokyo"), zone="America/New_York")
    assert on_call_user(tokyo, MONDAY) == "ana"
    assert on_call_user(tokyo, MONDAY - timedelta(minutes=1)) is None


def test_a_window_may_wrap_the_week() -> None:
    weekend = [{"start_day": "friday", "start_time": "18:00:00", "end_day": "monday", "end_time": "08:00:00"}]
    rota = schedule(layer(["ana"], restrictions=weekend))
    assert [on_call_user(rota, MONDAY + timedelta(hours=hour)) for hour in (7, 8, 24 * 4 + 18)] == ["ana", None, "ana"]


def test_an_override_may_leave_nobody_on_call() -> None:
    nobody = Override(None, MONDAY, MONDAY + timedelta(hours=1))
    assert on_call_user(schedule(layer(["ana"])), MONDAY, [nobody]) is None
    assert on_call_user(schedule(layer(["ana"])), nobody.end, [nobody]) == "ana"


def test_positions_name_the_neighbours_in_the_rotation() -> None:
    three = schedule(layer(["ana", "bo", "cy"]))
    assert on_call_user(three, MONDAY, position="previous") == "cy"
    assert on_call_user(three, MONDAY, position="next") == "bo"


@given(st.integers(0, 10**8), st.integers(1, 40), st.integers(3600, 10**6))
def test_shifts_follow_each_other_without_gaps(offset: int, users: int, seconds: int) -> None:
    names: list[str | None] = [f"u{number}" for number in range(users)]
    rota = schedule(layer(names, interval={"seconds": seconds}))
    shift = shift_at(rota, MONDAY + timedelta(seconds=offset))
    assert shift is not None
    following = shift_at(rota, shift.end)
    assert following is not None
    assert following.start == shift.end
    assert names.index(following.user_id) == (names.index(shift.user_id) + 1) % users


RULES: dict[str, Any] = {
    "data": {
        "id": "t1",
        "type": "team_routing_rules",
        "relationships": {
            "rules": {"data": [{"id": f"r{number}", "type": "team_routing_rules"} for number in range(3)]}
        },
    },
    "included": [
        {
            "id": "r0",
            "type": "team_routing_rules",
            "attributes": {
                "query": "tags.severity:critical AND groups.model:gemini*",
                "urgency": "high",
                "actions": [],
            },
            "relationships": {"policy": {"data": {"id": "p-critical", "type": "policies"}}},
        },
        {
            "id": "r1",
            "type": "team_routing_rules",
            "attributes": {
                "query": "",
                "urgency": "dynamic",
                "actions": [{"type": "workflow", "handle": "switch-model"}],
                "time_restriction": {"time_zone": "Europe/Paris", "restrictions": WORK},
            },
            "relationships": {"policy": {"data": {"id": "p-day", "type": "policies"}}},
        },
        {
            "id": "r2",
            "type": "team_routing_rules",
            "attributes": {
                "query": "",
                "actions": [
                    {
                        "type": "escalation_policy",
                        "policy_id": "p-rest",
                        "urgency": "low",
                        "support_hours": {"time_zone": "UTC", "restrictions": WORK},
                    }
                ],
            },
        },
    ],
}


def test_the_first_rule_that_matches_routes() -> None:
    alert = Alert({"severity": ["critical"]}, {"model": "gemini-2.5-pro"}, 1, "error")
    match = route(RULES, alert, MONDAY)
    assert match is not None
    assert (match.rule, match.policy_id, match.urgency) == (0, "p-critical", "high")


def test_time_restrictions_and_dynamic_urgency() -> None:
    match = route(RULES, Alert(status="warn"), MONDAY + timedelta(hours=8))
    assert match is not None
    assert (match.policy_id, match.urgency, match.workflows) == ("p-day", "low", ("switch-model",))


def test_support_hours_hold_the_policy_until_they_begin() -> None:
    match = route(RULES, Alert(), MONDAY)
    assert match is not None
    assert (match.policy_id, match.urgency, match.starts) == ("p-rest", "low", MONDAY + timedelta(hours=9))


def test_a_policy_with_included_steps_is_read() -> None:
    response = {
        "data": {
            "id": "p",
            "type": "policies",
            "attributes": {"name": "P", "retries": 2, "resolve_page_on_policy_end": True},
            "relationships": {"steps": {"data": [{"id": "1", "type": "steps"}]}},
        },
        "included": [
            {
                "id": "1",
                "type": "steps",
                "attributes": {"assignment": "round-robin", "escalate_after_seconds": 300},
                "relationships": {
                    "targets": {"data": [{"id": "u", "type": "users"}, {"id": "s_previous", "type": "schedule_target"}]}
                },
            },
            {
                "id": "s_previous",
                "type": "schedule_target",
                "attributes": {"position": "previous"},
                "relationships": {"schedule": {"data": {"id": "s", "type": "schedules"}}},
            },
        ],
    }
    targets = (EscalationTarget("user", "u"), EscalationTarget("schedule", "s", "previous"))
    assert read_policy(response) == Policy(
        "P", (EscalationStep(targets, 300, round_robin=True),), 2, resolve_on_end=True
    )


def find(target: EscalationTarget, time: float) -> list[str]:
    return [] if target.id == "empty" else [target.id]


TWO = (
    EscalationStep((EscalationTarget("user", "ana"),), 300),
    EscalationStep((EscalationTarget("schedule", "empty"),), 600),
    EscalationStep((EscalationTarget("user", "bo"),), 300),
)


def test_retries_repeat_all_steps_and_an_empty_one_takes_no_time() -> None:
    escalation = escalate(Policy("p", TWO, retries=1), 0, find)
    assert [(step.time, step.who, step.step, step.round) for step in escalation.steps] == [
        (0, ("ana",), 1, 1),
        (300, ("bo",), 3, 1),
        (600, ("ana",), 1, 2),
        (900, ("bo",), 3, 2),
    ]
    assert escalation.status == "triggered"


def test_the_page_resolves_after_the_last_delay_where_the_policy_says_so() -> None:
    escalation = escalate(Policy("p", TWO, resolve_on_end=True), 0, find)
    assert (escalation.status, escalation.ended) == ("resolved", 600)
    late = escalate(Policy("p", TWO, resolve_on_end=True), 0, find, acknowledged=599)
    assert (late.status, len(late.steps)) == ("acknowledged", 2)
