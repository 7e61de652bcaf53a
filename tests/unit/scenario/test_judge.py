"""The outcome of an alert is compared with the scenario's expectations, and every difference is one line."""

from typing import Any

import pytest

from firedrill.evaluate import Transition
from firedrill.evaluate.model import Status
from firedrill.scenario.clock import Clock, clock_from
from firedrill.scenario.judge import judge, judge_states
from firedrill.scenario.outcome import AlertOutcome
from firedrill.scenario.scenario import Scenario

MINUTE = 60
CLOCK = Clock(start=0, failure=60 * MINUTE, remediation=90 * MINUTE, end=150 * MINUTE)
STATES: dict[str, Status] = {"ok": "OK", "alert": "ALERT", "no data": "NO DATA"}


def scenario(**expectation: Any) -> Scenario:
    """Return a scenario that expects something of the alert `errors`, or nothing of any alert."""
    content = {
        "title": "t",
        "given": {"gemini": "down"},
        "timeline": {"healthy": "1h", "failing": "30m", "remediated": "1h"},
        "then": [{"alert": "errors", **expectation}] if expectation else [],
    }
    return Scenario.model_validate(content)


def outcome(*changes: str, tags: tuple[str, ...] = (), notify: bool = False) -> dict[str, AlertOutcome]:
    """Return the outcome of the alert `errors` from its changes, each a minute and a state such as ``62 alert``."""
    transitions = []
    state: Status = "OK"
    for change in changes:
        minute, _, name = change.partition(" ")
        new = STATES[name]
        transitions.append(Transition(1, {}, "*", int(minute) * MINUTE, state, new, None, None, notify))
        state = new
    return {"errors": AlertOutcome("errors", {"id": 1, "tags": list(tags)}, transitions)}


def test_the_clock_has_the_scenarios_phases() -> None:
    assert clock_from(scenario(), 0) == CLOCK
    assert CLOCK.evaluation_start == 30 * MINUTE


@pytest.mark.parametrize(
    ("expectation", "changes", "problems"),
    [
        ({"fires_within": "5m", "clears_within": "10m"}, ["62 alert", "95 ok"], []),
        ({"fires_within": "5m"}, [], ["errors: did not fire"]),
        ({"fires_within": "5m"}, ["66 alert", "95 ok"], ["errors: fired after 6 min, not within 5 min"]),
        ({"fires_within": "5m"}, ["50 alert", "95 ok"], ["errors: fired 10 min before the failure"]),
        ({"clears_within": "10m"}, ["62 alert", "105 ok"], ["errors: cleared after 15 min, not within 10 min"]),
        ({"clears_within": "10m"}, ["62 alert"], ["errors: did not clear"]),
        ({"fires_within": "5m"}, ["62 alert", "70 ok"], ["errors: cleared 20 min before the failure ended"]),
        ({"fires_within": "5m", "ends_early": True}, ["62 alert", "70 ok"], []),
        (
            {"fires_within": "5m"},
            ["62 alert", "70 ok", "75 alert", "95 ok"],
            ["errors: flapped; it fired 2 times"],
        ),
        ({"fires_within": "5m", "flaps": True}, ["62 alert", "70 ok", "75 alert", "95 ok"], []),
        ({"stays": "quiet"}, ["62 alert"], ["errors: fired unexpectedly"]),
        ({"stays": "quiet"}, [], []),
        ({"may_stay_quiet": True, "fires_within": 5}, [], []),
        ({}, ["62 alert"], ["errors: fired unexpectedly"]),
        ({"pages": "Ann"}, ["62 alert", "95 ok"], ["errors: paged nobody, not Ann"]),
        ({"runs": "switch-model"}, ["62 alert", "95 ok"], ["errors: did not start the workflow switch-model"]),
    ],
)
def test_every_difference_is_one_line(expectation: dict[str, Any], changes: list[str], problems: list[str]) -> None:
    assert judge(scenario(**expectation), outcome(*changes), CLOCK) == problems


def test_a_signal_may_be_in_alert() -> None:
    assert judge(scenario(), outcome("62 alert", tags=("severity:signal",)), CLOCK) == []


def test_an_alert_that_does_not_exist_is_named() -> None:
    assert judge(scenario(stays="quiet"), {}, CLOCK) == ["errors: the account has no such alert"]


def test_clearing_is_not_judged_without_a_remediation() -> None:
    expected = scenario(fires_within="5m", clears_within="10m")
    assert judge(expected, outcome("62 alert"), CLOCK, remediated=False) == []


@pytest.mark.parametrize(
    ("expectation", "changes", "problems"),
    [
        ({"clears_after": "5m"}, ["62 alert", "92 ok"], ["errors: cleared sooner than 5 min after the remediation"]),
        (
            {"clears_within": "10m"},
            ["62 alert", "92 no data"],
            ["errors: ends without data, so that nobody is notified of the recovery"],
        ),
        ({"shows": "ALERT"}, ["62 alert", "95 ok"], []),
        ({"shows": "OK"}, ["62 alert"], ["errors: is in ALERT at the end of the failing phase, not in OK"]),
    ],
)
def test_states_are_judged(expectation: dict[str, Any], changes: list[str], problems: list[str]) -> None:
    assert judge_states(scenario(**expectation), outcome(*changes), CLOCK) == problems


def test_a_notification_of_missing_data_is_a_problem() -> None:
    problems = judge_states(scenario(), outcome("62 no data", notify=True), CLOCK)
    assert problems == ["errors: notified about missing data unexpectedly"]
