"""A circuit breaker for each model: a process that only meets failures stops calling, and tries again with one call.

Each process has its own, on purpose: a breaker that is shared would need the shared store in the way of every chat, and
four processes that each learn it in ten calls are quick enough. https://sre.google/sre-book/addressing-cascading-failures
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from service.emission import Emitter
from service.problems import Problem, ProviderFailed, Throttled
from service.telemetry import BREAKER_LOG, BREAKER_OPENS

log = logging.getLogger(__name__)

REMEMBERED_CALLS, REMEMBERED_SECONDS = 20, 30.0
FEWEST_CALLS, FAILING_SHARE = 10, 0.8
"""Opens when of the latest calls, at least ten, four of five failed. Half a model is still better than none."""


@dataclass
class _Circuit:
    calls: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=REMEMBERED_CALLS))
    opened_until: float = 0.0
    """0: closed."""
    probing: bool = False
    last: Problem | None = None


class Breaker:
    """The breakers of a process. Safe for threads."""

    def __init__(self, seconds: float, emitter: Emitter) -> None:
        self._seconds = seconds
        self._emitter = emitter
        self._lock = threading.Lock()
        self._circuits: dict[str, _Circuit] = {}

    def admit(self, model: str) -> None:
        """Let a call through, or raise what its last one met, with the time after which the next one may pass.

        Whoever is let through must tell the end, by :meth:`succeeded`, :meth:`failed` or :meth:`abandoned`.
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
            if isinstance(circuit.last, Throttled):
                raise Throttled(f"{model} keeps refusing for its quota; it is not called now", retry_after=wait)
            raise ProviderFailed(f"{model} keeps failing; it is not called now", status=503, retry_after=wait)

    def succeeded(self, model: str) -> None:
        """The model answered: also a refusal and an empty answer are answers."""
        with self._lock:
            circuit = self._circuits[model]
            closed = circuit.probing
            if closed:
                self._circuits[model] = circuit = _Circuit()
            circuit.calls.append((time.monotonic(), True))
        if closed:
            log.info("the model %s is called again", model, extra=_fields("closed", model))

    def failed(self, model: str, problem: Problem) -> None:
        """The call failed by the model's or the connection's fault."""
        with self._lock:
            circuit, now = self._circuits[model], time.monotonic()
            circuit.calls.append((now, False))
            circuit.last = problem
            recent = [good for at, good in circuit.calls if now - at <= REMEMBERED_SECONDS]
            failing = len(recent) >= FEWEST_CALLS and recent.count(False) >= FAILING_SHARE * len(recent)
            opens = circuit.probing or (failing and not circuit.opened_until)
            if opens:
                circuit.opened_until, circuit.probing = now + self._seconds, False
        if opens:
            self._emitter.emit(BREAKER_OPENS, 1, model=model)
            log.warning("the model %s keeps failing and is not called now", model, extra=_fields("open", model))

    def abandoned(self, model: str) -> None:
        """The caller left before the end: it says nothing about the model."""
        with self._lock:
            self._circuits[model].probing = False


def _fields(state: str, model: str) -> dict[str, str]:
    return {"event": BREAKER_LOG.event, "state": state, "model": model}
