"""Result of a run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Certainty, Note, Refused, State, Transition
from firedrill.evaluate.state.composite import GroupStates
from firedrill.evaluate.state.machine import StateChange
from firedrill.evaluate.telemetry import FloatArray

States = NDArray[np.str_]


@dataclass
class MonitorTimeline:
    """One monitor over a run: its evaluation times, its groups' states before them, and their changes.

    ``default`` is the value of an empty window, where it has one. ``measured`` returns the values of the groups.
    """

    times: FloatArray
    notes: set[Note]
    before: GroupStates = field(default_factory=dict)
    changes: list[StateChange] = field(default_factory=list)
    certainty: Certainty = "documented"
    default: float | None = None
    measured: Callable[[], dict[str, FloatArray]] = dict

    @cached_property
    def values(self) -> dict[str, FloatArray]:
        """The values of the groups, NaN for none; they are measured when they are first read."""
        return self.measured()


@dataclass
class Timeline:
    """Transitions of all monitors between start and end, in order of time, and the details of each by monitor id.

    ``state`` is the memory after the end.
    """

    state: State = field(default_factory=State)
    transitions: list[Transition] = field(default_factory=list)
    monitors: dict[int | str, MonitorTimeline] = field(default_factory=dict)
    refused: dict[int | str, Refused] = field(default_factory=dict)

    def times(self, monitor_id: int | str) -> FloatArray:
        """Return the times at which the monitor was evaluated."""
        return self.monitors[monitor_id].times

    def values(self, monitor_id: int | str) -> dict[str, FloatArray]:
        """Return the value of each group at each evaluation, NaN for none. Composites have no values."""
        return self.monitors[monitor_id].values

    def default_values(self, monitor_id: int | str, group: str) -> FloatArray:
        """Return the value of the group's empty windows at each evaluation, NaN for none or before its first state."""
        monitor = self.monitors[monitor_id]
        result = np.full(monitor.times.shape, np.nan)
        if monitor.default is not None and group in (states := self.states(monitor_id)):
            result[states[group] != ""] = monitor.default
        return result

    def states(self, monitor_id: int | str) -> dict[str, States]:
        """Return the state of each group after each evaluation, ``""`` before its first."""
        monitor = self.monitors[monitor_id]
        result: dict[str, States] = {}
        for name, (_, state) in monitor.before.items():
            result[name] = np.full(monitor.times.shape, state or "", dtype="<U7")
        for change in monitor.changes:
            row = result.setdefault(change.name, np.full(monitor.times.shape, "", dtype="<U7"))
            row[change.index :] = change.new or ""
        return result

    def notes(self, monitor_id: int | str) -> set[Note]:
        """Return the undocumented rules that the monitor's result depends on."""
        return self.monitors[monitor_id].notes

    def certainty(self, monitor_id: int | str) -> Certainty:
        """Return whether the monitor's result is documented or indicative."""
        return self.monitors[monitor_id].certainty

    def transitions_of(self, monitor_id: int | str) -> Iterator[Transition]:
        """Return the transitions of one monitor."""
        return (transition for transition in self.transitions if transition.monitor_id == monitor_id)
