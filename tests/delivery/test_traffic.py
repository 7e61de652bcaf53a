"""What a division of the requests says: whose they are, whether a deployment was killed, what served before."""

import pytest

from firedrill.delivery.traffic import CANDIDATE, REMEMBERED, SERVED, Share, holder, left_split, served
from infra import rollback_choice


@pytest.mark.parametrize(
    ("shares", "whose"),
    [
        ([Share("one", 100)], "one"),
        ([Share("one", 100), Share("two", 0, CANDIDATE)], "one"),
        ([Share("one", 50), Share("two", 50, CANDIDATE)], "one"),
        ([Share("one", 10), Share("two", 90, CANDIDATE)], "one"),
        ([Share("two", 100, CANDIDATE)], "two"),
        ([Share("one", 10), Share("two", 90)], "two"),
    ],
)
def test_of_a_deployment_the_requests_are_those_of_the_revision_that_had_them(shares: list[Share], whose: str) -> None:
    assert holder(shares).revision == whose


def test_a_split_says_who_has_what_and_how_to_go_on() -> None:
    left = [Share("one", 90), Share("two", 10, CANDIDATE)]
    assert left_split(left) == (
        "The requests are split, one 90 % and two 10 %, as a `firedrill deploy` that was killed leaves them: "
        "`firedrill deploy` takes all back to one and goes on from there, `firedrill rollback --to one` only takes them"
        " back."
    )
    told = left_split(left, "prod", elsewhere=True)
    assert "or one that is at work elsewhere now" in told
    assert "`firedrill deploy -s prod`" in told and "`firedrill rollback --to one -s prod`" in told


@pytest.mark.parametrize(
    "shares",
    [[Share("one", 100)], [Share("one", 100), Share("two", 0, CANDIDATE)], [Share("one", 60), Share("one", 40, "x")]],
)
def test_a_revision_that_has_all_requests_is_no_split(shares: list[Share]) -> None:
    assert left_split(shares) == ""


def test_a_revision_that_was_returned_or_rolled_back_did_not_serve() -> None:
    assert served("", "one", "two") == "one two"
    assert served("one two", "two", "four") == "one two four"
    assert served("one two four", "one", "five") == "one five"
    assert served("one two", "made-by-up", "four") == "made-by-up four"
    assert len(served(" ".join(map(str, range(30))), "29", "30").split()) == REMEMBERED


def test_the_workflow_reads_what_the_deployment_writes() -> None:
    assert rollback_choice.SERVED == SERVED
