"""One report of all values that policies cannot check in a preview, because only the update creates them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from policies.policy import NotChecked

NAME = "known-after-the-update"
DESCRIPTION = "What a preview cannot check, since it is known only after the update."


class Unchecked:
    """The places that the policies of one run could not check."""

    def __init__(self) -> None:
        self._policies: dict[str, set[str]] = {}

    @contextmanager
    def noting(self, policy: str) -> Iterator[None]:
        """Note what a policy could not check, instead of a report of its own."""
        try:
            yield
        except NotChecked as error:
            for place in error.places:
                self._policies.setdefault(place, set()).add(policy)

    def report(self, write: Callable[[str], None]) -> None:
        """Write all places in one line, each with its policy or the number of them, and forget them."""
        noted = sorted(self._policies.items())
        self._policies = {}
        if noted:
            places = "; ".join(f"{place} ({_of(policies)})" for place, policies in noted)
            write(f"not checked, known only after the update: {places}")


def _of(policies: set[str]) -> str:
    return f"{len(policies)} policies" if len(policies) > 1 else next(iter(policies))
