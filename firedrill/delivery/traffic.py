"""The division of a service's requests over its revisions, and the deployment that it implies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PINNED = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
CANDIDATE = "candidate"
"""The tag of the revision that a deployment moves the requests to."""
SERVED = "firedrill/served"
"""The annotation of the service with the revisions that deployments gave all requests, oldest first. Cloud Run itself
does not tell which revisions served and which were rolled back. Read by
infra/observability/workflows/rollback_choice.py."""
REMEMBERED = 20
"""Number of revisions in the annotation."""


@dataclass(frozen=True)
class Share:
    """A revision's share of the requests, in percent. A revision with a tag also has its own address."""

    revision: str
    percent: int
    tag: str = ""

    def body(self) -> dict[str, Any]:
        """Return the share as Cloud Run's API has it."""
        body: dict[str, Any] = {"type": PINNED, "revision": self.revision, "percent": self.percent}
        return body | ({"tag": self.tag} if self.tag else {})


def serving_share(shares: Sequence[Share]) -> Share:
    """Return the biggest share; of a deployment under way, the one that requests are moved from."""
    serving = [share for share in shares if share.percent]
    return max([share for share in serving if share.tag != CANDIDATE] or serving, key=lambda share: share.percent)


def describe_split(shares: Sequence[Share]) -> str:
    """Return the division in words; "" where one revision has all requests."""
    serving = [share for share in shares if share.percent]
    parts = " and ".join(f"{share.revision} {share.percent} %" for share in serving)
    return f"The requests are split, {parts}" if len({share.revision for share in serving}) > 1 else ""


def split_warning(shares: Sequence[Share], stack: str = "", *, elsewhere: bool = False) -> str:
    """Return a description of what a killed deployment left, with the next step; "" where nothing is split.

    stack: named in the commands; elsewhere: whether the deployment may be running on another machine.
    """
    parts = describe_split(shares)
    if not parts:
        return ""
    before, option = serving_share(shares).revision, f" -s {stack}" if stack else ""
    running = ", or one that is running elsewhere now" if elsewhere else ""
    return (
        f"{parts}. A killed `firedrill deploy` leaves them so{running}: `firedrill deploy{option}` returns all "
        f"requests to {before} and deploys again, `firedrill rollback --to {before}{option}` only returns them."
    )


def served_annotation(annotation: str, before: str, new: str) -> str:
    """Return the annotation after a revision took over all requests.

    Revisions that were recorded after ``before`` are left out: they were rolled back and did not serve.
    """
    names = annotation.split()
    kept = names[: names.index(before) + 1] if before in names else [before]
    return " ".join([*kept, new][-REMEMBERED:])
