"""The result of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.groups import Change
from firedrill.evaluate.model import Certainty, Note, Refused, Transition
from firedrill.evaluate.telemetry import FloatArray

States = NDArray[np.str_]


@dataclass
class Track:
    """One monitor over a run: its evaluation times, the values of its groups (NaN is no value), its changes."""

    times: FloatArray
    values: dict[str, FloatArray]
    changes: list[Change]
    notes: set[Note]
    certainty: Certainty = "documented"
    default: float | None = None
    """What an empty window counts as, where it counts as anything."""


@dataclass
class Timeline:
    """Everything that happened between start and end, by monitor id."""

    transitions: list[Transition] = field(default_factory=list)
    tracks: dict[int | str, Track] = field(default_factory=dict)
    refused: dict[int | str, Refused] = field(default_factory=dict)

    def times(self, monitor_id: int | str) -> FloatArray:
        """When the monitor was evaluated."""
        return self.tracks[monitor_id].times

    def values(self, monitor_id: int | str) -> dict[str, FloatArray]:
        """The value of each group at each evaluation, NaN where there was none. Composites have no values."""
        return self.tracks[monitor_id].values

    def default_values(self, monitor_id: int | str, group: str) -> FloatArray:
        """What the group's empty windows count as at each evaluation (NaN: nothing), once it is known."""
        track = self.tracks[monitor_id]
        result = np.full(track.times.shape, np.nan)
        if track.default is not None and group in (states := self.states(monitor_id)):
            result[states[group] != ""] = track.default
        return result

    def states(self, monitor_id: int | str) -> dict[str, States]:
        """The state of each group after each evaluation, ``""`` before its first."""
        track = self.tracks[monitor_id]
        result: dict[str, States] = {}
        for change in track.changes:
            row = result.setdefault(change.name, np.full(track.times.shape, "", dtype="<U7"))
            row[change.index :] = change.new or ""
        return result

    def notes(self, monitor_id: int | str) -> set[Note]:
        """The undocumented rules that the monitor's result depends on."""
        return self.tracks[monitor_id].notes

    def certainty(self, monitor_id: int | str) -> Certainty:
        """Documented or indicative."""
        return self.tracks[monitor_id].certainty

    def of(self, monitor_id: int | str) -> Iterator[Transition]:
        """The transitions of one monitor."""
        return (one for one in self.transitions if one.monitor_id == monitor_id)
