"""Simulated months are the same for the same seed, and differ between seeds."""

import numpy as np

from firedrill.prove.months import BEGIN, month
from firedrill.prove.proof import ProofInputs

METRIC = "trace.flask.request.hits"
WEEK_END = BEGIN + 7 * 86400


def test_a_seed_is_a_month(inputs: ProofInputs) -> None:
    first, same, other = (
        month(inputs.ordinary, seed, days=7).series(METRIC, BEGIN, WEEK_END)[0].values for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first[:5000], other[:5000])


def test_nights_are_sparse_and_weekends_quieter(inputs: ProofInputs) -> None:
    week = month(inputs.ordinary, 3, days=7).series(METRIC, BEGIN, WEEK_END)[0]
    hour = (week.times - BEGIN) / 3600 % 24
    assert week.values[hour < 3].mean() < week.values[(hour > 13) & (hour < 15)].mean() / 4
    day = (week.times - BEGIN) // 86400
    assert week.values[day >= 5].sum() / 2 < week.values[day < 5].sum() / 5
