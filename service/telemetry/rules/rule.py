"""The type of a rule."""

import re
from collections.abc import Callable

HIDDEN = "\0"
"""The character that stands for what an earlier rule has found. No pattern may match it in a value."""

Rule = tuple[str, re.Pattern[str], Callable[[re.Match[str]], bool]]
"""Kind, pattern, and a check of each match. The group ``value``, where there is one, is what is private."""


def always(_: re.Match[str]) -> bool:
    """Return True."""
    return True


def value_of(match: re.Match[str]) -> str:
    """Return the private part of a match."""
    start, end = value_span(match)
    return match.string[start:end]


def value_span(match: re.Match[str]) -> tuple[int, int]:
    """Return the place of the private part: the group ``value``, or the whole match."""
    name = next((name for name, text in match.groupdict().items() if name.startswith("value") and text), 0)
    return match.span(name)


def mixes_characters(text: str) -> bool:
    """Return whether a text mixes letters and digits, or has signs or capitals inside: few words do."""
    has_letter, has_digit = re.search(r"[^\W\d_]", text), re.search(r"\d", text)
    return bool((has_letter and has_digit) or re.search(r"[!@#$%^&*+=~?|]|[a-z][A-Z]", text))
