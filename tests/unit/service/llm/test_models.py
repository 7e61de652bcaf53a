"""The table of models, prices and retirements."""

from datetime import date

import pytest

from service.llm.models import (
    DEFAULT_FALLBACK,
    DEFAULT_PRIMARY,
    MODELS,
    RETIRED,
    UnknownModel,
    cost,
    resolve,
)


def test_a_served_name_stands_for_itself() -> None:
    assert {name: resolve(name) for name in MODELS} == {name: name for name in MODELS}


def test_each_retired_name_has_a_served_successor() -> None:
    assert {resolve(name) for name in RETIRED} <= MODELS.keys()
    assert not RETIRED.keys() & MODELS.keys()
    assert {DEFAULT_PRIMARY, DEFAULT_FALLBACK} <= MODELS.keys()


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=DEFAULT_PRIMARY):
        resolve("gpt-1")


def test_a_price_changes_on_its_day() -> None:
    a_million_each = 1_000_000, 1_000_000
    assert cost("gemini-3.8-flash", *a_million_each, day=date(2026, 12, 31)) == pytest.approx(0.75 + 3.75)
    assert cost("gemini-3.8-flash", *a_million_each, day=date(2027, 1, 1)) == pytest.approx(1.50 + 7.50)


def test_prices_are_in_order_of_their_days() -> None:
    for model in MODELS.values():
        days = [price.since for price in model.prices]
        assert days == sorted(days)
        assert model.released < model.available_until
