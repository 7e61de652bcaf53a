"""A circuit breaker for each model: a process whose calls keep failing stops calling, and later probes with one call.

Each process has its own breakers: a shared one would need the shared store for every chat, and a process learns of a
failing model within ten calls. https://sre.google/sre-book/addressing-cascading-failures
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from service.problems import Problem, ProviderFailed, Throttled
from service.telemetry import BREAKER_LOG, BREAKER_OPENS
from service.telemetry.emission import Emitter

log = logging.getLogger(__name__)

MAX_CALLS, WINDOW_SECONDS = 20, 30.0
"""The calls that decide: the latest ones, within the window."""
MIN_CALLS, FAILING_SHARE = 10, 0.8
"""A breaker opens when at least ten calls were made and four of five failed. Below that, the model still helps."""


@dataclass
class _Circuit:
    calls: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))
    opened_until: float = 0.0
    """0 while it is closed."""
    probing: bool = False
    """True while the one call that tries is under way."""
    last_problem: Problem | None = None


class CircuitBreaker:
    """The breakers of a process. Safe for threads."""

    def __init__(self, seconds: float, emitter: Emitter) -> None:
        self._seconds = seconds
        self._emitter = emitter
        self._lock = threading.Lock()
        self._circuits: dict[str, _Circuit] = {}

    def admit(self, model: str) -> None:
        """Let a call through; :meth:`record_success`, ``_failure`` or ``_abandoned`` must follow.

        Raises:
            Throttled, ProviderFailed: The breaker is open; ``retry_after`` is the time until it lets a call through.
        """
        with self._lock:
            circuit = self._circuits.setdefault(model, _Circuit())
            if not circuit.opened_until:
                return
            left = circuit.opened_until - time.monotonic()
            if left <= 0 and not circuit.probing:
                circuit.probing = True
                return
            wait = max(1, round(left + 0.5))
            # The outcome is that of the calls that are spared: a throttled model stays throttled for its callers.
            if isinstance(circuit.last_problem, Throttled):
                raise Throttled(f"{model} keeps refusing for its quota; it is not called now", retry_after=wait)
            raise ProviderFailed(f"{model} keeps failing; it is not called now", status=503, retry_after=wait)

    def record_success(self, model: str) -> None:
        """Record that the model answered: a refusal and an empty answer are answers too."""
        with self._lock:
            circuit = self._circuits[model]
            closes = circuit.probing
            if closes:
                self._circuits[model] = circuit = _Circuit()
            circuit.calls.append((time.monotonic(), True))
        if closes:
            log.info("the model %s is called again", model, extra=_fields("closed", model))

    def record_failure(self, model: str, problem: Problem) -> None:
        """Record that the call failed because of the model or the connection."""
        with self._lock:
            circuit, now = self._circuits[model], time.monotonic()
            circuit.calls.append((now, False))
            circuit.last_problem = problem
            recent = [succeeded for at, succeeded in circuit.calls if now - at <= WINDOW_SECONDS]
            failing = len(recent) >= MIN_CALLS and recent.count(False) >= FAILING_SHARE * len(recent)
            opens = circuit.probing or (failing and not circuit.opened_until)
            if opens:
                circuit.opened_until, circuit.probing = now + self._seconds, False
        if opens:
            self._emitter.emit(BREAKER_OPENS, 1, model=model)
            log.warning("the model %s keeps failing and is not called now", model, extra=_fields("open", model))

    def record_abandoned(self, model: str) -> None:
        """Record that the caller left before the end, which says nothing about the model."""
        with self._lock:
            self._circuits[model].probing = False


def _fields(state: str, model: str) -> dict[str, str]:
    return {"event": BREAKER_LOG.event, "state": state, "model": model}
