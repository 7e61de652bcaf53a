"""The minutes that a cron schedule includes."""

from datetime import UTC, datetime

import pytest

from firedrill.sandbox.google.scheduler import InvalidSchedule, matches

MONDAY = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("* * * * *", True),
        ("*/15 * * * *", True),
        ("*/20 * * * *", False),
        ("25-35/5 4 * * *", True),
        ("30 4 2 3 1", True),
        ("30 4 * * 7", False),
        ("30 4 3 * 1", True),
        ("0,30 5 * * *", False),
        ("30 4 * 4 *", False),
    ],
)
def test_a_schedule_names_its_minutes(schedule: str, due: bool) -> None:
    assert matches(schedule, MONDAY) is due


def test_sunday_has_two_numbers() -> None:
    sunday = datetime(2026, 3, 1, tzinfo=UTC)
    assert matches("0 0 * * 0", sunday) and matches("0 0 * * 7", sunday)


@pytest.mark.parametrize("schedule", ["", "every 5 minutes", "* * * *", "61 * * * *", "5-1 * * * *", "a * * * *"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(InvalidSchedule):
        matches(schedule, MONDAY)
