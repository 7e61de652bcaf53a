"""A breaker opens on a model that keeps failing, lets one call try, and closes when that one is answered."""

import time

import pytest

from service.breaker import FEWEST_CALLS, Breaker
from service.emission import Emitter
from service.problems import Problem, ProviderFailed, Throttled
from tests.service.test_emission import Sent

MODEL, OTHER = "gemini-3.8-flash", "gemini-3.5-flash"


def call(breaker: Breaker, failure: Problem | None = None) -> None:
    """One call and its end."""
    breaker.admit(MODEL)
    if failure:
        breaker.failed(MODEL, failure)
    else:
        breaker.succeeded(MODEL)


def opened(failure: Problem, seconds: float) -> tuple[Breaker, Sent]:
    """A breaker that has just opened."""
    sent = Sent()
    breaker = Breaker(seconds, Emitter(sent))
    for _ in range(FEWEST_CALLS):
        call(breaker, failure)
    return breaker, sent


@pytest.mark.parametrize(("failure", "status"), [(ProviderFailed("down"), 503), (Throttled("quota"), 429)])
def test_an_open_breaker_answers_with_the_outcome_of_the_calls_that_it_spares(failure: Problem, status: int) -> None:
    breaker, sent = opened(failure, 60)
    with pytest.raises(type(failure)) as caught:
        breaker.admit(MODEL)
    assert (caught.value.status, caught.value.outcome) == (status, failure.outcome)
    assert 55 <= (caught.value.retry_after or 0) <= 61
    assert sent.values == [("llm.chat.breaker_opens", 1, [f"model:{MODEL}"])]
    breaker.admit(OTHER)


def test_a_few_failures_do_not_open_it() -> None:
    breaker, sent = Breaker(60, Emitter(Sent())), Sent()
    for number in range(100):
        call(breaker, ProviderFailed("down") if number % 4 else None)
    breaker.admit(MODEL)
    assert not sent.values


def test_one_call_probes_and_its_answer_closes() -> None:
    breaker, sent = opened(ProviderFailed("down"), 0.05)
    time.sleep(0.06)
    breaker.admit(MODEL)
    with pytest.raises(ProviderFailed):
        breaker.admit(MODEL)
    breaker.succeeded(MODEL)
    for _ in range(FEWEST_CALLS - 2):
        call(breaker, ProviderFailed("down"))
    breaker.admit(MODEL)
    assert len(sent.values) == 1


def test_a_probe_that_fails_opens_it_again_and_one_that_is_left_lets_the_next_one_try() -> None:
    breaker, sent = opened(ProviderFailed("down"), 0.05)
    time.sleep(0.06)
    call(breaker, ProviderFailed("down"))
    with pytest.raises(ProviderFailed):
        breaker.admit(MODEL)
    assert len(sent.values) == 2
    time.sleep(0.06)
    breaker.admit(MODEL)
    breaker.abandoned(MODEL)
    breaker.admit(MODEL)
