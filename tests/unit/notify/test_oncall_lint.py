"""Checks of on-call objects: gaps in schedules, rules and policies that cannot work."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firedrill.notify.oncall import Override
from firedrill.notify.oncall.lint import gaps, lint_policy, lint_routing_rules

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)


def schedule(users: list[str | None], **changes: Any) -> dict[str, Any]:
    layer = {
        "name": "l",
        "effective_date": "2026-01-05T00:00:00Z",
        "rotation_start": "2026-01-05T00:00:00Z",
        "interval": {"days": 1},
        "members": [{"user": {"id": user}} for user in users],
        **changes,
    }
    return {"attributes": {"name": "s", "time_zone": "Europe/Paris", "layers": [layer]}}


def hours(intervals: list[tuple[datetime, datetime]]) -> list[tuple[float, float]]:
    return [((a - MONDAY) / timedelta(hours=1), (b - MONDAY) / timedelta(hours=1)) for a, b in intervals]


def test_a_rotation_without_restrictions_has_no_gaps() -> None:
    assert gaps(schedule(["ana", "bo"]), MONDAY, MONDAY + 10 * WEEK) == []


def test_nights_and_weekends_are_gaps_of_a_restricted_layer() -> None:
    days = ("monday", "tuesday")
    work = [{"start_day": d, "start_time": "09:00:00", "end_day": d, "end_time": "17:00:00"} for d in days]
    findings = gaps(schedule(["ana"], restrictions=work), MONDAY, MONDAY + timedelta(days=3))
    assert hours(findings) == [(0, 8), (16, 32), (40, 72)]  # Paris is an hour ahead of UTC


def test_an_empty_shift_is_a_gap_that_an_override_fills() -> None:
    rota = schedule(["ana", None])
    assert hours(gaps(rota, MONDAY, MONDAY + timedelta(days=3))) == [(24, 48)]
    half = Override("bo", MONDAY + timedelta(hours=24), MONDAY + timedelta(hours=36))
    assert hours(gaps(rota, MONDAY, MONDAY + timedelta(days=3), [half])) == [(36, 48)]


def rules(*declared: dict[str, Any]) -> dict[str, Any]:
    return {"attributes": {"rules": list(declared)}}


CATCH_ALL = {"query": "", "policy_id": "p", "urgency": "high"}


def test_good_rules_have_no_findings() -> None:
    first = {"query": "tags.severity:critical AND priority:(1 OR 2)", "policy_id": "p", "urgency": "high"}
    assert lint_routing_rules(rules(first, CATCH_ALL)) == []


@pytest.mark.parametrize(
    ("declared", "part"),
    [
        ([], "no routing rule"),
        ([{**CATCH_ALL, "query": "priority:1"}], "is the last"),
        ([CATCH_ALL, CATCH_ALL], "never reached"),
        ([{**CATCH_ALL, "query": "service:x"}, CATCH_ALL], "service is not a field"),
        ([{**CATCH_ALL, "query": "tags.a:"}, CATCH_ALL], "cannot be read"),
        ([{"query": "priority:1"}, CATCH_ALL], "does nothing"),
    ],
)
def test_a_trap_in_rules_is_found(declared: list[dict[str, Any]], part: str) -> None:
    (finding,) = lint_routing_rules(rules(*declared))
    assert part in finding


def test_limits_of_policies() -> None:
    step = {"escalate_after_seconds": 30, "targets": []}
    findings = lint_policy({"attributes": {"name": "p", "retries": 11, "steps": [step]}})
    assert [finding.split(":")[0] for finding in findings] == [
        "has 11 retries",
        "step 1 has 0 targets",
        "step 1 escalates after 30 s",
    ]
