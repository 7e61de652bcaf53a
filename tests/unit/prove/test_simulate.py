"""Simulated telemetry: whole counts with gaps, shares in turn, gauges that are reported now and then."""

from typing import Any

import numpy as np
import pytest

from firedrill.evaluate import Recording
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import course_of, simulate

MINUTES = 3000
SEEDS = (None, [1])


def telemetry(signal: dict[str, Any], seed: list[int] | None) -> Recording:
    """Return the telemetry of one signal over some minutes."""
    ordinary = Ordinary.model_validate({"signals": {"s": {"metric": "a", "steady": True, **signal}}})
    return simulate(ordinary, {"s": course_of(ordinary.signals["s"], [(MINUTES, None)])}, 0.0, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate", [0.02, 0.4, 1, 2.5, 60])
def test_counts_are_whole_numbers_and_what_is_0_is_not_sent(rate: float, seed: list[int] | None) -> None:
    (series,) = telemetry({"rate": rate}, seed).all_series
    assert np.array_equal(series.values, np.rint(series.values))
    assert series.values.min() >= 1
    assert series.values.sum() == pytest.approx(rate * MINUTES, rel=0.3)
    assert series.times.size <= MINUTES
    assert (series.times.size < MINUTES) == (rate < 1 or (seed is not None and rate < 5))


def test_random_counts_are_spread_as_the_poisson_distribution_says() -> None:
    (series,) = telemetry({"rate": 4}, [2]).all_series
    counts = np.zeros(MINUTES)
    counts[(series.times // 60).astype(int)] = series.values
    assert counts.var() == pytest.approx(counts.mean(), rel=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_of_money_has_its_own_step(seed: list[int] | None) -> None:
    (series,) = telemetry({"rate": 0.03, "step": 0.001}, seed).all_series
    assert np.allclose(series.values / 0.001, np.rint(series.values / 0.001))
    assert series.values.sum() == pytest.approx(0.03 * MINUTES, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_of_a_tag_take_turns(seed: list[int] | None) -> None:
    (whole,) = telemetry({"rate": 2.5}, seed).all_series
    parts = telemetry({"rate": 2.5, "shared": {"caller": 7}}, seed).all_series
    totals = [part.values.sum() for part in parts]
    assert len(parts) == 7
    assert sum(totals) == whole.values.sum()
    assert max(totals) - min(totals) <= 1
    assert all(np.array_equal(part.values, np.rint(part.values)) for part in parts)


def test_values_of_a_distribution_take_turns() -> None:
    signal = {"type": "distribution", "rate": 4, "value": 1}
    (whole,) = telemetry(signal, None).all_series
    parts = telemetry({**signal, "shared": {"caller": 3}}, None).all_series
    assert sorted(np.concatenate([part.values for part in parts])) == sorted(whole.values)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate", [0.05, 0.5, 1, 6])
def test_a_gauge_is_reported_at_its_rate(rate: float, seed: list[int] | None) -> None:
    (series,) = telemetry({"type": "gauge", "rate": rate, "value": 5}, seed).all_series
    if rate >= 1:
        assert series.times.size == MINUTES
    else:
        assert series.times.size == pytest.approx(MINUTES * rate, rel=0.3)
