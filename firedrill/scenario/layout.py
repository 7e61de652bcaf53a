"""Lay recorded segments out on a virtual clock. Each segment is repeated until its phase is full.

A segment is about a minute of real telemetry at normal speed. Repeating it fills phases of hours, without waiting for
hours and without speeding the service up.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate.telemetry import Events, Recording, Series


@dataclass(frozen=True)
class Segment:
    """The telemetry of ``[start, start + length)``, in epoch seconds."""

    name: str
    recording: Recording
    start: float
    length: float


def lay_out(segments: list[tuple[Segment, float]], start: float) -> Recording:
    """Return the segments one after the other from ``start``, each for the seconds beside it."""
    parts: dict[tuple[object, ...], list[Series]] = defaultdict(list)
    tables: list[Events] = []
    for segment, duration in segments:
        copies = int(np.ceil(duration / segment.length))
        offsets = start - segment.start + segment.length * np.arange(copies)
        start += duration
        for series in segment.recording.all_series:
            key = (series.metric, series.type, series.tags, series.interval)
            parts[key].append(_repeat_series(series, offsets, start))
        for track in segment.recording.tracks():
            tables.append(_repeat_events(segment.recording.events(track, -np.inf, np.inf), offsets, start))
    return Recording([concatenate(same) for same in parts.values()], tables=tables)


def concatenate(parts: list[Series]) -> Series:
    """Return consecutive parts of one metric with the same tags as one series."""
    times, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("times", "values"))
    return replace(parts[0], times=times, values=values)


def _repeat_series(series: Series, offsets: np.ndarray, end: float) -> Series:
    times = (series.times[None, :] + offsets[:, None]).ravel()
    values = np.tile(series.values, len(offsets))
    keep = times < end
    return replace(series, times=times[keep], values=values[keep])


def _repeat_events(table: Events, offsets: np.ndarray, end: float) -> Events:
    times = (table.times[None, :] + offsets[:, None]).ravel()
    keep = times < end
    return replace(table, times=times[keep], content_index=np.tile(table.content_index, len(offsets))[keep]).in_order()
