"""Drafts that `firedrill new` cannot write are refused with the reason and the next step; nothing is written then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firedrill.errors import KnownFailure
from firedrill.scaffold.alert import new_alert
from firedrill.scaffold.checkout import Checkout, insert_into_tuple
from firedrill.scaffold.metric import new_metric
from firedrill.scaffold.policy import new_policy
from firedrill.scaffold.query import round_up
from firedrill.scaffold.scenario import new_scenario
from tests.conftest import ROOT

REFUSALS: dict[str, Callable[[Checkout], object]] = {
    "there is an alert 'chat-slow'": lambda to: new_alert(to, "chat-slow", "errors", "chat"),
    "'Chat_Slow' is not a valid name": lambda to: new_alert(to, "Chat_Slow", "errors", "chat"),
    "no signal 'latencies': give --signal one of answered, ": lambda to: new_alert(to, "a", "latencies", "chat"),
    "signal views is no metric or log line of the service": lambda to: new_alert(to, "a", "views", "chat"),
    "no chats.py with alerts: give --topic one of chat, ": lambda to: new_alert(to, "a", "errors", "chats"),
    "declares llm.chat.cost or CHAT_COST": lambda to: new_metric(to, "llm.chat.cost", "count", "dollar"),
    "declares shop.chat.cost or CHAT_COST": lambda to: new_metric(to, "shop.chat.cost", "count", "dollar"),
    "'cost' is not a valid metric name": lambda to: new_metric(to, "cost", "count", "dollar"),
    "drills/scenarios/busy_day.yaml exists": lambda to: new_scenario(to, "busy_day", "errors", ""),
    "there is no alert 'chat-slowly'": lambda to: new_scenario(to, "a", "errors", "chat-slowly"),
    "policies has no nothing.py with policies": lambda to: new_policy(to, "a", "nothing", "datadog:Monitor", "type"),
    "cases/monitor-scoped/passes.yaml exists": lambda to: new_policy(
        to, "monitor-scoped", "workflows", "datadog:Monitor", "type"
    ),
    "'Monitor' is not a kind of resource": lambda to: new_policy(to, "a", "workflows", "Monitor", "type"),
    "'a b' is not the name of a property": lambda to: new_policy(to, "a", "workflows", "datadog:Monitor", "a b"),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_it_is_refused_with_the_reason(message: str) -> None:
    with pytest.raises(KnownFailure) as caught:
        REFUSALS[message](Checkout(ROOT))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(KnownFailure, match="is not a checkout of the stack"):
        Checkout(tmp_path)


def test_an_entry_goes_to_the_end_of_its_tuple() -> None:
    content = "OTHERS = (\n    1,\n)\nALERTS: tuple[int, ...] = (\n    2,\n)\nLAST = (3,)\n"
    assert insert_into_tuple(content, "ALERTS", "    4,\n").splitlines()[4:6] == ["    2,", "    4,"]
    with pytest.raises(KnownFailure, match="no tuple LAST to extend"):
        insert_into_tuple(content, "LAST", "    4,\n")


@pytest.mark.parametrize(("number", "rounded"), [(0.0, 0), (3.0, 3), (3.81, 3.9), (0.0123, 0.013), (1234.0, 1300)])
def test_limits_have_two_digits(number: float, rounded: float) -> None:
    assert round_up(number) == rounded
