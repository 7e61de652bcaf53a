"""What a drill turns in a running sandbox: Gemini's failures, where telemetry is kept, the service's model."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from firedrill.drill.layout import Segment
from firedrill.drill.scenario import Failure
from firedrill.errors import KnownFailure
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.sandbox.settings import API_KEY, APP_KEY, Settings

FLUSH = 10.0
"""Seconds between two flushes of DogStatsD: segments begin and end on one."""
FLUSHED = 3.0
"""Seconds after a segment's end, which is a flush, at which that flush is stored."""
SETTLE_DEADLINE = 40.0
"""Seconds until the last telemetry of a segment must have arrived."""
RECORDING_LEASE = 300.0
"""Seconds after which the sandbox keeps telemetry in the account again by itself, should a drill be killed."""


COPY = "drill"
"""The account copy; one drill at a time holds the sandbox."""


class DrillError(KnownFailure):
    """Why a drill could not be held: the thing, the reason, the next step."""


def datadog(settings: Settings) -> httpx.Client:
    """A client of the sandbox's Datadog with the stack's keys."""
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    return httpx.Client(base_url=f"http://127.0.0.1:{settings.datadog_port}", headers=headers, timeout=30)


def google(settings: Settings) -> httpx.Client:
    """A client of the sandbox's Google Cloud."""
    return httpx.Client(base_url=f"http://127.0.0.1:{settings.google_port}", timeout=30)


def set_failure(settings: Settings, failure: Failure | None, model: str = "") -> None:
    """Let Gemini fail for every call of a model, or work again."""
    with google(settings) as client:
        client.delete("/-/gemini/failures").raise_for_status()
        if failure is not None:
            body: dict[str, Any] = {"model": model, "mode": failure.gemini, "share": failure.share}
            if failure.seconds is not None:
                body["seconds"] = failure.seconds
            client.post("/-/gemini/failures", json=body).raise_for_status()


def set_model(settings: Settings, token: str, model: str) -> None:
    """Switch the service to a model, as its operator may."""
    answer = httpx.post(
        f"{settings.service_url}/v1/control/model",
        json={"model": model, "reason": "drill"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    if answer.status_code != httpx.codes.OK:
        raise DrillError(f"the service refused to switch to {model}: {answer.status_code} {answer.text[:200]}")


class Recorder:
    """Keeps what the service emits in an account copy of its own while a drill runs.

    The account's own monitors so never see the failure: a drill in a shared sandbox pages nobody.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = TelemetryStore(settings.home / "datadog.sqlite", COPY)

    @contextmanager
    def recording(self) -> Iterator["Recorder"]:
        """Redirect intake until the end of the block; what was kept is deleted then."""
        try:
            self._store.delete()
            self._redirect(RECORDING_LEASE)
            yield self
        finally:
            with suppress(httpx.HTTPError):  # a sandbox that is gone; the lease ends by itself in any case
                self._redirect(0)
            self._store.delete()
            self._store.close()

    def renew(self) -> None:
        """Record for another lease."""
        self._redirect(RECORDING_LEASE)

    def segment(self, name: str, start: float, length: float, *, traffic_from: float, chats: int) -> Segment:
        """What arrived in a stretch, once every chat that was sent since ``traffic_from`` has left its log line."""
        end = start + length
        deadline = time.monotonic() + SETTLE_DEADLINE
        while True:
            since = self._store.events("logs", traffic_from - 1, time.time() + FLUSH)
            lines = sum(1 for event in since if event.attributes.get("attributes", {}).get("event") == "chat")
            if lines >= chats and time.time() > end + FLUSHED:
                return Segment(name, self._store.export(start - 1e-3, end - 1e-3), start, length)
            if time.monotonic() > deadline:
                raise DrillError(
                    f"{chats} chats were sent for the {name} segment and {lines} log lines arrived: "
                    f"see {self.settings.logs} and {self.settings.datadog_url}/-/status"
                )
            time.sleep(0.5)

    def instances(self, since: float, chats: int) -> set[str]:
        """The instances whose log lines say that they answered a chat since a time, once all have arrived."""
        deadline = time.monotonic() + SETTLE_DEADLINE
        while True:
            found = [
                event.attributes
                for event in self._store.events("logs", since - 1, time.time() + FLUSH)
                if event.attributes.get("attributes", {}).get("event") == "chat"
            ]
            if len(found) >= chats or time.monotonic() > deadline:
                tags = {tag for attributes in found for tag in attributes.get("tags", ())}
                return {tag for tag in tags if tag.startswith("container_id:")}
            time.sleep(0.5)

    def _redirect(self, seconds: float) -> None:
        with datadog(self.settings) as client:
            client.post("/-/recording", json={"org": COPY, "seconds": seconds}).raise_for_status()
