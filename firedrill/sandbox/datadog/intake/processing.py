"""Processing of events between arrival and index, as an organisation declares it.

Logs: pipelines, then the Sensitive Data Scanner (which redacts parsed attributes), then log-based metrics on all logs,
then the index. Spans and RUM events: the scanner, then their metrics.
https://docs.datadoghq.com/logs/log_configuration/ , /security/sensitive_data_scanner/setup/telemetry_data/

When a declaration cannot be applied, this is counted and logged, and the event stays unchanged.
"""

import logging
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from firedrill.evaluate.event.facets import facet_values
from firedrill.evaluate.telemetry import Event
from firedrill.logs.event import PipelineError
from firedrill.logs.pipelines import run_pipelines
from firedrill.logs.scanner import ScannerError, scan
from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake import event_metrics, logs
from firedrill.sandbox.datadog.intake.metric_points import MetricPoints

log = logging.getLogger(__name__)

Objects = Callable[[str, str], list[dict[str, Any]]]
"""(organisation, kind) -> the API's bodies of its objects of that kind, in order."""
PRODUCTS = {"logs": "logs", "spans": "apm", "rum": "rum"}
"""Track of the events -> the scanner's product."""
SAMPLE_STEPS = 10_000
"""Steps of a sample rate: a checksum decides, so the same events are always kept."""


class Processing:
    """Applies the declarations of all organisations. ``count`` adds to a counter of ``GET /-/status``."""

    def __init__(self, objects: Objects, count: Callable[[str], None]) -> None:
        self._objects, self._count = objects, count
        self._open_events = event_metrics.OpenRumEvents()

    def logs(self, org: str, events: Sequence[Event], points: MetricPoints) -> list[Event]:
        """Return the logs to index, and add the points of log-based metrics."""
        pipelines = self._objects(org, "logs_pipelines")
        processed = [self._run_pipelines(pipelines, event) for event in events]
        processed = self.events(org, "logs", processed, points, [event.time for event in processed])
        indexes = self._objects(org, "logs_indexes")
        return [event for event in processed if self._is_indexed(indexes, event)]

    def events(
        self, org: str, track: str, events: Iterable[Event], points: MetricPoints, times: Iterable[float]
    ) -> list[Event]:
        """Return the events after the scanner, and add the points of their metrics at the ``times`` of the events."""
        groups = self._scanner_groups(org, PRODUCTS[track])
        processed = [self._scan(groups, PRODUCTS[track], event) for event in events]
        for definition in self._objects(org, event_metrics.KINDS[track]):
            try:
                event_metrics.add_points(
                    points, [definition], list(zip(processed, times, strict=True)), org, self._open_events
                )
            except SearchError as error:
                self._count(f"{track}.metric_errors")
                log.warning("the metric %s is not computed: %s", definition["id"], error)
        return processed

    def count_ended(self, org: str, events: Iterable[Event], points: MetricPoints, now: float) -> None:
        """Record updates of RUM views and sessions, and add the points of those that have ended."""
        ended_events = self._open_events.take_ended(org, events, now)
        for definition in self._objects(org, event_metrics.KINDS["rum"]) if ended_events else ():
            try:
                event_metrics.add_points_of_ended(points, [definition], ended_events)
            except SearchError as error:
                self._count("rum.metric_errors")
                log.warning("the metric %s is not computed: %s", definition["id"], error)

    def _run_pipelines(self, pipelines: list[dict[str, Any]], event: Event) -> Event:
        try:
            return logs.processed(event, run_pipelines(pipelines, dict(event.attributes)))
        except (PipelineError, SearchError) as error:
            self._count("logs.pipeline_errors")
            log.warning("a log is stored unprocessed: %s", error)
            return event

    def _scanner_groups(self, org: str, product: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Return the scanner's groups for a product in order, each with its rules."""
        groups = [group for group in self._objects(org, "sds_groups") if product in group["attributes"]["product_list"]]
        if not groups:
            return []
        rules = self._objects(org, "sds_rules")
        return [
            (
                group["attributes"],
                [rule["attributes"] for rule in rules if rule["relationships"]["group"]["data"]["id"] == group["id"]],
            )
            for group in sorted(groups, key=lambda group: int(group["place"]))
        ]

    def _scan(
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

    def _is_indexed(self, indexes: Sequence[Mapping[str, Any]], event: Event) -> bool:
        """Return whether the first index with a matching filter keeps the log. Without indexes all logs are kept."""
        try:
            for index in indexes:
                if parse_search(index["filter"].get("query") or "*").matches(event.attributes):
                    return not any(
                        _is_excluded(exclusion_filter, event)
                        for exclusion_filter in index.get("exclusion_filters") or ()
                    )
        except SearchError as error:
            self._count("logs.index_errors")
            log.warning("a log is indexed because an index has an invalid filter: %s", error)
            return True
        if indexes:
            self._count("logs.matched_no_index")
        return not indexes


def _is_excluded(exclusion: Mapping[str, Any], event: Event) -> bool:
    """Return whether an exclusion filter drops the log. ``sample_rate`` is the share to drop, 1 for all.

    With a sample attribute all logs with the same value of it are kept or dropped together.
    """
    filter_ = exclusion.get("filter") or {}
    if not exclusion.get("is_enabled") or not parse_search(filter_.get("query") or "*").matches(event.attributes):
        return False
    facet = filter_.get("sample_attribute")
    text = str(facet_values(event.attributes, facet)) if facet else repr(sorted(event.attributes.items(), key=str))
    return zlib.crc32(text.encode()) % SAMPLE_STEPS < float(filter_.get("sample_rate") or 0) * SAMPLE_STEPS
