"""Service checks (docs: monitors/types/service_check).

Their statuses are events of the track ``service_checks`` with the attributes ``check`` (name), ``status`` (0 to 3) and
``tags``.
"""

import math

import numpy as np

from firedrill.evaluate.metric.scope import tag_values
from firedrill.evaluate.metric.table import GroupKey
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.telemetry import FloatArray, IntArray, Telemetry
from firedrill.query.tree import CheckMonitor

TRACK = "service_checks"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
MAX_STATUSES = 100
LOOKBACK = 86400
"""Seconds of statuses that are read before an evaluation: the last n decide, however old within a day."""


def check_group_by(body: CheckMonitor) -> GroupKey:
    """Return the tags of ``.by()``; ``*`` is one group."""
    return tuple(_tags(body, "by"))


def measure_check(body: CheckMonitor, options: Json, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Return a signal whose value is the level: 2 (CRITICAL), 1 (WARNING) or 0 (OK).

    A level needs as many consecutive statuses as its threshold in the options; an evaluation that reaches no level
    leaves the state.
    """
    if body.call("pct_by_status") is not None:
        raise Refused("pct_by_status()", "cluster alerts are not implemented")
    thresholds = {"ok": 1, "warning": 1, "critical": 1} | {
        key: math.ceil(value) for key, value in (options.get("thresholds") or {}).items() if value is not None
    }
    last = body.call("last")
    assert last is not None
    size = int(last.values()[0])
    if size > MAX_STATUSES or size < max(thresholds.values()):
        raise Refused(".last()", f"{size} is over {MAX_STATUSES} or below the largest threshold")
    by = check_group_by(body)
    groups = _statuses(body, by, telemetry, float(times[0]) - LOOKBACK, float(times[-1]))
    keys = tuple(sorted(groups))
    status = np.zeros((len(keys), times.size), np.int8)
    values = np.full((len(keys), times.size), np.nan)
    latest = np.full((len(keys), times.size), -np.inf)
    first = np.full((len(keys), times.size), np.inf)
    for row, key in enumerate(keys):
        stamps = np.array([time for time, _ in groups[key]])
        results = np.array([result for _, result in groups[key]])
        place = np.searchsorted(stamps, times, side="right") - 1
        oldest = np.searchsorted(stamps, times - LOOKBACK, side="right")
        has_data = place >= oldest
        level = _levels(results, np.maximum(place, 0), oldest, thresholds)
        status[row] = np.where(has_data, np.where(np.isnan(level), SKIP, VALUE), EMPTY)
        values[row] = np.where(has_data, level, np.nan)
        latest[row] = np.where(has_data, stamps[np.maximum(place, 0)], -np.inf)
        first[row] = np.where(has_data, stamps[np.minimum(oldest, stamps.size - 1)], np.inf)
    return Signal(times, by, keys, status, values, latest, first)


def _statuses(
    body: CheckMonitor, by: GroupKey, telemetry: Telemetry, start: float, end: float
) -> dict[GroupKey, list[tuple[float, int]]]:
    """Return time and status of each result in ``(start, end]``, by group."""
    included, excluded = set(_tags(body, "over")), set(_tags(body, "exclude"))
    groups: dict[GroupKey, list[tuple[float, int]]] = {}
    for event in telemetry.events(TRACK, start, end):
        tags = set(event.attributes.get("tags") or ())
        in_scope = included <= tags and not (excluded and excluded <= tags)
        if event.attributes.get("check") != body.check.value or not in_scope:
            continue
        values = tag_values(tags)
        if all(key in values for key in by):
            key = tuple(",".join(sorted(values[name])) for name in by)
            groups.setdefault(key, []).append((event.time, int(event.attributes["status"])))
    return groups


def _tags(body: CheckMonitor, name: str) -> list[str]:
    call = body.call(name)
    return [value for value in call.values() if value != "*"] if call is not None else []


def _levels(results: IntArray, place: IntArray, oldest: IntArray, thresholds: dict[str, int]) -> FloatArray:
    """Return the level at each place, NaN where no run of equal statuses since the oldest is long enough.

    UNKNOWN leaves the overall status OK.
    """
    begins = np.append(True, results[1:] != results[:-1])
    begin = np.maximum.accumulate(np.where(begins, np.arange(results.size), 0))
    run = place - np.maximum(begin[place], oldest) + 1
    needed = np.zeros(4, np.int64)
    needed[[OK, WARNING, CRITICAL]] = thresholds["ok"], thresholds["warning"], thresholds["critical"]
    level = np.where(results[place] == UNKNOWN, 0.0, results[place])
    return np.where(run >= needed[results[place]], level, np.nan)
