"""The redactor of everything that leaves the process: private data in a text is replaced by its kind.

It fails closed: when a rule raises, the whole text is dropped and counted. Prompts and answers never leave at all
(:mod:`service.telemetry.privacy`); this is for what may leave: error texts, reasons, titles, URLs, tags, log fields.
The rules are in :mod:`service.telemetry.rules`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from service.telemetry.decoding import readings
from service.telemetry.rules import named_secrets, numbers, people, tokens
from service.telemetry.rules.named_secrets import is_plausible, is_secret_name
from service.telemetry.rules.rule import HIDDEN, Rule, value_span

DROPPED = "[dropped]"
MAX_CHARACTERS = 16_000
"""A longer text is dropped whole."""
_ID, _HASH = re.compile(r"\d{1,20}|[0-9a-f]{32}"), re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGIT = re.compile(r"\d")
IDS = {
    **dict.fromkeys(("dd.trace_id", "dd.span_id", "trace_id", "span_id", "parent_id"), _ID),
    **dict.fromkeys(("commit", "commit_sha", "git.commit.sha"), _HASH),
}
"""Members whose values only look like private numbers, with the form that they must have."""
SIGNS: dict[str, Callable[[str], object]] = {
    "password": named_secrets.may_name_secret,
    **{
        kind: re.compile(pattern).search
        for kind, pattern in {
            "private_key": "BEGIN|PuTTY",
            "jwt": "eyJ|ZXlK",
            "webhook": r"hook|bot\d|ifttt|googleapis",
            "token": r"[\w+/=.~:|$-]{15}",
            "authorization": "(?i)auth|bearer|basic|ssws",
            "cookie": "(?i)cookie",
            "userinfo": "@",
            "signature": "[?&;][^=]*=",
            "login": r"(?i)[ \t]-|^-|login|user|account|requirepass|auth",
            "name": "(?i)name|customer|client|patient|holder|apellido|cognome|nazwisko|naam|pr[ée]nom",
            "email": r"@|(?i:\bat\b|[(\[{<] ?at)",
            "card": r"(?:\d\D{0,3}){12}",
            "iban": r"\d\D?\d(?:[^\w]{0,2}\w){11}",
            "national_id": r"(?:\d\D{0,9}){3}",
            "phone": r"(?:\d\D{0,4}){6}",
            "code": r"\d{3}",
            "birth_date": r"\d[./-]\d",
        }.items()
    },
}
"""What a text has where it holds something of a kind: a quick search, since most texts hold nothing."""
NUMBERS = frozenset({"card", "iban", "national_id", "phone", "code", "birth_date"})
"""Kinds that consist of digits, for the most part."""
MAX_CLEAN, MAX_CLEAN_CHARACTERS = 5000, 100
"""Short texts that were clean, and are not searched again: names, versions, outcomes."""
KINDS_BY_NAME = frozenset({"name", "birth_date", "national_id", "phone", "code"})
"""Kinds that the name before a value announces."""
RULES: tuple[Rule, ...] = (*tokens.RULES, *named_secrets.RULES, *people.RULES, *numbers.RULES)
"""The order matters: what one rule has found is hidden from those after it."""


def find_private(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of all private data in the first :data:`MAX_CHARACTERS` characters."""
    text = text[:MAX_CHARACTERS]
    for start, end, kind in _spans(text, RULES):
        yield kind, text[start:end]


class Redactor:
    """The rules. Safe for threads. ``on_drop`` is called for each text that is dropped."""

    def __init__(self, on_drop: Callable[[], None] = lambda: None, rules: tuple[Rule, ...] = RULES) -> None:
        self._on_drop = on_drop
        self._rules = rules
        self._rules_by_name = [rule for rule in rules if rule[0] in KINDS_BY_NAME]
        self._clean: set[str] = set()
        self._clean_members: set[tuple[str, str]] = set()

    def redact(self, text: str) -> str:
        """Return the text without private data. Never raises."""
        if text in self._clean:
            return text
        try:
            if len(text) <= MAX_CHARACTERS:
                redacted = _replaced(text, _spans(text, self._rules))
                if redacted == text and len(text) <= MAX_CLEAN_CHARACTERS and len(self._clean) < MAX_CLEAN:
                    self._clean.add(text)
                return redacted
        except Exception:  # noqa: BLE001 - fails closed: whatever goes wrong, the content does not leave
            self._on_drop()
            return DROPPED
        self._on_drop()
        return DROPPED

    def redact_json(self, value: Any) -> Any:
        """Return a JSON value with all its texts redacted, keys included."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self._redact_member(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_json(inner) for inner in value]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**11:
            text = self.redact(str(value))
            return value if text == str(value) else text
        return value

    def _redact_member(self, key: str, value: Any) -> Any:
        """Return the value of a member, which its name may make private: ``password``, ``last_name``."""
        if not isinstance(value, str):
            return value if key in IDS and IDS[key].fullmatch(str(value)) else self.redact_json(value)
        if (key, value) in self._clean_members or (key in IDS and IDS[key].fullmatch(value)):
            return value
        redacted = self._redact_text_of(key, value)
        if redacted == value and len(key) + len(value) <= MAX_CLEAN_CHARACTERS and len(self._clean_members) < MAX_CLEAN:
            self._clean_members.add((key, value))
        return redacted

    def _redact_text_of(self, key: str, value: str) -> str:
        """Return the text of a member."""
        if value and is_secret_name(key) and is_plausible(value):
            return "[password]"
        if value and len(value) <= MAX_CHARACTERS:
            for kind, pattern, is_private in self._rules_by_name:
                match = pattern.match(f"{key}: {value}")
                if match and is_private(match):
                    return f"[{kind}]"
        return self.redact(value)


def _spans(text: str, rules: tuple[Rule, ...]) -> list[tuple[int, int, str]]:
    """Return start, end and kind of all private data in a text, in order and without overlaps."""
    spans: list[tuple[int, int, str]] = []
    for reading in readings(text):
        shown, absent = reading.text, _absent(reading.text)
        for kind, pattern, is_private in rules:
            if kind in absent:
                continue
            for start, end in list(_found(shown, pattern, is_private)):
                spans.append((*reading.span(start, end), kind))
                shown = f"{shown[:start]}{HIDDEN * (end - start)}{shown[end:]}"
    return _merged(spans)


def _absent(text: str) -> set[str]:
    """Return the kinds of which a text has no sign, nor will have when something in it is hidden."""
    numbers = set() if _DIGIT.search(text) else NUMBERS
    return {kind for kind, sign in SIGNS.items() if kind in numbers or not sign(text)}


def _found(
    text: str, pattern: re.Pattern[str], is_private: Callable[[re.Match[str]], bool]
) -> Iterator[tuple[int, int]]:
    """Yield the places of a rule's matches. What is rejected may hold another match in its value."""
    place = 0
    while match := pattern.search(text, place):
        start, end = value_span(match)
        if is_private(match):
            yield start, end
            place = max(match.end(), place + 1)
        else:
            place = start if start > match.start() else max(match.end(), place + 1)


def _merged(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, kind))
    return merged


def _replaced(text: str, spans: list[tuple[int, int, str]]) -> str:
    parts, end = [], 0
    for start, span_end, kind in spans:
        parts += [text[end:start], f"[{kind}]"]
        end = span_end
    return "".join([*parts, text[end:]])
