"""``run`` over a stretch and ``advance`` minute by minute are the same evaluation."""

import json
from dataclasses import replace

import pytest

from firedrill.evaluate import State, Transition, advance, run
from tests.unit.evaluate.accounts import HOURS, MINUTE, recording, whole_account


@pytest.mark.parametrize("seed", [1])
def test_run_and_repeated_advance_give_identical_transitions(seed: int) -> None:
    account, telemetry = whole_account(), recording(seed)
    timeline = run(account, telemetry, MINUTE, HOURS * 60 * MINUTE)
    state, stepped = State(), list[Transition]()
    for minute in range(1, HOURS * 60 + 1):
        state, transitions = advance(account, state, minute * MINUTE, telemetry)
        state = State(json.loads(json.dumps(state.data)))
        stepped.extend(transitions)
    for monitor in account.monitors:
        of_monitor = [transition for transition in stepped if transition.monitor_id == monitor["id"]]
        assert of_monitor == list(timeline.transitions_of(monitor["id"])), monitor["query"]
        assert of_monitor, f"nothing happens to {monitor['query']}"
    assert stepped == timeline.transitions


def test_advance_does_not_change_its_input_state() -> None:
    account, telemetry = whole_account(), recording(3)
    state, _ = advance(account, State(), 600.0, telemetry)
    before = json.dumps(state.data)
    advance(account, state, 660.0, telemetry)
    assert json.dumps(state.data) == before


def test_steps_and_starts_need_not_be_full_minutes() -> None:
    account, telemetry = whole_account(), recording(4)
    minute_bound = {50, 51, 52}
    kept = [monitor for monitor in account.monitors if monitor["id"] not in minute_bound]
    account = replace(account, monitors=kept)
    start, end, step = 3610.0, 5410.0, 45.0
    timeline = run(account, telemetry, start, end, step)
    state, stepped = State(), list[Transition]()
    for place in range(int((end - start) // step) + 1):
        state, transitions = advance(account, state, start + step * place, telemetry)
        stepped.extend(transitions)
    assert stepped == timeline.transitions
    assert len({transition.monitor_id for transition in stepped}) > 10
