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
    """1 when enough locations have failed for long enough, else 0.

    ``min_location_failed`` locations (1) must fail at once for ``min_failure_duration`` seconds (0). A result counts
    as failed when its retries, which the test itself makes, failed too.
    """
    test = _test(monitor, account)
    options = test.get("options") or {}
    needed = int(options.get("min_location_failed") or 1)
    lasting = float(options.get("min_failure_duration") or 0)
    found = telemetry.events(TRACK, float(times[0]) - LOOKBACK, float(times[-1]))
    stamps, since = _failing_since(found if isinstance(found, Events) else Events.of(TRACK, found), test, needed)
    place = np.searchsorted(stamps, times, side="right") - 1
    some = place >= 0
    begun = since[np.maximum(place, 0)] if since.size else np.full(times.shape, np.inf)
    failing = some & (times - begun >= lasting)
    status = np.where(some, VALUE, EMPTY).astype(np.int8)[None]
    latest = np.where(some, stamps[np.maximum(place, 0)] if stamps.size else -np.inf, -np.inf)[None]
    first = np.where(some, stamps[0] if stamps.size else np.inf, np.inf)[None]
    values = np.where(some, failing.astype(np.float64), np.nan)[None]
    return Signal(times, (), ((),), status, values, latest, first, notes={_NOTE})


def _test(monitor: Json, account: Account) -> Json:
    wanted = (monitor.get("options") or {}).get("synthetics_check_id")
    for test in account.synthetics:
        if test.get("public_id") == wanted if wanted else test.get("monitor_id") == monitor["id"]:
            return test
    raise Refused("synthetics alert", f"the test of monitor {monitor['id']} is not in this account")


def _failing_since(results: Events, test: Json, needed: int) -> tuple[FloatArray, FloatArray]:
    """The times of a test's results, and after each since when enough locations fail; infinity when they do not."""
    own = np.array([one.get("public_id") == test.get("public_id") for one in results.said], dtype=bool)
    mine = np.flatnonzero(own[results.which]) if own.size else np.empty(0, np.int64)
    stamps, which = results.times[mine], results.which[mine]
    names, where = np.unique([str(one.get("location")) for one in results.said], return_inverse=True)
    ok = np.array([bool(one.get("passed")) for one in results.said], dtype=bool)
    failing = np.zeros((names.size, stamps.size), bool)
    for row in range(names.size):
        places = np.flatnonzero(where[which] == row)
        passed = ok[which[places]]
        last = np.searchsorted(places, np.arange(stamps.size), side="right") - 1
        failing[row] = (last >= 0) & ~np.append(passed, True)[last]
    enough = failing.sum(axis=0) >= needed
    began = enough & ~np.append(False, enough[:-1])
    latest = np.maximum.accumulate(np.where(began, np.arange(stamps.size), 0))
    return stamps, np.where(enough, stamps[latest], np.inf)
