"""Searching stored events: time range, search syntax, order and cursors, as the search endpoints share them."""

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

Json = dict[str, Any]
RELATIVE = re.compile(r"now(?:-(\d+)([smhdw]))?")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MOST = 1000
"""Events of a page."""
DEFAULT_LIMIT = 10
DEFAULT_FROM = "now-15m"
PLACE = struct.Struct(">xQHQ")
"""In a cursor, after a byte for its version: the millisecond, microseconds in it, the order of arrival."""


@dataclass(frozen=True)
class Request:
    """What is searched. Times are epoch seconds; ``after`` is the place of the page before's last event."""

    query: str
    start: float
    end: float
    ascending: bool
    limit: int
    after: tuple[int, int] | None


@dataclass(frozen=True)
class Page:
    """The events found, each with its id, and the cursor of the next page, if there is one."""

    events: list[tuple[int, float, Json]]
    cursor: str | None


def request_of(body: Mapping[str, Any], now: float) -> Request:
    """From ``{"filter": {query, from, to}, "page": {limit, cursor}, "sort"}``. Raises :class:`InvalidPayload`."""
    wanted, page = body.get("filter") or {}, body.get("page") or {}
    limit = page.get("limit", DEFAULT_LIMIT)
    if not str(limit).isdecimal() or not 0 < int(limit) <= MOST:
        raise InvalidPayload(f"input_validation_error(Field 'page.limit' is invalid: must be from 1 to {MOST})")
    sort = body.get("sort") or "-timestamp"
    if sort not in ("timestamp", "-timestamp"):
        raise InvalidPayload(f"input_validation_error(Field 'sort' is invalid: {sort})")
    cursor = page.get("cursor")
    return Request(
        str(wanted.get("query") or "*"),
        moment(wanted.get("from") or DEFAULT_FROM, now),
        moment(wanted.get("to") or "now", now),
        sort == "timestamp",
        int(limit),
        _after(cursor) if cursor else None,
    )


def search(store: TelemetryStore, track: str, wanted: Request) -> Page:
    """One page. Raises :class:`InvalidPayload` for a query that is none."""
    try:
        matches = parse_search(wanted.query).matches
    except SearchError as error:
        raise InvalidPayload(f"input_validation_error(Field 'filter.query' is invalid: {error.message})") from error
    found = store.events_with_ids(track, wanted.start, wanted.end)
    ordered: Iterator[tuple[int, float, Json]] = iter(found if wanted.ascending else reversed(found))
    page: list[tuple[int, float, Json]] = []
    for event in ordered:
        if wanted.after is not None and not _follows(event, wanted.after, wanted.ascending):
            continue
        if matches(event[2]):
            if len(page) == wanted.limit:
                return Page(page, _cursor(page[-1]))
            page.append(event)
    return Page(page, None)


def moment(text: object, now: float) -> float:
    """Epoch seconds of ``now-15m``, epoch milliseconds or an ISO 8601 date. Raises :class:`InvalidPayload`."""
    value = str(text)
    relative = RELATIVE.fullmatch(value)
    if relative is not None:
        return now - int(relative[1] or 0) * UNITS[relative[2] or "s"]
    if value.isdecimal():
        return int(value) / 1000
    try:
        date = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidPayload(f"input_validation_error(Field 'filter' is invalid: {value!r} is no time)") from error
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def event_id(row_id: int, time: float) -> str:
    """The public id of a stored event."""
    return base64.urlsafe_b64encode(f"{time:.6f}/{row_id}".encode()).decode().rstrip("=")


def _place(event: tuple[int, float, Json]) -> tuple[int, int]:
    """Where an event stands among others: microseconds, then the order of arrival."""
    return round(event[1] * 1_000_000), event[0]


def _follows(event: tuple[int, float, Json], after: tuple[int, int], ascending: bool) -> bool:
    return _place(event) > after if ascending else _place(event) < after


def _cursor(event: tuple[int, float, Json]) -> str:
    """As the real API writes it: the event's millisecond, then what tells it from others of that millisecond."""
    (milliseconds, rest), row_id = divmod(_place(event)[0], 1000), event[0]
    place = PLACE.pack(milliseconds, rest, row_id)
    return _unpadded(json.dumps({"after": _unpadded(place)}, separators=(",", ":")).encode())


def _unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _padded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _after(cursor: str) -> tuple[int, int]:
    """The place that a cursor names, which may be none of ours: the next page begins at its moment."""
    try:
        place = _padded(json.loads(_padded(cursor))["after"])
        milliseconds, rest, row_id = PLACE.unpack_from(place)
    except (binascii.Error, struct.error, ValueError, KeyError, TypeError) as error:
        raise InvalidPayload("input_validation_error(Field 'page' is invalid: invalid cursor)") from error
    return milliseconds * 1000 + min(rest, 999), row_id
