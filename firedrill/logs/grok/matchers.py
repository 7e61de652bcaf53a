"""Grok's matchers: the texts that each matches, and the type of the extracted value."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firedrill.logs.dates import java_date
from firedrill.logs.event import PipelineError, int_if_whole
from firedrill.logs.grok.expression import Function

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
EXPONENT = r"(?:[eE][+-]?\d+)?"
OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4 = rf"(?<!\d){OCTET}(?:\.{OCTET}){{3}}(?!\d)"
HEX = r"[0-9A-Fa-f]{1,4}"
IPV6 = (
    rf"(?:(?:{HEX}:){{7}}{HEX}|(?:{HEX}:){{1,7}}:|(?:{HEX}:){{1,6}}:{HEX}|(?:{HEX}:){{1,5}}(?::{HEX}){{1,2}}"
    rf"|(?:{HEX}:){{1,4}}(?::{HEX}){{1,3}}|(?:{HEX}:){{1,3}}(?::{HEX}){{1,4}}|(?:{HEX}:){{1,2}}(?::{HEX}){{1,5}}"
    rf"|{HEX}:(?::{HEX}){{1,6}}|::(?:{HEX}:){{0,6}}{HEX}|::)"
)
LABEL = r"[0-9A-Za-z][0-9A-Za-z_-]{0,62}"
HOSTNAME = rf"\b{LABEL}(?:\.{LABEL})*\.?"
QUOTED = r"\"[^\"]*\"|'[^']*'"

# Matchers whose value is the text itself: that of a quoted string, too, keeps its quotes in recorded results.
TEXTS = {
    "notSpace": r"\S+",
    "word": r"\b\w+\b",
    "data": r"(?s:.*?)",
    "greedyData": r"(?s:.*)",
    "numberStr": NUMBER,
    "numberExtStr": NUMBER + EXPONENT,
    "integerStr": r"[+-]?\d+",
    "integerExtStr": r"[+-]?\d+" + EXPONENT,
    "uuid": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "mac": r"(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}|[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}",
    "ipv4": IPV4,
    "ipv6": IPV6,
    "ip": rf"{IPV6}|{IPV4}",
    "hostname": HOSTNAME,
    "ipOrHost": rf"{IPV6}|{IPV4}|{HOSTNAME}",
    "doubleQuotedString": r"\"[^\"]*\"",
    "singleQuotedString": r"'[^']*'",
    "quotedString": QUOTED,
    "port": r"(?:6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})(?!\d)",
}
NUMBERS = {
    "number": NUMBER,
    "numberExt": NUMBER + EXPONENT,
    "integer": r"[+-]?\d+",
    "integerExt": r"[+-]?\d+" + EXPONENT,
}


@dataclass(frozen=True)
class Matcher:
    """A regular expression without groups of its own, and the conversion of its text to a value (None: no value)."""

    regex: str
    value: Callable[[str], Any]


def find_matcher(function: Function) -> Matcher | None:
    """Return the matcher of that name; None if Datadog has none (the name may be a helper rule's)."""
    name = function.name
    if name in TEXTS:
        return Matcher(TEXTS[name], str)
    if name in NUMBERS:
        return Matcher(NUMBERS[name], lambda text: int_if_whole(float(text)))
    if name == "regex":
        return Matcher(function.text(0), str)
    if name == "boolean":
        true, false = function.text(0, "(?i:true)"), function.text(1, "(?i:false)")
        return Matcher(f"{true}|{false}", lambda text: re.fullmatch(true, text) is not None)
    if name == "date":
        try:
            date = java_date(function.text(0), function.text(1, "UTC"))
        except ValueError as error:
            raise PipelineError(str(error)) from error
        return Matcher(f"(?i:{date.regex})", date.parse)
    return None
