"""Firedrill and the independent evaluator agree on random monitors."""

import pytest

from tests.reference.compare import compare

CHUNK = 50


@pytest.mark.parametrize("first", range(0, 300, CHUNK))
def test_both_evaluators_agree(first: int) -> None:
    _agree(first)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 11000, CHUNK))
def test_both_evaluators_agree_on_ten_thousand(first: int) -> None:
    _agree(first)


def _agree(first: int) -> None:
    disagreements = [disagreement for seed in range(first, first + CHUNK) if (disagreement := compare(seed))]
    assert not disagreements, "\n".join(map(str, disagreements))
