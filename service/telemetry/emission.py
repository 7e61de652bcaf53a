"""Metrics of the contract, through DogStatsD. The client adds env, service and version itself."""

from collections.abc import Mapping
from typing import Protocol

from service.telemetry import EMITTED, SENT_AS, Count, Metric, last_seen


class Undeclared(ValueError):
    """A metric, tag or tag value that :mod:`service.telemetry` does not declare, by a mistake in the service's code."""


class Client(Protocol):
    """The part of ``datadog.dogstatsd.DogStatsd`` that the service uses."""

    def distribution(self, metric: str, value: float, tags: list[str] | None = None) -> None:
        """Send one value of a distribution."""


class Emitter:
    """The only way by which the service sends metrics."""

    def __init__(self, client: Client) -> None:
        self._functions = {"distribution": client.distribution}

    def emit(self, metric: Metric, value: float, /, **tags: str) -> None:
        """Send a value with exactly the tags that the metric declares. Raises :class:`Undeclared`."""
        if metric not in EMITTED:
            raise Undeclared(f"{metric.name} is not declared as emitted")
        declared = {tag.key: tag for tag in metric.tags}
        if tags.keys() != declared.keys():
            raise Undeclared(f"{metric.name} has the tags {sorted(declared)}, not {sorted(tags)}")
        for key, text in tags.items():
            if declared[key].values and text not in declared[key].values:
                raise Undeclared(f"{metric.name}: {key} is one of {declared[key].values}, not {text!r}")
        last_seen.note("Metrics")
        self._functions[SENT_AS[metric.kind]](metric.name, value, [f"{key}:{text}" for key, text in tags.items()])

    def start_counts(self, defaults: Mapping[str, str]) -> None:
        """Send 0 for every count, so that each exists from the start of a process, before anything has happened.

        Datadog refuses to describe a metric that was never sent, and a query on one has no data, which is not zero.
        ``defaults`` has values for tags whose values the contract does not list.
        """
        for metric in EMITTED:
            if isinstance(metric, Count):
                tags = {tag.key: tag.values[0] if tag.values else defaults.get(tag.key, "none") for tag in metric.tags}
                self.emit(metric, 0, **tags)
