"""The sentence that says why a monitor is in its state."""

from typing import Any

import pytest

from firedrill.evaluate.state.thresholds import Thresholds
from firedrill.sandbox.datadog.console.reasons import reason

ABOVE = Thresholds(">", critical=10, warning=8, critical_recovery=6, warning_recovery=5)


@pytest.mark.parametrize(
    ("state", "value", "said"),
    [
        ("ALERT", 12.0, "12 > 10, the critical threshold."),
        ("ALERT", 9.0, "9 is back within the critical threshold 10, but not at its recovery 6."),
        ("WARN", 9.0, "9 > 8, the warning threshold."),
        ("WARN", 7.0, "7 is back within the warning threshold 8, but not at its recovery 5."),
        ("OK", 3.0, "3 is within the threshold: it would have to be > 8."),
        ("OK", None, "The last window has no value, and the state stays OK."),
        ("NO DATA", None, "No value in the last window; the last data is older than the window."),
    ],
)
def test_a_state_has_the_reason_of_its_value(state: str, value: float | None, said: str) -> None:
    assert reason(state, value, ABOVE, [], 1.0) == said


def test_a_composite_has_the_states_of_its_members() -> None:
    members: list[dict[str, Any]] = [{"name": "slow", "state": "ALERT"}, {"name": "quiet", "state": None}]
    assert reason("OK", None, None, members, None) == "slow is ALERT; quiet is not evaluated"
