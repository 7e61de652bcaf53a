"""The service's first traffic, between an environment's first ``up`` and the organisation's.

Datadog refuses to describe a metric that was never sent. The environment's stack exports the names of the metrics that
its service emits (``metrics``); chats are sent to the service until every one of them has arrived in the account.
"""

import time
from collections.abc import Callable, Iterable

import httpx

from firedrill.datadog.client import DatadogClient
from firedrill.errors import KnownFailure
from firedrill.settings import API_KEY, APP_KEY, Settings

DEADLINE = 90.0
"""Seconds until all metrics must have arrived: the service's first responses and a few flushes of the agent."""
PAUSE = 2.0
"""Seconds between two rounds of chats."""
CHATS: tuple[dict[str, object], ...] = (
    {"message": "What is an error budget?"},
    {"message": "Explain burn rate in two sentences.", "stream": True},
)
"""One plain and one streamed chat: only the latter has a time to first token."""


def missing_metrics(settings: Settings, names: Iterable[str]) -> list[str]:
    """Return the metrics that the account has never received, sorted."""
    client = DatadogClient(settings.datadog_url, API_KEY, APP_KEY)
    received = {metric["id"] for metric in client.call("GET /api/v2/metrics")["data"]}
    return sorted(set(names) - received)


def send(settings: Settings, metrics: Iterable[str], output: Callable[[str], None]) -> bool:
    """Send chats until all metrics have arrived; return False where they had before and nothing was sent.

    Raises:
        KnownFailure: the metrics that have not arrived within the deadline.
    """
    names = list(metrics)
    missing = missing_metrics(settings, names)
    if not missing:
        return False
    output(
        f"First traffic: {len(missing)} of the service's {len(names)} metrics have not reached the organisation yet."
    )
    deadline = time.monotonic() + DEADLINE
    while missing and time.monotonic() < deadline:
        for chat in CHATS:
            _send_chat(settings, chat)
        missing = missing_metrics(settings, names)
        if missing:
            time.sleep(PAUSE)
            missing = missing_metrics(settings, names)
    if missing:
        raise KnownFailure(
            f"these metrics have not arrived after {DEADLINE:.0f} s of traffic: {', '.join(missing)}. The "
            "organisation's stack is not deployed: look at the service in `firedrill status`, then run "
            "`firedrill up` again"
        )
    return True


def _send_chat(settings: Settings, chat: dict[str, object]) -> None:
    """Send a chat. A refused or failed one is traffic too; only a service that does not answer is an error."""
    try:
        httpx.post(f"{settings.service_url}/v1/chat", json=chat, timeout=60, trust_env=False)
    except httpx.TransportError as error:
        raise KnownFailure(
            f"the service at {settings.service_url} does not answer ({error}): see `firedrill status`"
        ) from error
