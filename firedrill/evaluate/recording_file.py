"""Recording files: a zip of numpy arrays (no pickles) that any version of numpy can read.

``index`` is JSON (UTF-8 bytes): the format's version and metric, type, tags, interval and length of each series.
``times`` and ``values`` are all series' points, one after the other. ``events`` is JSON: [time, track, attributes].
"""

import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from firedrill.evaluate.telemetry import Event, FloatArray, Recording, Series

VERSION = 1


class RecordingError(ValueError):
    """Raised for a file that is not a recording, or of a later version."""


def save(recording: Recording, path: Path) -> None:
    """Write a recording. The suffix should be ``.npz``; an existing file is replaced."""
    series = recording.all_series
    index = {
        "version": VERSION,
        "series": [
            {"metric": line.metric, "type": line.type, "tags": sorted(line.tags), "interval": line.interval,
             "points": int(line.times.size)}
            for line in series
        ],
    }  # fmt: skip
    events = [[event.time, event.track, event.attributes] for event in recording.all_events]
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            index=_bytes(index),
            events=_bytes(events),
            times=_joined([line.times for line in series]),
            values=_joined([line.values for line in series]),
        )


def load(path: Path) -> Recording:
    """Read a recording. Raises :class:`RecordingError` for any other file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            index, events = json.loads(arrays["index"].tobytes()), json.loads(arrays["events"].tobytes())
            times, values = arrays["times"], arrays["values"]
    except (BadZipFile, KeyError, ValueError) as error:
        raise RecordingError(f"{path} is not a recording: {error}") from error
    if index["version"] != VERSION:
        raise RecordingError(f"{path} has format {index['version']}; this version reads {VERSION}")
    ends = np.cumsum([line["points"] for line in index["series"]], dtype=np.int64)
    series = [
        Series(line["metric"], line["type"], frozenset(line["tags"]), times[end - line["points"] : end],
               values[end - line["points"] : end], line["interval"])
        for line, end in zip(index["series"], ends, strict=True)
    ]  # fmt: skip
    return Recording(series, [Event(time, track, attributes) for time, track, attributes in events])


def _bytes(content: object) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(json.dumps(content, separators=(",", ":"), default=str).encode(), dtype=np.uint8)


def _joined(arrays: list[FloatArray]) -> FloatArray:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.float64)
