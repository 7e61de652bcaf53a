"""Input and output of an evaluation: accounts, states, transitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Status = Literal["OK", "WARN", "ALERT", "NO DATA"]
Certainty = Literal["documented", "indicative"]
UNGROUPED = "*"
SEVERITY: Mapping[str, int] = {"OK": 1, "NO DATA": 2, "WARN": 3, "ALERT": 4}


class Refused(Exception):
    """Raised for a construct that the evaluator does not compute: its ``name`` and the ``reason``."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(name, reason)

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Note:
    """An undocumented rule (or a documented limit) that a result depends on.

    An ``approximation`` makes the result indicative; any other note names the convention that was chosen.
    """

    name: str
    text: str
    approximation: bool = False


@dataclass(frozen=True)
class Account:
    """The definitions to evaluate, each the API's JSON.

    ``corrections`` are SLO corrections (API v1 ``attributes``, or the whole resource); ``synthetics`` are tests, for
    the monitors that Datadog creates with them.
    """

    monitors: list[Json] = field(default_factory=list)
    slos: list[Json] = field(default_factory=list)
    downtimes: list[Json] = field(default_factory=list)
    corrections: list[Json] = field(default_factory=list)
    synthetics: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class Transition:
    """A change of one group's state, or a repeated notification of it.

    ``notify`` is whether messages go out. ``notified_group`` is their subject: the group itself, or with ``notify_by``
    the named subset of its tags. Times are epoch seconds; ``first_triggered`` is when the group left OK,
    ``last_triggered`` when it last entered a state other than OK.
    """

    monitor_id: int | str
    group: dict[str, str]
    group_name: str
    time: float
    old: Status
    new: Status
    value: float | None
    threshold: float | None
    notify: bool
    kind: Literal["transition", "renotify"] = "transition"
    first_triggered: float | None = None
    last_triggered: float | None = None
    event: Json | None = None
    certainty: Certainty = "documented"
    notified_group: dict[str, str] = field(default_factory=dict)
    notified_name: str = UNGROUPED


@dataclass(frozen=True)
class State:
    """Memory of the evaluator between two evaluations. ``data`` is JSON."""

    data: Json = field(default_factory=lambda: {"monitors": {}})


def group_name(group: Mapping[str, str]) -> str:
    """Return a group's name: ``env:prod,service:x``; ``*`` for an ungrouped monitor."""
    return ",".join(f"{key}:{value}" for key, value in group.items()) or UNGROUPED
