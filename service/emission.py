"""Sends the contract's metrics through DogStatsD. The client is injected; it adds env, service and version itself."""

from collections.abc import Mapping
from typing import Protocol

from service.telemetry import EMITTED, SENT_AS, Count, Metric


class Undeclared(ValueError):
    """A metric, tag or tag value that :mod:`service.telemetry` does not declare: a mistake in the service's code."""


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
        for key, given in tags.items():
            if declared[key].values and given not in declared[key].values:
                raise Undeclared(f"{metric.name}: {key} is one of {declared[key].values}, not {given!r}")
        self._functions[SENT_AS[metric.kind]](metric.name, value, [f"{key}:{given}" for key, given in tags.items()])

    def start_counts(self, usual: Mapping[str, str]) -> None:
        """Send 0 for every count, so that each exists from a process's start on, also one of what never happened yet.

        Datadog refuses to describe a metric that was never sent, and a query on one has no data, which is not "none".
        ``usual`` has values of the tags that the contract does not list.
        """
        for metric in EMITTED:
            if isinstance(metric, Count):
                tags = {tag.key: tag.values[0] if tag.values else usual.get(tag.key, "none") for tag in metric.tags}
                self.emit(metric, 0, **tags)
