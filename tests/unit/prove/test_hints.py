"""A scenario that is not as expected says what to do: name an alert, or change a signal that it does not know."""

from pathlib import Path

import pytest

from firedrill.errors import KnownFailure
from firedrill.evaluate.model import Json
from firedrill.prove.monitor_file import from_api
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.proof import ProofInputs, prove
from firedrill.prove.selection import require_alerts
from firedrill.scenario.scenario import Scenario

VANISH: Json = {
    "id": 1, "name": "vanish", "type": "query alert", "message": "{{#is_alert}}gone{{/is_alert}} @slack-ops",
    "query": "sum(last_5m):default_zero(sum:shop.orders{*}.as_count()) < 1",
    "options": {"thresholds": {"critical": 1}, "require_full_window": False},
}  # fmt: skip
MANY: Json = VANISH | {
    "id": 2, "name": "many", "query": "sum(last_5m):default_zero(sum:shop.errors{*}.as_count()) > 20",
    "options": {"thresholds": {"critical": 20}, "require_full_window": False},
}  # fmt: skip
SHOP = {"orders": {"metric": "shop.orders", "rate": 60}, "errors": {"metric": "shop.errors", "rate": 0.1}}
STOPS = {
    "title": "Nobody orders",
    "given": {"failing": {"orders": {"rate": "none"}}},
    "timeline": {"healthy": "1h", "failing": "30m", "remediated": "1h"},
    "then": [{"alert": "vanish", "fires_within": "10m", "clears_within": "10m", "tells": "slack-ops"}],
}
FAILS = STOPS | {"given": {"failing": {"errors": {"rate": 30}}}, "then": []}


def proof_of(signals: Json, scenario: Json, *alerts: str) -> list[str]:
    """Return the problems that a proof of the two monitors has with a scenario."""
    inputs = ProofInputs(
        from_api([VANISH, MANY], {}), Ordinary(signals=signals), {"stops": Scenario.model_validate(scenario)}, Path()
    )
    proof = prove(ProofInputs(**{**vars(inputs), "alerts": frozenset(alerts)}), seeds=0, faults=False)
    return [problem for problem in proof.problems() if problem.startswith("scenario")]


def test_a_scenario_is_as_expected_until_there_is_a_new_signal_which_is_named() -> None:
    assert proof_of(SHOP, STOPS) == []
    with_new = SHOP | {"phone_orders": {"metric": "shop.orders", "rate": 2, "tags": {"by": "phone"}}}
    [problem] = proof_of(with_new, STOPS)
    assert problem.startswith("scenario stops: vanish: did not fire")
    assert "as expected without the signal phone_orders of ordinary.yaml, which stops.yaml does not change" in problem


def test_an_alert_that_no_expectation_names_comes_with_the_line_to_add() -> None:
    [problem] = proof_of(SHOP, FAILS)
    line = "- {alert: many, fires_within: 2m, clears_within: 6m}"
    assert (
        problem == f"scenario stops: many: fired unexpectedly (if it should fire, add to `then` of stops.yaml: {line})"
    )
    as_expected = FAILS | {"then": [{"alert": "many", "fires_within": "2m", "clears_within": "6m"}]}
    assert proof_of(SHOP, as_expected) == []


def test_a_proof_of_some_alerts_judges_no_others() -> None:
    assert proof_of(SHOP, FAILS, "vanish") == []
    assert len(proof_of(SHOP, FAILS, "many")) == 1


def test_a_scenario_of_the_alert_is_judged_as_a_whole() -> None:
    both = FAILS | {"then": [{"alert": "vanish", "stays": "quiet"}]}
    [problem] = proof_of(SHOP, both, "vanish")
    assert problem.startswith("scenario stops: many: fired unexpectedly")


def test_an_alert_that_is_not_declared_is_refused_with_the_nearest() -> None:
    with pytest.raises(KnownFailure, match=r"there is no alert 'vanishes' among the 2 .*: did you mean vanish"):
        require_alerts(from_api([VANISH, MANY], {}), ["vanishes"])
