"""A breaker opens on a model that keeps failing, lets one call try, and closes when that one is answered."""

import time

import pytest

from service.llm.breaker import MIN_CALLS, CircuitBreaker
from service.problems import Problem, ProviderFailed, Throttled
from service.telemetry.emission import Emitter
from tests.unit.service.fakes import RecordedMetrics

MODEL, OTHER = "gemini-3.8-flash", "gemini-3.5-flash"


def call(breaker: CircuitBreaker, failure: Problem | None = None) -> None:
    """One call and its end."""
    breaker.admit(MODEL)
    if failure:
        breaker.record_failure(MODEL, failure)
    else:
        breaker.record_success(MODEL)


def opened(failure: Problem, seconds: float) -> tuple[CircuitBreaker, RecordedMetrics]:
    """Return a breaker that has just opened."""
    sent = RecordedMetrics()
    breaker = CircuitBreaker(seconds, Emitter(sent))
    for _ in range(MIN_CALLS):
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
    breaker, sent = CircuitBreaker(60, Emitter(RecordedMetrics())), RecordedMetrics()
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
    breaker.record_success(MODEL)
    for _ in range(MIN_CALLS - 2):
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
    breaker.record_abandoned(MODEL)
    breaker.admit(MODEL)
