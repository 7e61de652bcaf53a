"""How a service's requests are divided over its revisions, and what that says about a deployment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PINNED = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
CANDIDATE = "candidate"
"""The tag of the revision that a deployment moves the requests to."""
SERVED = "firedrill/served"
"""The annotation of the service that names the revisions which deployments gave all requests, in their order. Cloud Run
itself does not tell which revisions served and which were returned; infra/rollback_choice.py reads it."""
REMEMBERED = 20
"""Revisions that it names."""


@dataclass(frozen=True)
class Share:
    """A revision's part of the requests, in percent; with a tag it has an address of its own."""

    revision: str
    percent: int
    tag: str = ""

    def body(self) -> dict[str, Any]:
        """As the API writes it."""
        found: dict[str, Any] = {"type": PINNED, "revision": self.revision, "percent": self.percent}
        return found | ({"tag": self.tag} if self.tag else {})


def holder(shares: Sequence[Share]) -> Share:
    """Whose the requests are: the biggest share. Of a deployment under way, the one that it moves them from."""
    having = [one for one in shares if one.percent]
    return max([one for one in having if one.tag != CANDIDATE] or having, key=lambda one: one.percent)


def split(shares: Sequence[Share]) -> str:
    """Who has which part of the requests, in words; empty where one revision has all."""
    having = [one for one in shares if one.percent]
    parts = " and ".join(f"{one.revision} {one.percent} %" for one in having)
    return f"The requests are split, {parts}" if len({one.revision for one in having}) > 1 else ""


def left_split(shares: Sequence[Share], stack: str = "", *, elsewhere: bool = False) -> str:
    """What a deployment that was killed left, and how to go on; empty where nothing is split.

    ``stack`` is named in the commands; ``elsewhere``: whether another machine's deployment may be what is seen.
    """
    parts = split(shares)
    if not parts:
        return ""
    before, option = holder(shares).revision, f" -s {stack}" if stack else ""
    running = " or one that is at work elsewhere now" if elsewhere else ""
    return (
        f"{parts}, as a `firedrill deploy` that was killed leaves them{running}: `firedrill deploy{option}` takes all "
        f"back to {before} and goes on from there, `firedrill rollback --to {before}{option}` only takes them back."
    )


def served(earlier: str, before: str, fresh: str) -> str:
    """The annotation when a revision has taken all requests over: what was returned since ``before`` did not serve."""
    names = earlier.split()
    known = names[: names.index(before) + 1] if before in names else [before]
    return " ".join([*known, fresh][-REMEMBERED:])
