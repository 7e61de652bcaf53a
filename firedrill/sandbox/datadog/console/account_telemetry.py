"""The account's telemetry with its incidents and pages as events, for graphs of incident analytics and on-call."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from firedrill.evaluate.telemetry import Event, Series
from firedrill.logs.search import Search
from firedrill.sandbox.datadog.account import PAGES, Directory
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

Json = dict[str, Any]


class AccountTelemetry:
    """Implements :class:`firedrill.evaluate.telemetry.SearchableTelemetry`."""

    def __init__(self, store: TelemetryStore, directory: Directory) -> None:
        self._store, self._directory = store, directory

    def series(self, metric: str, start: float, end: float) -> Sequence[Series]:
        """Return the series of a metric."""
        return self._store.series(metric, start, end)

    def events(self, track: str, start: float, end: float) -> Sequence[Event]:
        """Return the events of a track; incidents and pages at the time at which they began."""
        bodies = {"incidents": "incidents", "pages": PAGES}.get(track)
        if bodies is None:
            return self._store.events(track, start, end)
        begun = [_event(track, body) for body in self._directory.objects(self._store.org, bodies)]
        return [event for event in begun if start < event.time <= end]

    def matching_events(self, track: str, start: float, end: float, search: Search) -> Sequence[Event]:
        """Return the events of a track that match a search."""
        if track in ("incidents", "pages"):
            return [event for event in self.events(track, start, end) if search.matches(event.attributes)]
        return self._store.matching_events(track, start, end, search)


def _event(track: str, body: Json) -> Event:
    """Return an incident or a page as an event; fields of an incident are its facets."""
    own = body["attributes"]
    fields = {name: field.get("value") for name, field in (own.get("fields") or {}).items()}
    target = own.get("target") or {}
    attributes = {**own, **fields, "team": target.get("identifier"), "teams": fields.get("teams")}
    began = datetime.fromisoformat(own["created"] if track == "incidents" else own["created_at"])
    return Event(began.timestamp(), track, {"tags": own.get("tags") or [], "attributes": attributes})
