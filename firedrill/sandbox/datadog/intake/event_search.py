"""Search of stored events with time range, query, order and cursors, shared by the search endpoints."""

import base64
import binascii
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.telemetry.event_reader import Interval
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

Json = dict[str, Any]
RELATIVE = re.compile(r"now(?:-(\d+)([smhdw]))?")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MAX_EVENTS = 1000
"""Events on a page."""
DEFAULT_LIMIT = 10
DEFAULT_FROM = "now-15m"
CURSOR_FORMAT = struct.Struct(">xQHQ")
"""A cursor after the byte of its version: the millisecond, microseconds within it, order of arrival."""

CURSOR_MARGIN = 0.00001
"""Seconds by which a cursor's time, in whole microseconds, may differ from its event's."""


@dataclass(frozen=True)
class SearchRequest:
    """A search request. Times are epoch seconds; ``after`` is the position of the previous page's last event."""

    query: str
    start: float
    end: float
    ascending: bool
    limit: int
    after: tuple[int, int] | None


@dataclass(frozen=True)
class SearchPage:
    """Matching events with their ids and times, and the cursor of the next page, or None."""

    events: list[tuple[int, float, Json]]
    cursor: str | None


def read_request(body: Mapping[str, Any], now: float) -> SearchRequest:
    """Read ``{"filter": {query, from, to}, "page": {limit, cursor}, "sort"}``. Raises :class:`InvalidPayload`."""
    event_filter, page = body.get("filter") or {}, body.get("page") or {}
    limit = page.get("limit", DEFAULT_LIMIT)
    if not str(limit).isdecimal() or not 0 < int(limit) <= MAX_EVENTS:
        raise InvalidPayload(f"input_validation_error(Field 'page.limit' is invalid: must be from 1 to {MAX_EVENTS})")
    sort = body.get("sort") or "-timestamp"
    if sort not in ("timestamp", "-timestamp"):
        raise InvalidPayload(f"input_validation_error(Field 'sort' is invalid: {sort})")
    cursor = page.get("cursor")
    return SearchRequest(
        str(event_filter.get("query") or "*"),
        parse_time(event_filter.get("from") or DEFAULT_FROM, now),
        parse_time(event_filter.get("to") or "now", now),
        sort == "timestamp",
        int(limit),
        _parse_cursor(cursor) if cursor else None,
    )


def search_events(store: TelemetryStore, track: str, request: SearchRequest) -> SearchPage:
    """Return a page. Raises :class:`InvalidPayload` for an invalid query."""
    try:
        search = parse_search(request.query)
    except SearchError as error:
        raise InvalidPayload(f"input_validation_error(Field 'filter.query' is invalid: {error.message})") from error
    page: list[tuple[int, float, Json]] = []
    for event in store.search(track, _rest(request), search):
        if request.after is not None and not _follows(event, request.after, request.ascending):
            continue
        if len(page) == request.limit:
            return SearchPage(page, _cursor(page[-1]))
        page.append(event)
    return SearchPage(page, None)


def _rest(request: SearchRequest) -> Interval:
    """Return the interval that is left after the previous page, with a margin for rounded times."""
    if request.after is None:
        return Interval(request.start, request.end, request.ascending)
    reached = request.after[0] / 1_000_000
    if request.ascending:
        return Interval(max(request.start, reached - CURSOR_MARGIN), request.end)
    return Interval(request.start, min(request.end, reached + CURSOR_MARGIN), ascending=False)


def parse_time(text: object, now: float) -> float:
    """Return epoch seconds for ``now-15m``, epoch milliseconds or an ISO 8601 date. Raises :class:`InvalidPayload`."""
    value = str(text)
    match = RELATIVE.fullmatch(value)
    if match is not None:
        return now - int(match[1] or 0) * UNITS[match[2] or "s"]
    if value.isdecimal():
        return int(value) / 1000
    try:
        date = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidPayload(f"input_validation_error(Field 'filter' is invalid: {value!r} is no time)") from error
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def event_id(row_id: int, time: float) -> str:
    """Return the public id of a stored event."""
    return base64.urlsafe_b64encode(f"{time:.6f}/{row_id}".encode()).decode().rstrip("=")


def _position(event: tuple[int, float, Json]) -> tuple[int, int]:
    """Return the position of an event in the order: microseconds, then the order of arrival."""
    return round(event[1] * 1_000_000), event[0]


def _follows(event: tuple[int, float, Json], after: tuple[int, int], ascending: bool) -> bool:
    return _position(event) > after if ascending else _position(event) < after


def _cursor(event: tuple[int, float, Json]) -> str:
    """Return a cursor in the API's format: the event's millisecond, then its order within that millisecond."""
    (milliseconds, rest), row_id = divmod(_position(event)[0], 1000), event[0]
    position = CURSOR_FORMAT.pack(milliseconds, rest, row_id)
    return _encode_base64(json.dumps({"after": _encode_base64(position)}, separators=(",", ":")).encode())


def _encode_base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _parse_cursor(cursor: str) -> tuple[int, int]:
    """Return a cursor's position. One of another origin is accepted: the next page begins at its time."""
    try:
        position = _decode_base64(json.loads(_decode_base64(cursor))["after"])
        milliseconds, rest, row_id = CURSOR_FORMAT.unpack_from(position)
    except (binascii.Error, struct.error, ValueError, KeyError, TypeError) as error:
        raise InvalidPayload("input_validation_error(Field 'page' is invalid: invalid cursor)") from error
    return milliseconds * 1000 + min(rest, 999), row_id
