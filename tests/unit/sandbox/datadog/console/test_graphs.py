"""Steps and numbers of graphs."""

import numpy as np
import pytest

from firedrill.sandbox.datadog.console.graphs import numbers, step_of

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "points", "step"),
    [(HOUR, None, 60), (DAY, None, 60), (7 * DAY, None, 1800), (30 * DAY, None, 4 * HOUR),
     (HOUR, 120, 60), (4 * HOUR, 120, 120), (DAY, 120, 900), (365 * DAY, 120, 4 * HOUR)],
)  # fmt: skip
def test_the_step_follows_the_range_and_the_room(seconds: int, points: int | None, step: int) -> None:
    assert step_of(seconds, points) == step


def test_numbers_have_six_digits_and_none_for_none() -> None:
    values = np.array([0.0, 1.23456789, -1234567.89, 1e-9, np.nan, np.inf])
    assert numbers(values) == [0.0, 1.23457, -1234570.0, 1e-09, None, None]
