"""Controls of the running sandbox: Gemini's failures, the service's model, and the recording of telemetry."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from firedrill.errors import KnownFailure
from firedrill.evaluate import Event
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.scenario.layout import Segment
from firedrill.scenario.scenario import GeminiFailure
from firedrill.settings import API_KEY, APP_KEY, Settings

FLUSH = 10.0
"""Seconds between two flushes of DogStatsD. Segments begin and end on a flush."""
FLUSH_DELAY = 3.0
"""Seconds after a flush at which its metrics are stored."""
ARRIVAL_DEADLINE = 40.0
"""Seconds until the last telemetry of a segment must have arrived."""
RECORDING_LEASE = 300.0
"""Seconds after which the sandbox writes telemetry to the account again by itself, in case a drill is killed."""
RECORDING_ORG = "drill"
"""The organisation that telemetry is recorded in. One drill at a time holds the sandbox."""


class DrillError(KnownFailure):
    """A drill that could not run: the thing, the reason, the next step."""


def datadog(settings: Settings) -> httpx.Client:
    """Return a client of the sandbox's Datadog with the stack's keys."""
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    return httpx.Client(base_url=f"http://127.0.0.1:{settings.datadog_port}", headers=headers, timeout=30)


def google(settings: Settings) -> httpx.Client:
    """Return a client of the sandbox's Google Cloud."""
    return httpx.Client(base_url=f"http://127.0.0.1:{settings.google_port}", timeout=30)


def set_failure(settings: Settings, failure: GeminiFailure | None, model: str = "") -> None:
    """Make Gemini fail for the calls of a model, or end its failures with None."""
    with google(settings) as client:
        client.delete("/-/gemini/failures").raise_for_status()
        if failure is not None:
            body: dict[str, Any] = {"model": model, "mode": failure.gemini, "share": failure.share}
            if failure.seconds is not None:
                body["seconds"] = failure.seconds
            client.post("/-/gemini/failures", json=body).raise_for_status()


def set_model(settings: Settings, token: str, model: str) -> None:
    """Switch the service to a model with its operator's token."""
    response = httpx.post(
        f"{settings.service_url}/v1/control/model",
        json={"model": model, "reason": "drill"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    if response.status_code != httpx.codes.OK:
        raise DrillError(f"the service refused to switch to {model}: {response.status_code} {response.text[:200]}")


def ready_instances(settings: Settings) -> int:
    """Return the number of the service's instances that are ready."""
    with google(settings) as client:
        report = client.get("/-/status").json()
    revisions = [revision for service in report["services"] for revision in service["revisions"]]
    return sum(1 for revision in revisions for instance in revision["instances"] if instance["ready"])


class Recorder:
    """Keeps the service's telemetry in an organisation of its own while a drill runs.

    The account's monitors therefore never see the failure, and a drill in a shared sandbox pages nobody.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = TelemetryStore(settings.home / "datadog.sqlite", RECORDING_ORG)

    @contextmanager
    def recording(self) -> Iterator["Recorder"]:
        """Redirect the intake until the end of the block, and delete the recorded telemetry then."""
        try:
            self._store.delete()
            self._redirect(RECORDING_LEASE)
            yield self
        finally:
            with suppress(httpx.HTTPError):  # the sandbox may be gone; the lease ends by itself in any case
                self._redirect(0)
            self._store.delete()
            self._store.close()

    def renew(self) -> None:
        """Record for another lease."""
        self._redirect(RECORDING_LEASE)

    def segment(self, name: str, start: float, length: float, *, traffic_from: float, chats: int) -> Segment:
        """Return a segment, once the log lines of all ``chats`` since ``traffic_from`` have arrived."""
        end = start + length
        lines = self._wait_for_chats(traffic_from, chats, lambda: time.time() > end + FLUSH_DELAY)
        if len(lines) < chats:
            raise DrillError(
                f"{chats} chats were sent for the {name} segment and {len(lines)} log lines arrived: "
                f"see {self.settings.logs} and {self.settings.datadog_url}/-/status"
            )
        return Segment(name, self._store.export(start - 1e-3, end - 1e-3), start, length)

    def instances(self, since: float, chats: int) -> set[str]:
        """Return the tags of the instances that answered ``chats`` chats since a time, according to their log lines."""
        lines = self._wait_for_chats(since, chats, lambda: True)
        tags = {tag for line in lines for tag in line.attributes.get("tags", ())}
        return {tag for tag in tags if tag.startswith("container_id:")}

    def _wait_for_chats(self, since: float, count: int, is_over: Callable[[], bool]) -> list[Event]:
        """Return the log lines of chats since a time: at least ``count``, or fewer after the deadline."""
        deadline = time.monotonic() + ARRIVAL_DEADLINE
        while True:
            lines = [
                event
                for event in self._store.events("logs", since - 1, time.time() + FLUSH)
                if event.attributes.get("attributes", {}).get("event") == "chat"
            ]
            if (len(lines) >= count and is_over()) or time.monotonic() > deadline:
                return lines
            time.sleep(0.5)

    def _redirect(self, seconds: float) -> None:
        with datadog(self.settings) as client:
            client.post("/-/recording", json={"org": RECORDING_ORG, "seconds": seconds}).raise_for_status()
