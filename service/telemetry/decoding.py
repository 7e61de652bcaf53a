"""Readings of a text: what it shows to a reader once encodings and look-alike characters are undone.

Each character of a reading knows its place in the original, so that what is found in a reading is replaced there.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e\u200e\u200f")
DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)|\\+u(?P<unicode>[0-9A-Fa-f]{4})|\\+x(?P<byte>[0-9A-Fa-f]{2})"
    r"|&(?P<entity>#\d{1,6}|#[xX][0-9A-Fa-f]{1,6}|quot|amp|lt|gt|apos|colon|equals|commat|nbsp|period|num|sol);"
)
MAX_DEPTH = 3
"""Encodings within each other that are undone."""


@dataclass(frozen=True)
class Reading:
    """A text, and for each of its characters the start and end of what stands for it in the original."""

    text: str
    places: tuple[tuple[int, int], ...] | None = None
    """None: each character stands at its own place."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a part, which is not empty."""
        return (start, end) if self.places is None else (self.places[start][0], self.places[end - 1][1])


def readings(text: str) -> Iterator[Reading]:
    """Yield the text with usual characters, then decoded, then with plus signs for blanks, as far as they differ."""
    last = _fold(text)
    yield last
    for _ in range(MAX_DEPTH):
        decoded = _replace(last, ESCAPE, _decoded) if ESCAPE.search(last.text) else last
        if decoded.text == last.text:
            break
        last = decoded
        yield last
    if "+" in last.text and ("=" in last.text or last.places is not None):
        yield Reading(last.text.replace("+", " "), last.places)


def _fold(text: str) -> Reading:
    """Return the text with ASCII in the place of full-width characters, other blanks, dashes and digits."""
    if text.isascii():
        return Reading(text)
    characters, places = [], []
    for place, character in enumerate(text):
        if character not in INVISIBLE:
            characters.append(_plain(character))
            places.append((place, place + 1))
    return Reading("".join(characters), tuple(places))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character in DASHES:
        return "-"
    if unicodedata.category(character) == "Zs":
        return " "
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _decoded(match: re.Match[str]) -> str:
    if match["percent"]:
        return bytes.fromhex(match["percent"].replace("%", "")).decode(errors="replace")
    if code := match["unicode"] or match["byte"]:
        return chr(int(code, 16))
    return html.unescape(match[0])


def _replace(reading: Reading, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> Reading:
    """Return a reading with each match replaced; all characters of a replacement stand at the match's place."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    end = 0

    def keep(until: int) -> None:
        characters.append(reading.text[end:until])
        places.extend(reading.span(place, place + 1) for place in range(end, until))

    for match in pattern.finditer(reading.text):
        keep(match.start())
        decoded = replacement(match)
        characters.append(decoded)
        places.extend([reading.span(*match.span())] * len(decoded))
        end = match.end()
    keep(len(reading.text))
    return Reading("".join(characters), tuple(places))
