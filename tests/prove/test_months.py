"""Ordinary months are the same each time, and not alike."""

import numpy as np

from firedrill.prove.months import BEGIN, month
from firedrill.prove.session import Bench


def test_a_seed_is_a_month(given: Bench) -> None:
    one, same, other = (month(given.ordinary, seed, days=7) for seed in (1, 1, 2))
    hits = [each.series("trace.flask.request.hits", BEGIN, BEGIN + 7 * 86400)[0] for each in (one, same, other)]
    assert np.array_equal(hits[0].values, hits[1].values)
    assert not np.array_equal(hits[0].values[:5000], hits[2].values[:5000])


def test_nights_are_sparse_and_weekends_quieter(given: Bench) -> None:
    week = month(given.ordinary, 3, days=7).series("trace.flask.request.hits", BEGIN, BEGIN + 7 * 86400)[0]
    hour = (week.times - BEGIN) / 3600 % 24
    assert week.values[hour < 3].mean() < week.values[(hour > 13) & (hour < 15)].mean() / 4
    day = (week.times - BEGIN) // 86400
    assert week.values[day >= 5].sum() / 2 < week.values[day < 5].sum() / 5
