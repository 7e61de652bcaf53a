"""The receiver of all telemetry: the organisations' stores, the counters, and the flush every 10 seconds."""

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
from firedrill.sandbox.datadog.intake import (
    error_tracking,
    events,
    llm_observability,
    logs,
    service_checks,
    span_metrics,
    spans,
)
from firedrill.sandbox.datadog.intake.dogstatsd.aggregation import INTERVAL, Aggregator
from firedrill.sandbox.datadog.intake.dogstatsd.messages import EventMessage, Sample, ServiceCheckMessage, parse_packet
from firedrill.sandbox.datadog.intake.metric_points import MetricPoints
from firedrill.sandbox.datadog.intake.processing import Objects, Processing
from firedrill.sandbox.datadog.intake.request_body import Refused
from firedrill.sandbox.datadog.telemetry.database import Limits
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

log = logging.getLogger(__name__)

__all__ = ["Objects", "Receiver"]


class Receiver:
    """Processes telemetry and stores it by organisation (API key).

    ``agent_org`` owns telemetry without a key: DogStatsD and the Agent's endpoints. ``clock`` returns epoch seconds.
    ``put`` stores an object (organisation, kind, id, body); without it errors are not grouped into issues.
    """

    def __init__(
        self,
        path: Path,
        agent_org: str,
        objects: Objects,
        clock: Callable[[], float] = time.time,
        put: error_tracking.Put | None = None,
        *,
        limits: Limits | None = None,
    ) -> None:
        self.path, self.agent_org, self.objects, self.clock = path, agent_org, objects, clock
        self.aggregator = Aggregator()
        self._processing = Processing(objects, self.count)
        self._issues = error_tracking.Issues(objects, put) if put is not None else None
        self._counters: Counter[str] = Counter()
        self._limits = limits
        self._stores: dict[str, TelemetryStore] = {}
        self._lock = threading.Lock()
        self._copy: tuple[str, float] = ("", 0.0)

    def record(self, copy: str, seconds: float) -> None:
        """Store the telemetry of the Agent's organisation in a copy of the account, for a number of seconds; 0 ends it.

        A drill records there, so that the account's own monitors do not see the failure. The time limit ends the
        recording of a drill that was killed.
        """
        self._copy = (copy, self.clock() + seconds)

    @property
    def recording(self) -> bool:
        """True while the telemetry of the Agent's organisation goes to a copy."""
        return self.clock() < self._copy[1]

    def destination(self, org: str) -> TelemetryStore:
        """Return the store for an organisation's new telemetry: its own, or the copy during a recording."""
        return self.store(self._copy[0] if org == self.agent_org and self.recording else org)

    def store(self, org: str) -> TelemetryStore:
        """Return the organisation's store."""
        with self._lock:
            if org not in self._stores:
                self._stores[org] = TelemetryStore(self.path, org, self._limits)
            return self._stores[org]

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter that ``GET /-/status`` shows."""
        with self._lock:
            self._counters[name] += amount

    def counters(self) -> dict[str, int]:
        """Return all counters so far."""
        with self._lock:
            return dict(sorted(self._counters.items()))

    def _grouped_errors(self, org: str, received: Sequence[Event]) -> list[Event]:
        """Group errors into issues and return their events.

        A drill's recording has none: whether an error is new depends on the account's past, which the copy lacks.
        """
        if self._issues is None or (org == self.agent_org and self.recording):
            return []
        grouped = self._issues.group(org, received)
        self.count("errors.in_issues", len(grouped))
        return grouped

    def datagram(self, packet: bytes) -> None:
        """Take a DogStatsD datagram. Malformed messages are counted and logged, the others kept."""
        now = self.clock()
        messages, errors = parse_packet(packet)
        self.count("statsd.packets")
        self.count("statsd.messages", len(messages))
        for error in errors:
            self.count("statsd.malformed")
            log.warning("DogStatsD: %s", error)
        received = []
        for message in messages:
            match message:
                case Sample():
                    self.aggregator.add(message, now)
                case EventMessage():
                    received.append(events.statsd_event(message, now))
                case ServiceCheckMessage():
                    received.append(service_checks.check_event(message, now))
        self.destination(self.agent_org).append_events(received)

    def flush(self, now: float) -> None:
        """Store the points of all finished intervals."""
        points, rum_points = self.aggregator.flush(now), MetricPoints()
        self._processing.count_ended(self.agent_org, (), rum_points, now)
        self.destination(self.agent_org).append_series([*points, *rum_points.series()])
        self.count("statsd.series", len(points))

    async def flush_forever(self) -> None:
        """Flush at every multiple of 10 seconds, and everything when cancelled."""
        try:
            while True:
                await asyncio.sleep(INTERVAL - self.clock() % INTERVAL)
                try:
                    await asyncio.to_thread(self.flush, self.clock())
                except sqlite3.Error:
                    self.count("statsd.flushes_lost")
                    log.exception("DogStatsD: a flush failed and its points are lost")
        finally:
            self.flush(float("inf"))

    def traces(self, body: bytes, version: str) -> int:
        """Store a trace payload and return its number of spans. Raises :class:`spans.MalformedTraces`."""
        received = spans.decode(body, version)
        llm_spans = [llm_span for span in received if (llm_span := llm_observability.from_trace(span)) is not None]
        points = MetricPoints()
        span_metrics.add_trace_metrics(points, received)
        span_metrics.add_llm_metrics(points, llm_spans)
        span_events = self._processing.events(
            self.agent_org, "spans", map(spans.event, received), points, [span.end for span in received]
        )
        store = self.destination(self.agent_org)
        store.append_events([*span_events, *map(llm_observability.event, llm_spans)])
        store.append_events(self._grouped_errors(self.agent_org, span_events))
        store.append_series(points.series())
        self.count("traces.payloads")
        self.count("traces.spans", len(received))
        self.count("llmobs.spans", len(llm_spans))
        return len(received)

    def llm_spans(self, body: Any) -> int:
        """Store posted LLM Observability spans and return their number. Raises InvalidPayload."""
        received = list(llm_observability.from_post(body))
        points = MetricPoints()
        span_metrics.add_llm_metrics(points, received)
        store = self.destination(self.agent_org)
        store.append_events(map(llm_observability.event, received))
        store.append_series(points.series())
        self.count("llmobs.spans", len(received))
        return len(received)

    def evaluations(self, body: Any) -> int:
        """Store posted evaluations of LLM spans and return their number. Raises InvalidPayload."""
        received = llm_observability.evaluations(body, self.clock())
        self.destination(self.agent_org).append_events(received)
        self.count("llmobs.evaluations", len(received))
        return len(received)

    def logs(self, org: str, entries: list[Mapping[str, Any]], query: Mapping[str, str]) -> None:
        """Preprocess log entries, apply the organisation's declarations (:mod:`processing`) and store them."""
        now, points = self.clock(), MetricPoints()
        received = [logs.preprocess(entry, query, now) for entry in entries]
        indexed = self._processing.logs(org, received, points)
        self.destination(org).append_events([*indexed, *self._grouped_errors(org, indexed)])
        self.destination(org).append_series(points.series())
        self.count("logs.entries", len(received))
        self.count("logs.not_indexed", len(received) - len(indexed))

    def events(self, org: str, received: list[Event]) -> None:
        """Store events that no metric is computed from."""
        self.destination(org).append_events(received)

    def owner(self, key: str) -> str:
        """Return the organisation of an API key or of a RUM application's client token. Raises :class:`Refused`.

        Only the organisation that owns the Agent's telemetry can have RUM applications here.
        """
        if not key.startswith("pub"):
            return key
        applications = self.objects(self.agent_org, "rum_applications")
        if all(application["attributes"]["client_token"] != key for application in applications):
            raise Refused(403, "Forbidden")
        return self.agent_org

    def rum(self, org: str, received: list[Event]) -> None:
        """Store RUM events of a browser or of a server (Product Analytics)."""
        points = MetricPoints()
        scanned = self._processing.events(org, "rum", received, points, [event.time for event in received])
        self._processing.count_ended(org, scanned, points, self.clock())
        self.destination(org).append_events([*scanned, *self._grouped_errors(org, scanned)])
        self.destination(org).append_series(points.series())
        self.count("rum.events", len(received))
