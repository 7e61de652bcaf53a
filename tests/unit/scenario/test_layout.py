"""Recorded segments fill a virtual clock without gaps and without overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firedrill.evaluate.telemetry import Event, Recording, Series
from firedrill.scenario.layout import Segment, lay_out

TAGS = frozenset({"env:x"})


def segment(name: str, start: float, values: list[float]) -> Segment:
    """Return a segment with one point every 10 s and an event beside each."""
    times = start + 10.0 * np.arange(len(values), dtype=np.float64)
    series = Series("m", "count", TAGS, times, np.array(values))
    events = [Event(float(time) + 1, "logs", {"message": name}) for time in times]
    return Segment(name, Recording([series], events), start, 10.0 * len(values))


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 40), st.integers(1, 40))
def test_every_interval_has_one_point(n: int, m: int, first: int, second: int) -> None:
    parts = [(segment("a", 5000, [1.0] * n), first * 10.0), (segment("b", 9000, [2.0] * m), second * 10.0)]
    laid = lay_out(parts, start=100.0)
    (series,) = laid.all_series
    assert series.times.tolist() == [100.0 + 10 * k for k in range(first + second)]
    assert series.values.tolist() == [1.0] * first + [2.0] * second
    assert [event.attributes["message"] for event in laid.events("logs", 0, 1e9)] == ["a"] * first + ["b"] * second


def test_a_series_of_only_one_segment_keeps_its_place() -> None:
    healthy = segment("healthy", 0, [1.0])
    failing = Segment("failing", Recording([Series("e", "count", TAGS, np.array([50.0]), np.array([3.0]))]), 50, 10)
    laid = lay_out([(healthy, 60), (failing, 20)], start=0)
    (errors,) = laid.series("e", -1, 1e9)
    assert errors.times.tolist() == [60.0, 70.0]
