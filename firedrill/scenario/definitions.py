"""The definitions that a proof or a drill judges: an account's alerts, and the names that the program gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from firedrill.evaluate import Account
from firedrill.evaluate.model import Json
from firedrill.notify.directory import Directory


@dataclass(frozen=True)
class Unread:
    """A monitor, or a part of one, that could not be read, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Definitions:
    """An account's monitors with everything that they refer to.

    ``names`` has the resource name of each monitor by its id, ``connections`` the action connections of workflows by
    their id. ``unread`` has a line for each monitor, or part of one, that could not be read.
    ``pipelines`` are the log pipelines in their order.
    """

    account: Account
    directory: Directory
    names: Mapping[str, str]
    connections: Mapping[str, Mapping[str, Any]]
    unread: Sequence["Unread"] = ()
    pipelines: Sequence[Json] = ()

    def alert(self, monitor: Mapping[str, Any]) -> str:
        """Return the monitor's resource name, or the monitor's own name if no program declares it."""
        return self.names.get(str(monitor["id"]), str(monitor["name"]))

    def with_monitors(self, monitors: Sequence[Json]) -> "Definitions":
        """Return the same account with other monitors."""
        return replace(self, account=replace(self.account, monitors=list(monitors)))
