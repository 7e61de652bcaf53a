"""Checks of a monitor beyond its model."""

from firedrill.checks.monitor import monitor_faults
from firedrill.sandbox.datadog.account import MONITORS, SLOS
from firedrill.sandbox.datadog.http.handler import ApiError, Call
from firedrill.sandbox.datadog.store import Body


def check(call: Call, body: Body) -> None:
    """Raise :class:`ApiError` 400 for a definition that the real API refuses."""
    faults = monitor_faults(
        body,
        monitor_exists=lambda identifier: call.get(MONITORS, identifier) is not None,
        slo_exists=lambda identifier: call.get(SLOS, identifier) is not None,
    )
    for fault in faults:
        raise ApiError(400, fault.text)
