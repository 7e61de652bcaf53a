"""Lays recorded segments out on a virtual clock: each is repeated until it has lasted as long as it should.

A segment is a real stretch of a minute or so at normal speed; windows of hours are filled by its repetition, never by
waiting and never by speeding the service up.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from firedrill.evaluate.telemetry import Events, Recording, Series


@dataclass(frozen=True)
class Segment:
    """What arrived in ``[start, start + length)``, in epoch seconds."""

    name: str
    recording: Recording
    start: float
    length: float


def lay_out(segments: list[tuple[Segment, float]], start: float) -> Recording:
    """Segments one after the other from ``start``, each for the seconds that stand beside it."""
    parts: dict[tuple[object, ...], list[Series]] = defaultdict(list)
    tables: list[Events] = []
    for segment, duration in segments:
        copies = int(np.ceil(duration / segment.length))
        offsets = start - segment.start + segment.length * np.arange(copies)
        start += duration
        for one in segment.recording.all_series:
            parts[one.metric, one.type, one.tags, one.interval].append(_repeat_series(one, offsets, start))
        for track in segment.recording.tracks():
            tables.append(_repeat_events(segment.recording.events(track, -np.inf, np.inf), offsets, start))
    return Recording([joined(same) for same in parts.values()], tables=tables)


def _repeat_events(table: Events, offsets: np.ndarray, end: float) -> Events:
    times = (table.times[None, :] + offsets[:, None]).ravel()
    keep = times < end
    return replace(table, times=times[keep], which=np.tile(table.which, len(offsets))[keep]).in_order()


def joined(parts: list[Series]) -> Series:
    """One series of the same metric and tags in segments that follow each other."""
    times, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("times", "values"))
    return replace(parts[0], times=times, values=values)


def _repeat_series(series: Series, offsets: np.ndarray, end: float) -> Series:
    times = (series.times[None, :] + offsets[:, None]).ravel()
    values = np.tile(series.values, len(offsets))
    keep = times < end
    return replace(series, times=times[keep], values=values[keep])
