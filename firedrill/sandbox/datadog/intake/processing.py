"""What an organisation has declared to happen to an event between its arrival and its index.

Logs: pipelines, then the sensitive data scanner (which redacts attributes, so it needs them parsed), then log-based
metrics on everything, then the index. Spans and RUM events: the scanner, then their metrics.
https://docs.datadoghq.com/logs/log_configuration/ , /security/sensitive_data_scanner/setup/telemetry_data/

What a declaration asks for and cannot be done here is counted and logged, and the event is kept as it was before.
"""

import logging
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from firedrill.evaluate.facets import facet_values
from firedrill.evaluate.telemetry import Event
from firedrill.logs.event import PipelineError
from firedrill.logs.pipelines import run_pipelines
from firedrill.logs.scanner import ScannerError, scan
from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake import event_metrics, logs
from firedrill.sandbox.datadog.intake.derived import Points

log = logging.getLogger(__name__)

Objects = Callable[[str, str], list[dict[str, Any]]]
"""(organisation, kind) -> the API bodies of its objects of that kind, in their order."""
PRODUCTS = {"logs": "logs", "spans": "apm", "rum": "rum"}
"""Track of the events -> the scanner's product."""
SCALE = 10_000
"""Steps of a sample rate: events are told apart by a checksum, so that the same ones are kept every time."""


class Processing:
    """The declarations of all organisations, applied. ``count`` adds to a counter of ``GET /-/status``."""

    def __init__(self, objects: Objects, count: Callable[[str], None]) -> None:
        self._objects, self._count = objects, count
        self._growing = event_metrics.Growing()

    def logs(self, org: str, events: Sequence[Event], points: Points) -> list[Event]:
        """The logs that are indexed; the points of log-based metrics are added."""
        pipelines = self._objects(org, "logs_pipelines")
        found = [self._through(pipelines, event) for event in events]
        found = self.events(org, "logs", found, points, [event.time for event in found])
        indexes = self._objects(org, "logs_indexes")
        return [event for event in found if self._indexed(indexes, event)]

    def events(
        self, org: str, track: str, events: Iterable[Event], points: Points, times: Iterable[float]
    ) -> list[Event]:
        """The events after the scanner; the points of their metrics are added, each at its time of ``times``."""
        groups = self._groups(org, PRODUCTS[track])
        found = [self._scanned(groups, PRODUCTS[track], event) for event in events]
        for declared in self._objects(org, event_metrics.KINDS[track]):
            try:
                event_metrics.compute(points, [declared], list(zip(found, times, strict=True)), org, self._growing)
            except SearchError as error:
                self._count(f"{track}.metric_errors")
                log.warning("the metric %s is not computed: %s", declared["id"], error)
        return found

    def ended(self, org: str, events: Iterable[Event], points: Points, now: float) -> None:
        """Take RUM events that grow, and add the points of those that have ended."""
        done = self._growing.ended(org, events, now)
        for declared in self._objects(org, event_metrics.KINDS["rum"]) if done else ():
            try:
                event_metrics.compute_ended(points, [declared], done)
            except SearchError as error:
                self._count("rum.metric_errors")
                log.warning("the metric %s is not computed: %s", declared["id"], error)

    def _through(self, pipelines: list[dict[str, Any]], event: Event) -> Event:
        try:
            return logs.processed(event, run_pipelines(pipelines, dict(event.attributes)))
        except (PipelineError, SearchError) as error:
            self._count("logs.pipeline_errors")
            log.warning("a log is stored unprocessed: %s", error)
            return event

    def _groups(self, org: str, product: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """The scanner's groups for a product, in their order, each with its rules."""
        groups = [one for one in self._objects(org, "sds_groups") if product in one["attributes"]["product_list"]]
        if not groups:
            return []
        rules = self._objects(org, "sds_rules")
        return [
            (
                group["attributes"],
                [rule["attributes"] for rule in rules if rule["relationships"]["group"]["data"]["id"] == group["id"]],
            )
            for group in sorted(groups, key=lambda one: int(one["place"]))
        ]

    def _scanned(
        self, groups: Sequence[tuple[dict[str, Any], Sequence[dict[str, Any]]]], product: str, event: Event
    ) -> Event:
        if not groups:
            return event
        try:
            return Event(event.time, event.track, scan(groups, dict(event.attributes), product))
        except (ScannerError, SearchError) as error:
            self._count("scanner.errors")
            log.warning("an event is stored unscanned: %s", error)
            return event

    def _indexed(self, indexes: Sequence[Mapping[str, Any]], event: Event) -> bool:
        """Whether the first index whose filter matches keeps the log. Without any declared index, all are kept."""
        try:
            for index in indexes:
                if parse_search(index["filter"].get("query") or "*").matches(event.attributes):
                    return not any(_excludes(one, event) for one in index.get("exclusion_filters") or ())
        except SearchError as error:
            self._count("logs.index_errors")
            log.warning("a log is indexed, since an index cannot be read: %s", error)
            return True
        if indexes:
            self._count("logs.matched_no_index")
        return not indexes


def _excludes(exclusion: Mapping[str, Any], event: Event) -> bool:
    """Whether an exclusion filter drops the log. ``sample_rate`` is the share that is dropped, 1 for all.

    With a sample attribute all logs that have the same value of it share their fate; without one, each log has its own.
    """
    filter_ = exclusion.get("filter") or {}
    if not exclusion.get("is_enabled") or not parse_search(filter_.get("query") or "*").matches(event.attributes):
        return False
    facet = filter_.get("sample_attribute")
    text = str(facet_values(event.attributes, facet)) if facet else repr(sorted(event.attributes.items(), key=str))
    return zlib.crc32(text.encode()) % SCALE < float(filter_.get("sample_rate") or 0) * SCALE
