"""What is private in a text, replaced by its kind: one redactor for everything that leaves the process.

It fails closed: when it raises, the whole text is dropped and counted. Prompts and answers never leave at all
(:mod:`service.privacy`); this is for what may leave: error texts, reasons, titles, URLs, tags, log fields.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

DROPPED = "[dropped]"
LONGEST = 16_000
"""Characters that are looked at; a longer text is dropped whole."""
PLAIN = frozenset({"commit_sha", "commit"})
"""Members that hold what looks like a key and is none."""
BY_NAME = frozenset({"password", "name"})
"""Kinds that only the name before them tells."""
HELD_BACK = 256
"""Characters that a stream keeps until it knows that no secret is being split over two of its pieces."""


def _luhn(digits: str) -> bool:
    """Whether a card number's check digit is right."""
    total = 0
    for place, digit in enumerate(reversed([int(one) for one in digits])):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _card(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match[0])
    if digits[0] == "1" and len(digits) != 15:
        # Times in milliseconds to nanoseconds; of issuers only UATP begins so, with 15 digits (ISO/IEC 7812-1).
        return False
    return 12 <= len(digits) <= 19 and len(set(digits)) > 1 and _luhn(digits)


def _iban(match: re.Match[str]) -> bool:
    text = re.sub(r"\s", "", match[0]).upper()
    if not 15 <= len(text) <= 34:
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _phone(match: re.Match[str]) -> bool:
    return 9 <= len(re.sub(r"\D", "", match[0].partition("x")[0])) <= 15


def _always(_: re.Match[str]) -> bool:
    return True


_IBAN_LENGTHS = {15: "NO", 16: "BE", 18: "DK FI NL", 19: "SI", 20: "AT EE LT LU", 21: "CH LV HR", 22: "BG DE GB IE",
                 24: "CZ ES RO SE SK", 25: "PT", 26: "IS TR", 27: "FR GR IT", 28: "AL CY HU PL", 29: "BR",
                 31: "MT"}  # fmt: skip
_IBANS = "|".join(
    rf"(?:{'|'.join(countries.split())})\d\d(?: ?[A-Z0-9]){{{length - 4}}}"
    for length, countries in _IBAN_LENGTHS.items()
)
"""By country, since the words after a number written in groups look like more of it."""

_WORD = r"[A-Z\u00c0-\u00de][\w.'\u2019\u00c0-\u024f-]*"
_PARTICLES = r"(?:d[aeiou]|de[lnrs]|della|dos|l[ae]|v[ao]n|zu[mr]?)"

Rule = tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool]]

