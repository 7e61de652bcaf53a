"""``run`` over a stretch and ``advance`` minute by minute are the same evaluation."""

import json
from dataclasses import replace

import pytest

from firedrill.evaluate import State, Transition, advance, run
from tests.evaluate.accounts import HOURS, MINUTE, recording, whole_account


@pytest.mark.parametrize("seed", [1])
def test_run_and_repeated_advance_give_identical_transitions(seed: int) -> None:
    account, telemetry = whole_account(), recording(seed)
    timeline = run(account, telemetry, MINUTE, HOURS * 60 * MINUTE)
    state, stepped = State(), list[Transition]()
    for minute in range(1, HOURS * 60 + 1):
        state, transitions = advance(account, state, minute * MINUTE, telemetry)
        state = State(json.loads(json.dumps(state.data)))
        stepped.extend(transitions)
    for one in account.monitors:
        own = [each for each in stepped if each.monitor_id == one["id"]]
        assert own == list(timeline.of(one["id"])), one["query"]
        assert own, f"nothing happens to {one['query']}"
    assert stepped == timeline.transitions


def test_advance_leaves_the_given_state_alone() -> None:
    account, telemetry = whole_account(), recording(3)
    state, _ = advance(account, State(), 600.0, telemetry)
    before = json.dumps(state.data)
    advance(account, state, 660.0, telemetry)
    assert json.dumps(state.data) == before


def test_steps_and_starts_need_not_be_full_minutes() -> None:
    account, telemetry = whole_account(), recording(4)
    minute_bound = {50, 51, 52}
    kept = [one for one in account.monitors if one["id"] not in minute_bound]
    account = replace(account, monitors=kept)
    start, end, step = 3610.0, 5410.0, 45.0
    timeline = run(account, telemetry, start, end, step)
    state, stepped = State(), list[Transition]()
    for place in range(int((end - start) // step) + 1):
        state, transitions = advance(account, state, start + step * place, telemetry)
        stepped.extend(transitions)
    assert stepped == timeline.transitions
    assert len({one.monitor_id for one in stepped}) > 10
