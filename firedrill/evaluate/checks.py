"""Service checks (docs: monitors/types/service_check).

Their statuses are events of the track ``service_checks`` with the attributes ``check`` (name), ``status`` (0 to 3) and
``tags``.
"""

import numpy as np

from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.scope import tag_values
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.table import Key
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import CheckMonitor

TRACK = "service_checks"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
MOST = 100
LOOKBACK = 86400
"""Seconds of statuses that are read before an evaluation: the last n decide, however old within a day."""


def grouped_by(body: CheckMonitor) -> Key:
    """The tags of ``.by()``; ``*`` is one group."""
    step = body.step("by")
    return tuple(value for value in step.values() if value != "*") if step is not None else ()


def measure_check(body: CheckMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """The signal's value is the number of consecutive bad statuses; its status class is decided here.

    CRITICAL for ``critical`` statuses in a row, WARNING for ``warning``, OK for ``ok``; the value is 2, 1 or 0, and an
    evaluation that reaches none of these numbers leaves the state.
    """
    if body.step("pct_by_status") is not None:
        raise Refused("pct_by_status()", "cluster alerts are not implemented")
    thresholds = {"ok": 1, "warning": 1, "critical": 1} | {
        key: int(value) for key, value in (options.get("thresholds") or {}).items() if value is not None
    }
    last = body.step("last")
    assert last is not None
    size = int(last.values()[0])
    if size > MOST or size < max(thresholds.values()):
        raise Refused(".last()", f"{size} is over {MOST} or below the largest threshold")
    by = grouped_by(body)
    wanted, unwanted = _scope(body, "over"), _scope(body, "exclude")
    groups: dict[Key, list[tuple[float, int]]] = {}
    for event in telemetry.events(TRACK, float(times[0]) - LOOKBACK, float(times[-1])):
        tags = set(event.attributes.get("tags") or ())
        if event.attributes.get("check") != body.check.value or not wanted <= tags or (unwanted and unwanted <= tags):
            continue
        values = tag_values(tags)
        if all(key in values for key in by):
            key = tuple(",".join(sorted(values[name])) for name in by)
            groups.setdefault(key, []).append((event.time, int(event.attributes["status"])))
    keys = tuple(sorted(groups))
    status = np.zeros((len(keys), times.size), np.int8)
    result = np.full((len(keys), times.size), np.nan)
    latest = np.full((len(keys), times.size), -np.inf)
    first = np.full((len(keys), times.size), np.inf)
    for row, key in enumerate(keys):
        stamps = np.array([time for time, _ in groups[key]])
        levels = _levels([level for _, level in groups[key]], thresholds)
        place = np.searchsorted(stamps, times, side="right") - 1
        some = (place >= 0) & (times - stamps[np.maximum(place, 0)] < LOOKBACK)
        found = np.array(levels)[np.maximum(place, 0)]
        status[row] = np.where(some, np.where(np.isnan(found), SKIP, VALUE), EMPTY)
        result[row] = np.where(some, found, np.nan)
        latest[row] = np.where(some, stamps[np.maximum(place, 0)], -np.inf)
        first[row] = np.where(some, stamps[0], np.inf)
    return Signal(times, by, keys, status, result, latest, first)


def _scope(body: CheckMonitor, name: str) -> set[str]:
    step = body.step(name)
    return {value for value in step.values() if value != "*"} if step is not None else set()


def _levels(statuses: list[int], thresholds: dict[str, int]) -> list[float]:
    """After each status: 2, 1 or 0 where a run is long enough, NaN where none is.

    UNKNOWN leaves the overall status OK.
    """
    levels: list[float] = []
    run, previous = 0, -1
    for status in statuses:
        run = run + 1 if status == previous else 1
        previous = status
        needed = {OK: "ok", WARNING: "warning", CRITICAL: "critical"}.get(status)
        if needed is None:
            levels.append(0.0)
        else:
            levels.append(float(status) if run >= thresholds[needed] else np.nan)
    return levels
