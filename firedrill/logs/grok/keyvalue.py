"""Grok's ``keyvalue`` filter: ``key=value`` pairs anywhere in a text."""

import re
from functools import lru_cache
from typing import Any

from firedrill.logs.event import PipelineError, int_if_whole
from firedrill.logs.grok.expression import Function

PLAIN = r"\w.\-@"
QUOTES = ("<>", '""', "''")


def keyvalue(function: Function, text: str) -> dict[str, Any]:
    """Return pairs of ``keyvalue([separator[, extra characters[, quotes[, delimiter]]]])``, with typed values."""
    arguments = tuple(function.text(position) for position in range(len(function.arguments)))
    pairs, quotes = _pattern(*arguments)
    values: dict[str, Any] = {}
    for match in pairs.finditer(text):
        key = _unquoted(match[1].strip(), quotes)
        value = _typed(match[2], quotes)
        if not key or " " in key or value is None:
            continue
        earlier = values.get(key)
        values[key] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return values


@lru_cache(maxsize=256)
def _pattern(
    separator: str = "=", extra: str = "", quoting: str = "", delimiter: str = ""
) -> tuple[re.Pattern[str], tuple[str, ...]]:
    if len(quoting) not in (0, 2):
        raise PipelineError('keyvalue() takes two characters as quotes, for example "<>"')
    quotes = (quoting,) if quoting else QUOTES
    quoted = "|".join(f"{re.escape(pair[0])}[^{re.escape(pair[1])}]*{re.escape(pair[1])}" for pair in quotes)
    item = rf"({quoted}|[{PLAIN}{extra}]+)"
    # A delimiter of several characters is a set of them.
    between = after = f"[{re.escape(delimiter)}]"
    if not delimiter:
        between, after = r"[\s,;(\[{]", r"[\s,;)\]}]"
    try:
        source = rf"(?:(?<={between})|(?<!.)){item}{re.escape(separator)}{item}(?={after}|\Z)"
        return re.compile(source, re.DOTALL), quotes
    except re.error as error:
        raise PipelineError(f"keyvalue() cannot take {extra!r} as extra characters: {error}") from error


def _unquoted(text: str, quotes: tuple[str, ...]) -> str:
    return text[1:-1] if len(text) > 1 and text[0] + text[-1] in quotes else text


def _number(text: str) -> Any:
    """Return a number; an integer that no 64 bits hold stays a text, as recorded results show."""
    number = float(text)
    if not re.fullmatch(r"[+-]?\d+", text):
        return int_if_whole(number)
    return int(text) if abs(int(text)) < 1 << 63 else text


def _typed(text: str, quotes: tuple[str, ...]) -> Any:
    text = text.strip()
    inside = _unquoted(text, quotes)
    if inside != text:
        return inside.strip() if inside else None
    # A comma that ends a pair does not belong to it, although the rule allows commas inside.
    text = text.rstrip(",;")
    if text in ("", "null", "true", "false"):
        return {"": None, "null": None, "true": True, "false": False}[text]
    if re.fullmatch(r"[+-]?(?:0|[1-9]\d*|0[0-7]+)(?:\.\d+)?(?:[eE][+-]?\d+)?", text):
        return _number(text)
    return text
