"""The DogStatsD protocol, versions 1.0 to 1.3: parses a datagram into samples, events and service checks.

https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SampleType = Literal["c", "g", "h", "ms", "d", "s"]
TYPES: dict[str, SampleType] = {"c": "c", "g": "g", "h": "h", "ms": "ms", "d": "d", "s": "s"}
MIN_RATE = 1e-4
"""Lowest sample rate: a value of a distribution is stored 1 / rate times."""
PRIORITIES = {"normal", "low"}
ALERT_TYPES = {"error", "warning", "info", "success"}


class MalformedMessage(ValueError):
    """A line that is not a DogStatsD message; the text is the reason."""


@dataclass(frozen=True)
class Sample:
    """A metric message. ``values`` are numbers, or the members of a set."""

    name: str
    type: SampleType
    values: tuple[float, ...] | tuple[str, ...]
    rate: float
    tags: frozenset[str]
    timestamp: float | None = None


@dataclass(frozen=True)
class ServiceCheckMessage:
    """A service check with the status 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN."""

    name: str
    status: int
    tags: frozenset[str]
    message: str = ""
    host: str = ""
    timestamp: float | None = None


@dataclass(frozen=True)
class EventMessage:
    """An event for the event stream."""

    title: str
    text: str
    tags: frozenset[str]
    alert_type: str = "info"
    priority: str = "normal"
    host: str = ""
    aggregation_key: str = ""
    source: str = ""
    timestamp: float | None = None


Message = Sample | ServiceCheckMessage | EventMessage


def parse_packet(packet: bytes) -> tuple[list[Message], list[str]]:
    """Return the messages of a datagram, one for each line, and an error for each malformed line."""
    messages: list[Message] = []
    errors: list[str] = []
    for line in packet.split(b"\n"):
        if line.strip():
            try:
                messages.append(parse_line(line))
            except MalformedMessage as error:
                errors.append(f"{error}: {line[:80]!r}")
    return messages, errors


def parse_line(line: bytes) -> Message:
    """Parse a message. Raises :class:`MalformedMessage`."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("not UTF-8") from error
    if text.startswith("_e{"):
        return _event(line)
    if text.startswith("_sc|"):
        return _check(text)
    return _sample(text)


def _sample(text: str) -> Sample:
    head, *sections = text.split("|")
    name, colon, value = head.partition(":")
    if not colon or not name or not value or not sections:
        raise MalformedMessage("a metric is name:value|type")
    type_ = TYPES.get(sections[0])
    if type_ is None:
        raise MalformedMessage(f"unknown metric type {sections[0]!r}")
    rate, timestamp = 1.0, None
    for section in sections[1:]:
        if section.startswith("@"):
            rate = _number(section[1:], "sample rate")
            if not MIN_RATE <= rate <= 1:
                raise MalformedMessage(f"a sample rate is from {MIN_RATE:g} to 1, not {rate:g}")
        elif section.startswith("T"):
            if type_ not in ("c", "g"):
                raise MalformedMessage("only counts and gauges may carry a timestamp")
            timestamp = _number(section[1:], "timestamp")
    values = value.split(":")
    parsed = tuple(values) if type_ == "s" else tuple(_number(value, "value") for value in values)
    return Sample(_metric_name(name), type_, parsed, rate, _tags(sections[1:]), timestamp)


def _check(text: str) -> ServiceCheckMessage:
    body, _, message = text.partition("|m:")
    _, *sections = body.split("|")
    if len(sections) < 2 or not sections[0] or sections[1] not in ("0", "1", "2", "3"):
        raise MalformedMessage("a service check is _sc|name|status, with a status from 0 to 3")
    fields = _fields(sections[2:])
    return ServiceCheckMessage(
        sections[0], int(sections[1]), _tags(sections[2:]), message.replace("\\n", "\n"), fields.get("h", ""),
        _number(fields["d"], "timestamp") if "d" in fields else None,
    )  # fmt: skip


def _event(line: bytes) -> EventMessage:
    """Parse an event. The lengths in its header count bytes, so title and text may contain any character."""
    header = re.match(rb"_e\{(\d{1,6}),(\d{1,6})\}:", line)
    if header is None:
        raise MalformedMessage("an event is _e{length,length}:title|text")
    rest, title_end = line[header.end() :], int(header[1])
    text_end = title_end + 1 + int(header[2])
    if (
        rest[title_end : title_end + 1] != b"|"
        or len(rest) < text_end
        or rest[text_end : text_end + 1] not in (b"", b"|")
    ):
        raise MalformedMessage("an event's lengths do not fit its text")
    try:
        title, text = rest[:title_end].decode(), rest[title_end + 1 : text_end].decode()
        sections = rest[text_end + 1 :].decode().split("|")
    except UnicodeDecodeError as error:
        raise MalformedMessage("an event's lengths cut a character in two") from error
    fields = _fields(sections)
    return EventMessage(
        title.replace("\\n", "\n"),
        text.replace("\\n", "\n"),
        _tags(sections),
        alert_type=fields["t"] if fields.get("t") in ALERT_TYPES else "info",
        priority=fields["p"] if fields.get("p") in PRIORITIES else "normal",
        host=fields.get("h", ""),
        aggregation_key=fields.get("k", ""),
        source=fields.get("s", ""),
        timestamp=_number(fields["d"], "timestamp") if "d" in fields else None,
    )


def _fields(sections: Iterable[str]) -> dict[str, str]:
    return {section[0]: section[2:] for section in sections if section[1:2] == ":" and section[0] != "#"}


def _tags(sections: Iterable[str]) -> frozenset[str]:
    """Return the tags of the ``#`` section. Container id, external data and cardinality have no effect here."""
    tag_sections = (section[1:].split(",") for section in sections if section.startswith("#"))
    return frozenset(tag for tags in tag_sections for tag in tags if tag)


def _number(text: str, field: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise MalformedMessage(f"{field} {text!r} is not a number") from error
    if not math.isfinite(number):
        raise MalformedMessage(f"{field} {text!r} is not finite")
    return number


def _metric_name(name: str) -> str:
    """Normalize a metric's name: letters, digits, underscores and dots, from the first letter, up to 200 characters."""
    kept = re.sub(r"^[^A-Za-z]+", "", re.sub(r"[^A-Za-z0-9_.]", "_", name))[:200]
    if not kept:
        raise MalformedMessage("a metric's name starts with a letter")
    return kept
