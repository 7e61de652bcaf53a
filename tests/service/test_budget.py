"""A caller's budget holds over instances and workers, and a store that is gone neither stops nor frees anybody."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.budget import PARTS, Budget, BudgetSpent
from service.emission import Emitter
from service.objects import Objects
from service.problems import Unavailable
from tests.service import sandbox
from tests.service.test_emission import Sent


class Gone(Objects):
    """A store that cannot be reached."""

    def get(self, name: str) -> Any:
        """Nothing."""
        raise Unavailable(name)


def budget(objects: Objects) -> tuple[Budget, Sent]:
    """A budget of 2,000 tokens and 1 dollar in an hour."""
    sent = Sent()
    return Budget(2000, 1, objects, Emitter(sent)), sent


def used(made: Budget, tokens: float, dollars: float = 0) -> float:
    """How many such chats pass."""
    for number in range(1000):
        try:
            made.settle(made.reserve("ann", tokens * 2, dollars), tokens, dollars)
        except BudgetSpent as problem:
            assert 0 < (problem.retry_after or 0) <= 3600
            return number
    raise AssertionError("no end")


def test_what_is_reserved_and_not_used_comes_back() -> None:
    made, sent = budget(Objects(None))
    assert used(made, 100) == 19  # the twentieth might need 200
    assert sent.values == [("llm.budget.refusals", 1, ["reason:tokens"])]


def test_dollars_end_too_and_other_callers_go_on() -> None:
    made, sent = budget(Objects(None))
    assert used(made, 1, 0.3) == 3
    assert sent.values == [("llm.budget.refusals", 1, ["reason:cost"])]
    made.reserve("bob", 100, 0.3)


def test_without_its_store_a_process_hands_out_one_part() -> None:
    made, sent = budget(Gone(lambda: None))
    made.reserve("ann", 2000 / PARTS, 0)
    with pytest.raises(BudgetSpent):
        made.reserve("ann", 1, 0)
    # It is not asked again at once: a store that hangs must not hold up each chat.
    assert [name for name, *_ in sent.values] == ["llm.state.read_failures", "llm.budget.refusals"]


def test_it_holds_over_two_instances_of_two_workers(tmp_path: Path) -> None:
    most = 20_000
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with (
        sandbox.google(tmp_path) as google,
        sandbox.service(folders[0], google, CALLER_TOKENS_PER_HOUR=str(most)) as first,
        sandbox.service(folders[1], google, CALLER_TOKENS_PER_HOUR=str(most)) as second,
        ThreadPoolExecutor(4) as pool,
    ):

        def chat(number: int) -> httpx.Response:
            url = (first, second)[number % 2].url
            return httpx.post(f"{url}/v1/chat", json={"message": "x" * 3000}, timeout=30)

        answers = list(pool.map(chat, range(80)))
    spent = sum(sum(one.json()["usage"].values()) for one in answers if one.status_code == 200)
    assert {one.status_code for one in answers} == {200, 429}
    assert {one.json()["outcome"] for one in answers if one.status_code == 429} == {"caller_error"}
    # What the four processes still hold when the last part is gone is lost to this caller for the hour.
    assert most / 2 <= spent <= most
