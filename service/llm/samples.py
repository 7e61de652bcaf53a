"""Sampled answers in the shared store, redacted, until the evaluation job has graded them.

The bucket's lifecycle rule deletes those that no job graded.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from service.runtime.objects import Objects
from service.telemetry.redactor import Redactor

PREFIX = "evaluation/"
MAX_SAVED, PER_SECOND = 20.0, 0.5
"""A process stores up to 20 samples at once, then one in two seconds: a judge needs no more, whatever the load."""


@dataclass(frozen=True)
class Sample:
    """A question, its answer, the model, and the ids of the chat's span."""

    prompt: str
    answer: str
    model: str
    trace_id: str
    span_id: str


class Samples:
    """The store of samples. Its methods raise :class:`~service.problems.Unavailable` without a store."""

    def __init__(self, objects: Objects, redactor: Redactor) -> None:
        self._objects = objects
        self._redactor = redactor
        self._lock = threading.Lock()
        self._saved, self._counted_at = MAX_SAVED, time.monotonic()

    @property
    def has_store(self) -> bool:
        """True where samples can be kept."""
        return self._objects.has_bucket

    def take_turn(self) -> bool:
        """Return whether another sample may be stored now."""
        with self._lock:
            now = time.monotonic()
            self._saved = min(MAX_SAVED, self._saved + (now - self._counted_at) * PER_SECOND)
            self._counted_at = now
            if self._saved < 1:
                return False
            self._saved -= 1
            return True

    def add(self, sample: Sample) -> None:
        """Store a sample, redacted."""
        redact = self._redactor.redact
        redacted = asdict(sample) | {"prompt": redact(sample.prompt), "answer": redact(sample.answer)}
        self._objects.put(f"{PREFIX}{time.time_ns():020d}-{sample.span_id}.json", redacted, 0)

    def waiting(self) -> Iterator[tuple[str, Sample]]:
        """Yield the name and content of each sample, the oldest first."""
        for name in self._objects.names(PREFIX):
            if stored := self._objects.get(name):
                yield name, Sample(**stored[0])

    def remove(self, name: str) -> None:
        """Delete a sample that has been graded."""
        self._objects.delete(name)