RULES: tuple[Rule, ...] = (
    ("private_key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S),
     _always),
    ("jwt", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), _always),
    ("token", re.compile(
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bya29\.[\w.-]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}"
        r"|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"
        r"|\bsk-[\w-]{16,}|\bnpm_[A-Za-z0-9]{20,}|\bpypi-[\w-]{16,}|\bdd[ap]p?_[A-Za-z0-9]{20,}|\bSG\.[\w-]{10,}\.[\w-]{10,}"
        r"|\bhf_[A-Za-z0-9]{20,}"), _always),
    ("authorization", re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"), _always),
    ("password", re.compile(
        r"(?i)\b(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|app[_-]?key|access[_-]?key|client[_-]?secret)"
        r"[\"']?\s*(?:=|:|\bis\b)\s*[\"']?[^\s\"',;&}]{4,}"), _always),
    ("userinfo", re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"), _always),
    ("email", re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+"), _always),
    ("iban", re.compile(rf"\b(?:{_IBANS})(?![A-Za-z0-9])"), _iban),
    ("card", re.compile(
        # Twelve digits are a card of Maestro only.
        r"(?<![\w.])(?:\d(?:[ -]?\d){12,18}|(?:0604|50(?:18|20|38)|5[678]\d\d|6304|6390|6759|676[123])\d{8})(?!\w)"),
     _card),
    ("ssn", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), _always),
    ("phone", re.compile(
        r"(?<![\w.])(?:\+|00)\d[\d ()./-]{7,18}\d(?:x\d{1,6})?(?!\w)"
        r"|(?<![\w.+])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?:x\d{1,6})?(?!\w)"), _phone),
    ("name", re.compile(
        r"(?i)\b(?:(?:first|last|full|family|given|sur|contact)[ _-]?name|(?:customer|client|patient)(?:[ _-]?name)?"
        rf"|surname)[\"']?\s*[:=]\s*[\"']?(?-i:{_WORD}(?: (?:{_PARTICLES} ){{0,2}}{_WORD}){{0,5}})"), _always),
    ("key", re.compile(r"(?<![\w-])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)(?:[0-9a-f]{40}|[0-9a-f]{64})(?![\w-])"), _always),
)  # fmt: skip
"""Kind, where it may be, and whether it really is; in this order, since one may stand within another."""


class Redactor:
    """The rules, and how often they failed. Safe for threads: ``on_drop`` is told of each text that was dropped."""

    def __init__(self, rules: tuple[Rule, ...] = RULES, on_drop: Callable[[], None] = lambda: None) -> None:
        self._rules = rules
        self.on_drop = on_drop

    def text(self, given: str) -> str:
        """The text without what is private; never raises."""
        try:
            if len(given) > LONGEST:
                self.on_drop()
                return DROPPED
            given = self._applied(given)
            # In a URL, percent and plus signs hide where a secret begins and ends; in a path, a plus is one.
            if "%" in given or "?" in given:
                for decoded in (unquote(given), unquote_plus(given)):
                    cleaned = self._applied(decoded)
                    if cleaned != decoded:
                        # Once more, since the other reading may show another one.
                        return self._applied(unquote_plus(cleaned))
        except Exception:  # noqa: BLE001 - fails closed: whatever goes wrong, the content does not leave
            self.on_drop()
            return DROPPED
        return given

    def _applied(self, given: str) -> str:
        for kind, pattern, holds in self._rules:
            given = pattern.sub(_replacing(kind, holds), given)
        return given

    def found(self, given: str) -> Iterator[tuple[str, str]]:
        """Kind and text of each thing that is private, of the first :data:`LONGEST` characters."""
        for kind, pattern, holds in self._rules:
            yield from ((kind, match[0]) for match in pattern.finditer(given[:LONGEST]) if holds(match))

    def value(self, given: Any) -> Any:
        """The same for what a JSON value holds, keys included."""
        if isinstance(given, str):
            return self.text(given)
        if isinstance(given, Mapping):
            return {self.text(str(key)): self._member(str(key), inner) for key, inner in given.items()}
        if isinstance(given, list | tuple):
            return [self.value(inner) for inner in given]
        return given

    def _member(self, key: str, given: Any) -> Any:
        """The value of a member, which its name may make private: ``password``, ``last_name``."""
        if key in PLAIN:
            return given
        if isinstance(given, str) and len(given) <= LONGEST:
            for kind, pattern, _ in self._rules:
                if kind in BY_NAME and pattern.match(f"{key}: {given}"):
                    return f"[{kind}]"
        return self.value(given)

    def stream(self, pieces: Iterator[str]) -> Iterator[str]:
        """The same for a text that comes in pieces: its end is held back until it is clear that nothing is split."""
        held = ""
        for piece in pieces:
            held += piece
            if len(held) > 2 * HELD_BACK:
                cut = max(held.rfind(" ", 0, len(held) - HELD_BACK), 0)
                shown = self.text(held)
                # What is the same up to there with and without its rest does not hang on the rest.
                if cut and shown.startswith(self.text(held[:cut])):
                    yield self.text(held[:cut])
                    held = held[cut:]
        yield self.text(held)


def _replacing(kind: str, holds: Callable[[re.Match[str]], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: f"[{kind}]" if holds(match) else match[0]


redactor = Redactor()
"""The process's redactor. ``on_drop`` is set by the application: drops are a metric."""
