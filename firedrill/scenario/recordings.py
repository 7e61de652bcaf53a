"""Recordings of drills: one file for each phase of a scenario, with what the running service emitted in it."""

from pathlib import Path

from firedrill.evaluate import Event, Recording, recording_file
from firedrill.scenario.layout import Segment, lay_out

PHASES = ("healthy", "failing", "remediated")
"""The phases of a scenario, which name the files of a recorded drill."""
TRACKS = ("logs", "spans", "llmobs", "error-tracking")
"""The tracks of events that a recording has."""
SPAN_OPERATIONS = ("google_genai.request",)
"""The operations whose spans a recording has: the calls to the model, of which each chat has one or two."""
FIELDS = ("service", "status", "env", "version", "operation_name", "resource_name", "tags")
ATTRIBUTES = ("ml_app", "metrics", "duration", "error", "issue")
META = ("span", "span.kind", "model_name", "model_provider")


def phase_files(folder: Path, drill: str) -> list[Path]:
    """Return the three files of a recorded drill, in the order of its phases."""
    return [folder / f"{drill}.{phase}.npz" for phase in PHASES]


def save_segment(segment: Segment, path: Path) -> None:
    """Write the metrics and events of a segment. Times in the file begin at 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    telemetry = lay_out([(segment, segment.length)], start=0.0)
    events = [_without_texts(event) for event in telemetry.all_events if _is_recorded(event)]
    recording_file.save(Recording(telemetry.all_series, events), path)


def load_segment(path: Path) -> Segment:
    """Read a segment. It ends at the first full 10 seconds after its last metric."""
    telemetry = recording_file.load(path)
    last = max(float(series.times[-1]) for series in telemetry.all_series)
    return Segment(path.stem, telemetry, 0.0, (last // 10 + 1) * 10)


def _is_recorded(event: Event) -> bool:
    return event.track in TRACKS and (
        event.track != "spans" or event.attributes.get("operation_name") in SPAN_OPERATIONS
    )


def _without_texts(event: Event) -> Event:
    """Return an event without the texts and ids that no search of a monitor reads. Logs stay whole."""
    if event.track == "logs":
        return event
    fields = {key: value for key, value in event.attributes.items() if key in FIELDS}
    source = event.attributes.get("attributes") or {}
    attributes = {key: source[key] for key in ATTRIBUTES if key in source}
    if meta := source.get("meta"):
        attributes["meta"] = {key: meta[key] for key in META if key in meta}
    return Event(event.time, event.track, {**fields, "attributes": attributes})
