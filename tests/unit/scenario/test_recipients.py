"""Scenarios check who is notified: of the trigger, of a warning, and of the end."""

from typing import Any

import pytest

from firedrill.evaluate import Transition
from firedrill.evaluate.model import Status
from firedrill.notify import Rendered
from firedrill.notify.deliver import Message
from firedrill.scenario.outcome import AlertOutcome, Notification
from firedrill.scenario.recipients import judge_recipients
from firedrill.scenario.scenario import Expectation

STATES: dict[str, Status] = {"ok": "OK", "warn": "WARN", "alert": "ALERT"}


def outcome(*sent: str, teams_known: bool = True, tags: tuple[str, ...] = ()) -> AlertOutcome:
    """Return an outcome from its notifications, each a state and the teams that it reaches: ``alert web``."""
    result = AlertOutcome("errors", {"id": 1, "tags": list(tags)}, teams_known=teams_known)
    state: Status = "OK"
    for minute, text in enumerate(sent):
        name, *teams = text.split()
        transition = Transition(1, {}, "*", minute * 60.0, state, STATES[name], None, None, notify=True)
        state = STATES[name]
        result.transitions.append(transition)
        messages = [Message("team", team) for team in teams]
        result.notifications.append(Notification(transition, Rendered("", "", []), messages))
    return result


@pytest.mark.parametrize(
    ("tells", "sent", "problems"),
    [
        ("web", ["alert web", "ok web"], []),
        ("web", ["alert", "ok"], ["errors: notified nobody, not web"]),
        ("web", ["alert app", "ok app"], ["errors: notified app, not web"]),
        ("nobody", ["alert", "ok"], []),
        ("nobody", ["alert web", "ok web"], ["errors: notified web, not nobody"]),
        (None, ["alert web", "ok web"], []),
        (None, ["alert", "ok"], ["errors: notified nobody"]),
        (None, ["warn", "ok"], []),
        (None, ["warn web", "ok web"], ["errors: notified web, not nobody"]),
        ("web", ["warn web", "ok web"], []),
        ("web", ["warn", "ok"], ["errors: notified nobody, not web"]),
        (None, ["warn", "ok web"], ["errors: web is notified of a recovery, but was not of the trigger"]),
        (None, ["alert web", "ok"], ["errors: web is not notified of the recovery"]),
        (None, ["alert web", "warn web", "ok"], []),
        (None, ["alert web", "warn", "ok web"], []),
        (None, ["alert a", "warn a", "ok b"], ["errors: b is notified of a recovery, but was not of the trigger"]),
    ],
)
def test_recipients_are_judged(tells: str | None, sent: list[str], problems: list[str]) -> None:
    expectation = Expectation.model_validate({"alert": "errors", "tells": tells})
    assert judge_recipients(outcome(*sent), expectation) == problems


def test_a_signal_notifies_nobody() -> None:
    signal: dict[str, Any] = {"tags": ("severity:signal",)}
    assert judge_recipients(outcome("alert", "ok", **signal), None) == []
    assert judge_recipients(outcome("alert web", "ok web", **signal), None) == ["errors: notified web, not nobody"]


def test_nothing_is_judged_where_teams_are_unknown() -> None:
    assert judge_recipients(outcome("alert", "ok", teams_known=False), None) == []
