"""A caller's budget holds over processes; without the store nobody is stopped, and nobody is free of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.llm import budget as budget_module
from service.llm.budget import LEASE_SECONDS, PARTS, Budget, BudgetSpent
from service.runtime.objects import Objects
from service.telemetry.emission import Emitter
from tests.unit.service.fakes import Clock, MemoryObjects, RecordedMetrics


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the budget's clock."""
    clock = Clock()
    monkeypatch.setattr(budget_module, "time", clock)
    return clock


def budget(objects: Objects) -> tuple[Budget, RecordedMetrics]:
    """Return a budget of 2,000 tokens and 1 dollar in an hour."""
    sent = RecordedMetrics()
    return Budget(2000, 1, objects, Emitter(sent)), sent


def count_chats(limit: Budget, tokens: float, dollars: float = 0) -> float:
    """Return how many such chats pass."""
    for number in range(1000):
        try:
            limit.settle(limit.reserve("ann", tokens * 2, dollars), tokens, dollars)
        except BudgetSpent as problem:
            assert 0 < (problem.retry_after or 0) <= 3600
            return number
    raise AssertionError("no end")


def test_what_is_reserved_and_not_used_comes_back() -> None:
    limit, sent = budget(Objects(None))
    assert count_chats(limit, 100) == 19  # the twentieth might need 200
    assert sent.values == [("llm.budget.refusals", 1, ["reason:tokens"])]


def test_dollars_end_too_and_other_callers_go_on() -> None:
    limit, sent = budget(Objects(None))
    assert count_chats(limit, 1, 0.3) == 3
    assert sent.values == [("llm.budget.refusals", 1, ["reason:cost"])]
    limit.reserve("bob", 100, 0.3)


def test_without_its_store_a_process_hands_out_one_part() -> None:
    objects = MemoryObjects()
    objects.down = True
    limit, sent = budget(objects)
    limit.reserve("ann", 2000 / PARTS, 0)
    with pytest.raises(BudgetSpent):
        limit.reserve("ann", 1, 0)
    # It is not asked again at once: a store that hangs must not hold up each chat.
    assert [name for name, *_ in sent.values] == ["llm.state.read_failures", "llm.budget.refusals"]


def test_it_holds_over_four_processes_that_share_a_store() -> None:
    objects, most = MemoryObjects(), 2000
    budgets = [budget(objects)[0] for _ in range(4)]

    def chat(number: int) -> int:
        try:
            reservation = budgets[number % 4].reserve("ann", 40, 0)
        except BudgetSpent:
            return 0
        budgets[number % 4].settle(reservation, 40, 0)
        return 40

    with ThreadPoolExecutor(4) as pool:
        spent = sum(pool.map(chat, range(200)))
    # What the four still hold when the last part is gone is lost to this caller for the hour.
    assert most - 4 * most / PARTS <= spent <= most


def test_a_process_that_ends_gives_back_what_it_did_not_spend() -> None:
    objects = MemoryObjects()
    for _ in range(PARTS * 2):
        worker, _ = budget(objects)
        worker.settle(worker.reserve("ann", 50, 0.01), 10, 0.01)
        worker.release()
    last, _ = budget(objects)
    assert count_chats(last, 10) == (2000 - PARTS * 2 * 10) // 10 - 1  # the last one might need 20


def test_a_process_that_is_killed_keeps_nothing_beyond_its_lease(clock: Clock) -> None:
    objects = MemoryObjects()
    for _ in range(PARTS):
        budget(objects)[0].reserve("ann", 10, 0)
    with pytest.raises(BudgetSpent):
        budget(objects)[0].reserve("ann", 10, 0)
    clock.now += LEASE_SECONDS + 1
    assert count_chats(budget(objects)[0], 10) == 199


def test_a_lease_that_has_ended_is_not_spent(clock: Clock) -> None:
    objects = MemoryObjects()
    sleeper, _ = budget(objects)
    sleeper.settle(sleeper.reserve("ann", 20, 0), 20, 0)
    clock.now += LEASE_SECONDS + 1
    spent = 20 + 10 * count_chats(budget(objects)[0], 10)
    with pytest.raises(BudgetSpent):
        sleeper.reserve("ann", 20, 0)
    assert spent <= 2000 + 2000 / PARTS
