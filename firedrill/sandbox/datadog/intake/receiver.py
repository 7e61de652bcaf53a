"""What all intake endpoints share: the stores of the organisations, the counters, and the 10-second flush."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake import derived, dogstatsd, errors, llm_spans, logs, posted, spans
from firedrill.sandbox.datadog.intake.aggregation import INTERVAL, Aggregator
from firedrill.sandbox.datadog.intake.processing import Objects, Processing
from firedrill.sandbox.datadog.intake.request_body import Refused
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

log = logging.getLogger(__name__)

__all__ = ["Objects", "Receiver"]


class Receiver:
    """Takes telemetry apart and stores it, each organisation's (API key's) by itself.

    ``agent_org`` owns what comes without a key: DogStatsD and Agent endpoints. ``clock`` gives epoch seconds. ``put``
    keeps an object (organisation, kind, id, body): without it errors are not grouped into issues.
    """

    def __init__(
        self,
        path: Path,
        agent_org: str,
        objects: Objects,
        clock: Callable[[], float] = time.time,
        put: errors.Put | None = None,
    ) -> None:
        self.path, self.agent_org, self.objects, self.clock = path, agent_org, objects, clock
        self.aggregator = Aggregator()
        self._processing = Processing(objects, self.count)
        self._issues = errors.Issues(objects, put) if put is not None else None
        self._counters: Counter[str] = Counter()
        self._stores: dict[str, TelemetryStore] = {}
        self._lock = threading.Lock()
        self._copy: tuple[str, float] = ("", 0.0)

    def record(self, copy: str, seconds: float) -> None:
        """Keep what arrives for the agent's organisation in an account copy instead, for so many seconds from now.

        A drill records there, so that the account's own monitors never see the failure; 0 ends it. The lease ends a
        recording whose drill was killed.
        """
        self._copy = (copy, self.clock() + seconds)

    @property
    def recording(self) -> bool:
        """Whether what arrives for the agent's organisation is kept in a copy now."""
        return self.clock() < self._copy[1]

    def destination(self, org: str) -> TelemetryStore:
        """Where an organisation's telemetry is kept now: with it, or in the copy that is being recorded."""
        return self.store(self._copy[0] if org == self.agent_org and self.recording else org)

    def store(self, org: str) -> TelemetryStore:
        """The organisation's telemetry."""
        with self._lock:
            if org not in self._stores:
                self._stores[org] = TelemetryStore(self.path, org)
            return self._stores[org]

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter that ``GET /-/status`` shows."""
        with self._lock:
            self._counters[name] += amount

    def counters(self) -> dict[str, int]:
        """All counters so far."""
        with self._lock:
            return dict(sorted(self._counters.items()))

    def grouped(self, org: str, events: Sequence[Event]) -> list[Event]:
        """What Error Tracking makes of events. Nothing while a drill records: whether an error is new is a question of
        the account's past, which the copy has not."""
        if self._issues is None or (org == self.agent_org and self.recording):
            return []
        told = self._issues.take(org, events)
        self.count("errors.in_issues", len(told))
        return told

    def datagram(self, packet: bytes) -> None:
        """One DogStatsD datagram. What is malformed is counted and logged, the rest of it is kept."""
        now = self.clock()
        messages, faults = dogstatsd.parse_packet(packet)
        self.count("statsd.packets")
        self.count("statsd.messages", len(messages))
        for fault in faults:
            self.count("statsd.malformed")
            log.warning("DogStatsD: %s", fault)
        events = []
        for message in messages:
            match message:
                case dogstatsd.Sample():
                    self.aggregator.add(message, now)
                case dogstatsd.PostedEvent():
                    events.append(posted.statsd_event(message, now))
                case dogstatsd.CheckStatus():
                    events.append(posted.check_event(message, now))
        self.destination(self.agent_org).append_events(events)

    def flush(self, now: float) -> None:
        """Store the points of all intervals that are over."""
        points, ended = self.aggregator.flush(now), derived.Points()
        self._processing.ended(self.agent_org, (), ended, now)
        self.destination(self.agent_org).append_series([*points, *ended.series()])
        self.count("statsd.series", len(points))

    async def flush_forever(self) -> None:
        """Flush at every multiple of 10 seconds, and once more, all of it, when cancelled."""
        try:
            while True:
                await asyncio.sleep(INTERVAL - self.clock() % INTERVAL)
                try:
                    await asyncio.to_thread(self.flush, self.clock())
                except sqlite3.Error:
                    self.count("statsd.flushes_lost")
                    log.exception("DogStatsD: a flush is lost")
        finally:
            self.flush(float("inf"))

    def traces(self, body: bytes, version: str) -> int:
        """A trace payload; returns its number of spans. Raises :class:`spans.MalformedTraces`."""
        found = spans.decode(body, version)
        carried = [llm for span in found if (llm := llm_spans.from_trace(span)) is not None]
        points = derived.Points()
        derived.from_spans(points, found)
        derived.from_llm_spans(points, carried)
        events = self._processing.events(
            self.agent_org, "spans", map(spans.event, found), points, [span.end for span in found]
        )
        store = self.destination(self.agent_org)
        store.append_events([*events, *map(llm_spans.event, carried), *self.grouped(self.agent_org, events)])
        store.append_series(points.series())
        self.count("traces.payloads")
        self.count("traces.spans", len(found))
        self.count("llmobs.spans", len(carried))
        return len(found)

    def llm_spans(self, body: Any) -> int:
        """Posted LLM Observability spans; returns their number. Raises InvalidPayload."""
        found = list(llm_spans.from_post(body))
        points = derived.Points()
        derived.from_llm_spans(points, found)
        store = self.destination(self.agent_org)
        store.append_events(map(llm_spans.event, found))
        store.append_series(points.series())
        self.count("llmobs.spans", len(found))
        return len(found)

    def evaluations(self, body: Any) -> int:
        """Posted evaluations of LLM spans; returns their number. Raises InvalidPayload."""
        found = llm_spans.evaluations(body, self.clock())
        self.destination(self.agent_org).append_events(found)
        self.count("llmobs.evaluations", len(found))
        return len(found)

    def logs(self, org: str, entries: list[Mapping[str, Any]], query: Mapping[str, str]) -> None:
        """Log entries: reserved attributes, then what the organisation declared (:mod:`processing`), then stored."""
        now, points = self.clock(), derived.Points()
        events = [logs.preprocess(entry, query, now) for entry in entries]
        indexed = self._processing.logs(org, events, points)
        self.destination(org).append_events([*indexed, *self.grouped(org, indexed)])
        self.destination(org).append_series(points.series())
        self.count("logs.entries", len(events))
        self.count("logs.not_indexed", len(events) - len(indexed))

    def events(self, org: str, events: list[Event]) -> None:
        """Events that nothing is computed from."""
        self.destination(org).append_events(events)

    def owner(self, key: str) -> str:
        """The organisation of a key, or of the RUM application whose client token it is. Raises :class:`Refused`.

        Only applications of the organisation that owns the Agent's telemetry have browsers here.
        """
        if not key.startswith("pub"):
            return key
        applications = self.objects(self.agent_org, "rum_applications")
        if all(one["attributes"]["client_token"] != key for one in applications):
            raise Refused(403, "Forbidden")
        return self.agent_org

    def rum(self, org: str, events: list[Event]) -> None:
        """RUM events of a browser, or of a server (Product Analytics)."""
        points = derived.Points()
        kept = self._processing.events(org, "rum", events, points, [event.time for event in events])
        self._processing.ended(org, kept, points, self.clock())
        self.destination(org).append_events([*kept, *self.grouped(org, kept)])
        self.destination(org).append_series(points.series())
        self.count("rum.events", len(events))
