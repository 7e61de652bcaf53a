"""Segments of session replays as the browser SDK posts them: a form with the records, compressed, and their summary.

https://github.com/DataDog/rum-events-format/tree/master/schemas/session-replay : ``segment`` is zlib's JSON with
``records``, ``event`` is JSON with the session, the view and the number of records.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.intake.request_body import MAX_BYTES, InvalidPayload
from firedrill.sandbox.datadog.json_text import parse_json

TRACK = "replay"
RECORD_TYPES = {
    2: "full snapshot", 3: "incremental snapshot", 4: "meta", 6: "focus", 7: "view end", 8: "visual viewport",
    9: "frustration", 12: "change",
}  # fmt: skip
"""Names of the records' types. The console (``web/console/replay``) plays them."""
BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
NAME = re.compile(rb'name="(\w+)"')


def segment(body: bytes, content_type: str, now: float) -> Event:
    """Return a segment as an event of the track "replay". Raises :class:`InvalidPayload`."""
    parts = _parts(body, content_type)
    if not {"segment", "event"} <= parts.keys():
        raise InvalidPayload("the form needs the parts 'segment' and 'event'")
    summary = _json(parts["event"], "event")
    records = _json(_inflate(parts["segment"]), "segment").get("records")
    if not isinstance(records, list) or len(records) != summary.get("records_count"):
        raise InvalidPayload("'records' of the segment are not as many as 'records_count' of the event says")
    for member in ("session", "view", "application"):
        if not (summary.get(member) or {}).get("id"):
            raise InvalidPayload(f"'{member}.id' is required in the event")
    start = summary.get("start")
    time = start / 1000 if isinstance(start, int | float) and not isinstance(start, bool) else now
    return Event(time, TRACK, {"service": "", "tags": [], "attributes": {**summary, "records": records}})


def session(segments: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the records of a session's segments in their order, with a count by type."""
    records = [record for segment in segments for record in segment["records"]]
    records.sort(key=lambda record: record.get("timestamp") or 0)
    counts = Counter(RECORD_TYPES.get(record.get("type"), f"type {record.get('type')}") for record in records)
    return {"records": records, "counts": dict(sorted(counts.items()))}


def _parts(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the parts of a form (RFC 7578) by name."""
    boundary = BOUNDARY.search(content_type)
    if "multipart/form-data" not in content_type or boundary is None:
        raise InvalidPayload("the body must be multipart/form-data")
    parts = {}
    for part in body.split(b"--" + boundary[1].encode()):
        head, blank, content = part.partition(b"\r\n\r\n")
        name = NAME.search(head)
        if blank and name:
            parts[name[1].decode()] = content.removesuffix(b"\r\n")
    return parts


def _inflate(content: bytes) -> bytes:
    """Return what the SDK compressed. Its worker ends a segment with a flush, so the stream may have no end."""
    try:
        return zlib.decompressobj().decompress(content, MAX_BYTES)
    except zlib.error as error:
        raise InvalidPayload(f"segment: not zlib: {error}") from error


def _json(content: bytes, part: str) -> dict[str, Any]:
    try:
        value = parse_json(content)
    except ValueError as error:
        raise InvalidPayload(f"{part}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidPayload(f"{part}: not a JSON object")
    return value
