"""Dates in logs: the date remapper's formats, and Java patterns of grok's ``date`` matcher.

Dates without a zone are UTC. Results are epoch milliseconds.
"""

import re
from calendar import month_abbr, month_name
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.parser import isoparse

# Hours from UTC of the abbreviations that Java's "z" reads and that mean one thing only in logs.
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "JST": 9, "AEST": 10, "AEDT": 11, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
RFC_3164 = "MMM d HH:mm:ss"


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def parse_log_date(value: Any) -> int | None:
    """What the date remapper reads: epoch milliseconds, ISO 8601 or RFC 3164; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    if not isinstance(value, str):
        return None
    if value.isdigit():
        return int(value)
    try:
        return milliseconds(isoparse(value.replace(" ", "T", 1)))
    except ValueError:
        spaces = re.sub(r"\s+", " ", value.strip())
        return java_date(RFC_3164).parse(spaces)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """A zone of grok's date matcher: ``Europe/Paris``, ``UTC+5``, ``+3``, ``+05:30``. Raises ValueError."""
    offset = re.fullmatch(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?", name.strip())
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    if name.upper() in ABBREVIATIONS:
        return timezone(timedelta(hours=ABBREVIATIONS[name.upper()]))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


MONTHS = {name.lower(): number for names in (month_abbr, month_name) for number, name in enumerate(names) if name}
FIELDS = {
    "y": r"\d{4}", "M": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "h": r"\d{1,2}", "k": r"\d{1,2}", "K": r"\d{1,2}",
    "m": r"\d{1,2}", "s": r"\d{1,2}", "S": r"\d{1,9}", "a": r"[AaPp]\.?[Mm]\.?", "E": r"[A-Za-z]+\.?",
    "z": r"[A-Za-z]+(?:/[A-Za-z_]+)*|[+-]\d{2}:?\d{2}", "Z": r"Z|[+-]\d{2}:?\d{2}", "X": r"Z|[+-]\d{2}:?(?:\d{2})?",
}  # fmt: skip


@dataclass(frozen=True)
class JavaDate:
    """A pattern such as ``dd/MMM/yyyy:HH:mm:ss Z``: ``regex`` (no groups) recognises it, ``parse`` reads it."""

    regex: str
    groups: re.Pattern[str]
    fields: tuple[str, ...]
    default_zone: tzinfo

    def parse(self, text: str) -> int | None:
        """Epoch milliseconds, None for a text that is no such date. A time alone is of 1970-01-01."""
        match = self.groups.fullmatch(text)
        if not match:
            return None
        found = dict(zip(self.fields, match.groups(), strict=True))
        try:
            return milliseconds(self._moment(found))
        except ValueError:
            return None

    def _moment(self, found: dict[str, str]) -> datetime:
        month = found.get("M", "1")
        dated = "M" in found or "d" in found
        year = int(found.get("y") or (datetime.now(UTC).year if dated else 1970))
        hour = int(found.get("H") or found.get("k") or found.get("h") or found.get("K") or 0) % 24
        if "a" in found:
            hour = hour % 12 + (12 if found["a"].lower().startswith("p") else 0)
        named = found.get("z") or found.get("Z") or found.get("X")
        return datetime(
            year + (2000 if year < 70 else 1900) if year < 100 else year,
            MONTHS[month.lower()] if month.lower() in MONTHS else int(month),
            int(found.get("d", 1)),
            hour,
            int(found.get("m", 0)),
            int(found.get("s", 0)),
            int(found.get("S", "0")[:6].ljust(6, "0")),
            zone(named) if named else self.default_zone,
        )


@lru_cache(maxsize=512)
def java_date(pattern: str, zone_name: str = "UTC") -> JavaDate:
    """Compile a Java date pattern. Raises ValueError for a letter that is not supported."""
    source, fields = "", list[str]()
    for quoted, run, other in _tokens(pattern):
        if quoted:
            source += re.escape(quoted[1:-1].replace("''", "'") or "'")
        elif other:
            source += r"\s+" if other == " " else re.escape(other)
        else:
            letter = run[0]
            if letter not in FIELDS or letter in fields:
                raise ValueError(f"{run!r} in the date pattern {pattern!r} is not supported")
            fields.append(letter)
            source += f"({_field(run)})"
    ungrouped = re.sub(r"(?<!\\)\((?!\?)", "(?:", source)
    return JavaDate(ungrouped, re.compile(source, re.IGNORECASE), tuple(fields), zone(zone_name))


TOKEN = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<run>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>.)", re.DOTALL)


def _tokens(pattern: str) -> list[tuple[str, str, str]]:
    found = TOKEN.finditer(pattern)
    return [(match["quoted"] or "", match["run"] or "", match["other"] or "") for match in found]


def _field(run: str) -> str:
    if run[0] == "M" and len(run) >= 3:
        return r"[A-Za-z]+\.?"
    if run[0] == "y" and len(run) == 2:
        return r"\d{2}"
    if run[0] in "MdHhmsk" and len(run) == 2:
        return r"\d{2}"
    return FIELDS[run[0]]
