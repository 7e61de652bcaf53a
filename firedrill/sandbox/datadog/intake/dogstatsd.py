"""The DogStatsD protocol, versions 1.0 to 1.3: one datagram to samples, events and service checks.

https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SampleType = Literal["c", "g", "h", "ms", "d", "s"]
TYPES: dict[str, SampleType] = {"c": "c", "g": "g", "h": "h", "ms": "ms", "d": "d", "s": "s"}
LOWEST_RATE = 1e-4
"""The store keeps each raw value of a distribution, a sampled one 1 / rate times: this bounds how often."""
PRIORITIES = {"normal", "low"}
ALERT_TYPES = {"error", "warning", "info", "success"}


class Malformed(ValueError):
    """A line that is no DogStatsD message; the text says why."""


@dataclass(frozen=True)
class Sample:
    """One metric message. ``values`` are numbers, or the members of a set."""

    name: str
    type: SampleType
    values: tuple[float, ...] | tuple[str, ...]
    rate: float
    tags: frozenset[str]
    timestamp: float | None = None


@dataclass(frozen=True)
class CheckStatus:
    """One service check: status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."""

    name: str
    status: int
    tags: frozenset[str]
    message: str = ""
    host: str = ""
    timestamp: float | None = None


@dataclass(frozen=True)
class PostedEvent:
    """One event of the event stream."""

    title: str
    text: str
    tags: frozenset[str]
    alert_type: str = "info"
    priority: str = "normal"
    host: str = ""
    aggregation_key: str = ""
    source: str = ""
    timestamp: float | None = None


Message = Sample | CheckStatus | PostedEvent


def parse_packet(packet: bytes) -> tuple[list[Message], list[str]]:
    """The messages of a datagram (one a line), and for each line that is none the reason."""
    messages: list[Message] = []
    faults: list[str] = []
    for line in packet.split(b"\n"):
        if line.strip():
            try:
                messages.append(parse_line(line))
            except Malformed as fault:
                faults.append(f"{fault}: {line[:80]!r}")
    return messages, faults


def parse_line(line: bytes) -> Message:
    """One message. Raises :class:`Malformed`."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    if text.startswith("_e{"):
        return _event(line)
    if text.startswith("_sc|"):
        return _check(text)
    return _sample(text)


def _sample(text: str) -> Sample:
    head, *sections = text.split("|")
    name, colon, value = head.partition(":")
    if not colon or not name or not value or not sections:
        raise Malformed("a metric is name:value|type")
    type_ = TYPES.get(sections[0])
    if type_ is None:
        raise Malformed(f"unknown metric type {sections[0]!r}")
    rate, timestamp = 1.0, None
    for section in sections[1:]:
        if section.startswith("@"):
            rate = _number(section[1:], "sample rate")
            if not LOWEST_RATE <= rate <= 1:
                raise Malformed(f"a sample rate is from {LOWEST_RATE:g} to 1, not {rate:g}")
        elif section.startswith("T"):
            if type_ not in ("c", "g"):
                raise Malformed("only counts and gauges may carry a timestamp")
            timestamp = _number(section[1:], "timestamp")
    values = value.split(":")
    parsed = tuple(values) if type_ == "s" else tuple(_number(one, "value") for one in values)
    return Sample(_metric_name(name), type_, parsed, rate, _tags(sections[1:]), timestamp)


def _check(text: str) -> CheckStatus:
    body, _, message = text.partition("|m:")
    _, *sections = body.split("|")
    if len(sections) < 2 or not sections[0] or sections[1] not in ("0", "1", "2", "3"):
        raise Malformed("a service check is _sc|name|status, with a status from 0 to 3")
    fields = _fields(sections[2:])
    return CheckStatus(
        sections[0], int(sections[1]), _tags(sections[2:]), message.replace("\\n", "\n"), fields.get("h", ""),
        _number(fields["d"], "timestamp") if "d" in fields else None,
    )  # fmt: skip


def _event(line: bytes) -> PostedEvent:
    """Lengths in the header count bytes, so that title and text may contain anything."""
    header = re.match(rb"_e\{(\d{1,6}),(\d{1,6})\}:", line)
    if header is None:
        raise Malformed("an event is _e{length,length}:title|text")
    rest, title_end = line[header.end() :], int(header[1])
    text_end = title_end + 1 + int(header[2])
    if (
        rest[title_end : title_end + 1] != b"|"
        or len(rest) < text_end
        or rest[text_end : text_end + 1] not in (b"", b"|")
    ):
        raise Malformed("an event's lengths do not fit its text")
    try:
        title, text = rest[:title_end].decode(), rest[title_end + 1 : text_end].decode()
        sections = rest[text_end + 1 :].decode().split("|")
    except UnicodeDecodeError as error:
        raise Malformed("an event's lengths cut a character in two") from error
    fields = _fields(sections)
    return PostedEvent(
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
    """The tags of the ``#`` section. Container id, external data and cardinality name a host's container: no effect."""
    found = (section[1:].split(",") for section in sections if section.startswith("#"))
    return frozenset(tag for tags in found for tag in tags if tag)


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise Malformed(f"{what} {text!r} is not a number") from error
    if not math.isfinite(number):
        raise Malformed(f"{what} {text!r} is not finite")
    return number


def _metric_name(name: str) -> str:
    """Datadog keeps letters, digits, underscores and dots, from the first letter on, 200 characters at most."""
    kept = re.sub(r"^[^A-Za-z]+", "", re.sub(r"[^A-Za-z0-9_.]", "_", name))[:200]
    if not kept:
        raise Malformed("a metric's name starts with a letter")
    return kept
