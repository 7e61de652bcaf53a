"""The division of requests over revisions: the serving revision, a killed deployment, and what served before."""

import pytest

from firedrill.delivery.traffic import (
    CANDIDATE,
    REMEMBERED,
    SERVED,
    Share,
    served_annotation,
    serving_share,
    split_warning,
)
from infra.observability.workflows import rollback_choice


@pytest.mark.parametrize(
    ("shares", "revision"),
    [
        ([Share("one", 100)], "one"),
        ([Share("one", 100), Share("two", 0, CANDIDATE)], "one"),
        ([Share("one", 50), Share("two", 50, CANDIDATE)], "one"),
        ([Share("one", 10), Share("two", 90, CANDIDATE)], "one"),
        ([Share("two", 100, CANDIDATE)], "two"),
        ([Share("one", 10), Share("two", 90)], "two"),
    ],
)
def test_the_serving_revision_of_a_deployment_is_the_one_before_it(shares: list[Share], revision: str) -> None:
    assert serving_share(shares).revision == revision


def test_a_split_is_reported_with_shares_and_next_steps() -> None:
    shares = [Share("one", 90), Share("two", 10, CANDIDATE)]
    assert split_warning(shares) == (
        "The requests are split, one 90 % and two 10 %. A killed `firedrill deploy` leaves them so: `firedrill deploy` "
        "returns all requests to one and deploys again, `firedrill rollback --to one` only returns them."
    )
    warning = split_warning(shares, "prod", elsewhere=True)
    assert "or one that is running elsewhere now" in warning
    assert "`firedrill deploy -s prod`" in warning and "`firedrill rollback --to one -s prod`" in warning


@pytest.mark.parametrize(
    "shares",
    [[Share("one", 100)], [Share("one", 100), Share("two", 0, CANDIDATE)], [Share("one", 60), Share("one", 40, "x")]],
)
def test_a_revision_that_has_all_requests_is_no_split(shares: list[Share]) -> None:
    assert split_warning(shares) == ""


def test_a_revision_that_was_returned_or_rolled_back_did_not_serve() -> None:
    assert served_annotation("", "one", "two") == "one two"
    assert served_annotation("one two", "two", "four") == "one two four"
    assert served_annotation("one two four", "one", "five") == "one five"
    assert served_annotation("one two", "made-by-up", "four") == "made-by-up four"
    assert len(served_annotation(" ".join(map(str, range(30))), "29", "30").split()) == REMEMBERED


def test_the_workflow_reads_what_the_deployment_writes() -> None:
    assert rollback_choice.SERVED == SERVED
