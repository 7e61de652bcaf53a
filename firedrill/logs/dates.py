"""Dates in logs: formats of the date remapper, and Java patterns of grok's ``date`` matcher.

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

# Hours from UTC of the unambiguous abbreviations that Java's "z" reads.
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "JST": 9, "AEST": 10, "AEDT": 11, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
RFC_3164 = "MMM d HH:mm:ss"


def milliseconds(moment: datetime) -> int:
    """Return epoch milliseconds; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def parse_log_date(value: Any) -> int | None:
    """Return epoch milliseconds of a date as the remapper reads it; None for any other value.

    The remapper reads epoch milliseconds, ISO 8601 and RFC 3164.
    """
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
    """Return a zone of grok's date matcher: ``Europe/Paris``, ``UTC+5``, ``+3``, ``+05:30``. Raises ValueError."""
    offset = re.fullmatch(r"(?:UTC|GMT|UT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?(?::?\d{2})?", name.strip())
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
    "m": r"\d{1,2}", "s": r"\d{1,2}", "S": r"\d{1,9}", "a": r"[AaPp]\.?[Mm]\.?", "E": r"[A-Za-z]+\.?", "D": r"\d{1,3}",
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
        """Return epoch milliseconds; None for a text that does not match. A time without date is on 1970-01-01."""
        match = self.groups.fullmatch(text)
        if not match:
            return None
        fields = dict(zip(self.fields, match.groups(), strict=True))
        try:
            return milliseconds(self._moment(fields))
        except ValueError:
            return None

    def _moment(self, fields: dict[str, str]) -> datetime:
        if "y" in fields or not {"M", "d", "D"}.intersection(fields):
            return self._in_year(fields, int(fields.get("y") or 1970))
        # Without a year, a date lies within half a year of now. Recordings of a clock at the start of 1970 have dates
        # of October to December in 1970 and of January to June in 1971.
        now = datetime.now(UTC)
        moments = [moment for year in range(now.year - 1, now.year + 2) if (moment := self._or_none(fields, year))]
        if not moments:
            raise ValueError("no such day")
        return min(moments, key=lambda moment: abs(moment - now))

    def _or_none(self, fields: dict[str, str], year: int) -> datetime | None:
        """Return the moment in a year, or None where that year has no such day."""
        try:
            return self._in_year(fields, year)
        except ValueError:
            return None

    def _in_year(self, fields: dict[str, str], year: int) -> datetime:
        if "D" in fields and "M" in fields:
            raise ValueError("a day of the year and a month")
        month = fields.get("M", "1")
        hour = int(fields.get("H") or fields.get("k") or fields.get("h") or fields.get("K") or 0) % 24
        if "a" in fields:
            hour = hour % 12 + (12 if fields["a"].lower().startswith("p") else 0)
        # Where both are there ("z Z"), the number is exact and the name is not.
        named = fields.get("Z") or fields.get("X") or fields.get("z")
        return timedelta(days=int(fields.get("D", 1)) - 1) + datetime(
            year + (2000 if year < 70 else 1900) if year < 100 else year,
            MONTHS[month.lower()] if month.lower() in MONTHS else int(month),
            int(fields.get("d", 1)),
            hour,
            int(fields.get("m", 0)),
            int(fields.get("s", 0)),
            int(fields.get("S", "0")[:6].ljust(6, "0")),
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
    matches = TOKEN.finditer(pattern)
    return [(match["quoted"] or "", match["run"] or "", match["other"] or "") for match in matches]


def _field(run: str) -> str:
    if run[0] == "M" and len(run) >= 3:
        return r"[A-Za-z]+\.?"
    if run[0] == "Z" and len(run) == 3:
        return FIELDS["z"]
    if run[0] == "S":
        return rf"\d{{1,{len(run)}}}"
    if run[0] == "y" and len(run) == 2:
        return r"\d{2}"
    if run[0] in "MdHhmsk" and len(run) == 2:
        return r"\d{2}"
    return FIELDS[run[0]]
