"""Monitors that Datadog creates with synthetic tests (docs: api/latest/monitors, synthetics).

Results are events of the track ``synthetics`` with the attributes ``public_id``, ``location`` and ``passed``.
"""

import numpy as np

from firedrill.evaluate.model import Account, Json, Note, Refused
from firedrill.evaluate.signals import EMPTY, VALUE, Signal
from firedrill.evaluate.telemetry import Events, FloatArray, Telemetry

TRACK = "synthetics"
LOOKBACK = 7 * 86400
_NOTE = Note("synthetics", "the query of the created monitor is not documented: the rule of its options is evaluated")


def measure_synthetics(monitor: Json, account: Account, telemetry: Telemetry, times: FloatArray) -> Signal:
    """Return a signal whose value is 1 when enough locations have failed for long enough, else 0.

    ``min_location_failed`` locations (default 1) must fail at once for ``min_failure_duration`` seconds (default 0).
    A result counts as failed when its retries, which the test itself makes, failed too.
    """
    test = _test(monitor, account)
    options = test.get("options") or {}
    min_locations = int(options.get("min_location_failed") or 1)
    min_duration = float(options.get("min_failure_duration") or 0)
    events = telemetry.events(TRACK, float(times[0]) - LOOKBACK, float(times[-1]))
    stamps, since = _failing_since(Events.from_events(TRACK, events), test, min_locations)
    place = np.searchsorted(stamps, times, side="right") - 1
    oldest = np.searchsorted(stamps, times - LOOKBACK, side="right")
    has_data = place >= oldest
    begun = since[np.maximum(place, 0)] if since.size else np.full(times.shape, np.inf)
    failing = has_data & (times - begun >= min_duration)
    status = np.where(has_data, VALUE, EMPTY).astype(np.int8)[None]
    latest = np.where(has_data, stamps[np.maximum(place, 0)] if stamps.size else -np.inf, -np.inf)[None]
    first = np.where(has_data, stamps[np.minimum(oldest, stamps.size - 1)] if stamps.size else np.inf, np.inf)[None]
    values = np.where(has_data, failing.astype(np.float64), np.nan)[None]
    return Signal(times, (), ((),), status, values, latest, first, notes={_NOTE})


def _test(monitor: Json, account: Account) -> Json:
    public_id = (monitor.get("options") or {}).get("synthetics_check_id")
    for test in account.synthetics:
        if test.get("public_id") == public_id if public_id else test.get("monitor_id") == monitor["id"]:
            return test
    raise Refused("synthetics alert", f"the test of monitor {monitor['id']} is not in this account")


def _failing_since(results: Events, test: Json, min_locations: int) -> tuple[FloatArray, FloatArray]:
    """Return the times of a test's results, and after each since when enough locations fail (infinity: they do not)."""
    contents = results.contents
    of_test = np.array([content.get("public_id") == test.get("public_id") for content in contents], dtype=bool)
    rows = np.flatnonzero(of_test[results.content_index]) if of_test.size else np.empty(0, np.int64)
    stamps, content_index = results.times[rows], results.content_index[rows]
    names, location = np.unique([str(content.get("location")) for content in contents], return_inverse=True)
    passed = np.array([bool(content.get("passed")) for content in contents], dtype=bool)
    failing = np.zeros((names.size, stamps.size), bool)
    for row in range(names.size):
        places = np.flatnonzero(location[content_index] == row)
        last = np.searchsorted(places, np.arange(stamps.size), side="right") - 1
        failing[row] = (last >= 0) & ~np.append(passed[content_index[places]], True)[last]
    enough = failing.sum(axis=0) >= min_locations
    began = enough & ~np.append(False, enough[:-1])
    latest = np.maximum.accumulate(np.where(began, np.arange(stamps.size), 0))
    return stamps, np.where(enough, stamps[latest], np.inf)
