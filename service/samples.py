"""Sampled answers that wait for their judge, in the shared store: redacted before they are stored, gone when judged.

The bucket's lifecycle rule takes what no job came for.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from service.objects import Objects
from service.redactor import redactor

PREFIX = "evaluation/"


@dataclass(frozen=True)
class Sample:
    """A question, its answer, the model, and the chat's span."""

    prompt: str
    answer: str
    model: str
    trace_id: str
    span_id: str


def keep(objects: Objects, sample: Sample) -> None:
    """Store it for the job. Raises :class:`~service.problems.Unavailable`."""
    cleaned = asdict(sample) | {"prompt": redactor.text(sample.prompt), "answer": redactor.text(sample.answer)}
    objects.put(f"{PREFIX}{time.time_ns():020d}-{sample.span_id}.json", cleaned, 0)


def waiting(objects: Objects) -> Iterator[tuple[str, Sample]]:
    """Name and sample of what waits, the oldest first. Raises :class:`~service.problems.Unavailable`."""
    for name in objects.names(PREFIX):
        if found := objects.get(name):
            yield name, Sample(**found[0])
