"""Telemetry for pictures: a drill's recording, the same week before, and ordinary telemetry for what it lacks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firedrill.errors import KnownFailure
from firedrill.evaluate import Event, Recording
from firedrill.evaluate.model import Json
from firedrill.prove import ordinary as ordinary_files
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import course_of, simulate
from firedrill.scenario.layout import lay_out
from firedrill.scenario.recordings import load_segment, phase_files

SECONDS = 2 * 3600
FAILING_SECONDS = 15 * 60
"""The end of the telemetry, in which the failure goes on."""
WEEK = 7 * 86400


@dataclass(frozen=True)
class Story:
    """Telemetry until ``end``, in epoch seconds."""

    recordings: Sequence[Recording]
    end: float


def recorded(drills: Path, drill: str) -> Story:
    """Return the telemetry that a recorded drill and ``ordinary.yaml`` of a folder give until the last full minute.

    Raises:
        KnownFailure: The folder has no such recording.
    """
    healthy, failing, _ = phase_files(drills / "recordings", drill)
    if not healthy.exists() or not failing.exists():
        names = sorted(file.name.partition(".")[0] for file in healthy.parent.glob("*.healthy.npz"))
        raise KnownFailure(f"{healthy.parent} has no recording {drill}: choose one of {', '.join(names) or 'none'}")
    quiet, broken = load_segment(healthy), load_segment(failing)
    end = time.time() // 60 * 60
    start = end - SECONDS
    week_before = lay_out([(quiet, SECONDS)], start - WEEK)
    drilled = lay_out([(quiet, SECONDS - FAILING_SECONDS), (broken, FAILING_SECONDS)], start)
    ordinary = ordinary_files.load(drills / "ordinary.yaml")
    return Story([Recording(week_before.all_series, []), drilled, _ordinary(ordinary, drilled, start)], end)


def _ordinary(ordinary: Ordinary, drilled: Recording, start: float) -> Recording:
    """Return ordinary telemetry of the metrics and tracks that the recording lacks."""
    present = {*drilled.metrics(), *drilled.tracks()}
    lacking = {
        key: signal for key, signal in ordinary.signals.items() if (signal.metric or signal.track) not in present
    }
    courses = {key: course_of(signal, [(SECONDS // 60, None)]) for key, signal in lacking.items()}
    simulated = simulate(ordinary.model_copy(update={"signals": lacking}), courses, start, [0])
    return Recording(simulated.all_series, [_as_received(event) for event in simulated.all_events])


def _as_received(event: Event) -> Event:
    """Return a simulated event in the form in which the API returns events: with its time and nested attributes."""
    nested: Json = {}
    for path, value in (event.attributes.get("attributes") or {}).items():
        *parents, name = path.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    return Event(event.time, event.track, {**event.attributes, "timestamp": event.time * 1000, "attributes": nested})
