"""Between an environment's first ``up`` and the organisation's: the service's first traffic.

Datadog refuses to describe a metric that was never sent. The environment's stack exports the names of those that its
service emits (``metrics``); the service is asked until every one of them has arrived in the account.
"""

import time
from collections.abc import Callable, Iterable

import httpx

from firedrill.errors import KnownFailure
from firedrill.sandbox.settings import API_KEY, APP_KEY, Settings

DEADLINE = 90.0
"""Seconds until all metrics must have arrived: the service's first answers and a few flushes of the agent."""
PAUSE = 2.0
"""Seconds between two rounds of questions."""
QUESTIONS: tuple[dict[str, object], ...] = (
    {"message": "What is an error budget?"},
    {"message": "Explain burn rate in two sentences.", "stream": True},
)
"""One answer whole and one in pieces: only the latter has a time to its first token."""


def missing(settings: Settings, wanted: Iterable[str]) -> list[str]:
    """Those of the metrics that the account has never received."""
    answer = httpx.get(
        f"{settings.datadog_url}/api/v2/metrics",
        headers={"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY},
        timeout=20,
        trust_env=False,
    )
    answer.raise_for_status()
    known = {one["id"] for one in answer.json()["data"]}
    return sorted(set(wanted) - known)


def send(settings: Settings, wanted: Iterable[str], output: Callable[[str], None]) -> bool:
    """Ask the service until all metrics have arrived; False when they had before, so that nothing was asked.

    Raises :class:`KnownFailure` naming those that have not within the deadline.
    """
    names = list(wanted)
    left = missing(settings, names)
    if not left:
        return False
    output(f"First traffic: the organisation has not received {len(left)} of the service's {len(names)} metrics yet.")
    deadline = time.monotonic() + DEADLINE
    while left and time.monotonic() < deadline:
        for question in QUESTIONS:
            _ask(settings, question)
        left = missing(settings, names)
        if left:
            time.sleep(PAUSE)
            left = missing(settings, names)
    if left:
        raise KnownFailure(
            f"after {DEADLINE:.0f} s of traffic these metrics have not arrived: {', '.join(left)}. What the "
            "organisation shares is not deployed: see what the service says in `firedrill status`, then run "
            "`firedrill up` again"
        )
    return True


def _ask(settings: Settings, question: dict[str, object]) -> None:
    """A refused or failed chat is traffic too: only a service that does not answer at all is waited for."""
    try:
        httpx.post(f"{settings.service_url}/v1/chat", json=question, timeout=60, trust_env=False)
    except httpx.TransportError as error:
        raise KnownFailure(f"the service at {settings.service_url} does not answer: {error}") from error
