"""Service checks of the public API and DogStatsD: https://docs.datadoghq.com/api/latest/service-checks."""

from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.dogstatsd.messages import ServiceCheckMessage
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload


def check_event(check: ServiceCheckMessage, now: float) -> Event:
    """Return the event of a service check, on the track "service_checks"."""
    tags = sorted(check.tags) + ([f"host:{check.host}"] if check.host else [])
    return Event(
        check.timestamp or now,
        "service_checks",
        {
            "check": check.name,
            "status": check.status,
            "host": check.host,
            "message": check.message,
            "tags": tags,
            "attributes": {},
        },
    )


def check_runs(body: Any, now: float) -> list[Event]:
    """Return the events of ``POST /api/v1/check_run``, check check or a list. Raises :class:`InvalidPayload`."""
    checks = body if isinstance(body, list) else [body]
    for check in checks:
        if not isinstance(check, dict) or not check.get("check") or check.get("status") not in (0, 1, 2, 3):
            raise InvalidPayload("a service check needs 'check' and a 'status' from 0 to 3")
    return [
        check_event(
            ServiceCheckMessage(check["check"], check["status"], frozenset(map(str, check.get("tags") or ())),
                        check.get("message") or "", check.get("host_name") or "", check.get("timestamp")), now,
        )
        for check in checks
    ]  # fmt: skip
