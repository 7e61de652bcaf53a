"""Grok's ``keyvalue`` filter: ``key=value`` pairs anywhere in a text."""

import re
from functools import lru_cache
from typing import Any

from firedrill.logs.event import PipelineError, whole
from firedrill.logs.grok.expression import Function

PLAIN = r"\w.\-@"
QUOTES = ("<>", '""', "''")


def keyvalue(function: Function, text: str) -> dict[str, Any]:
    """``keyvalue([separator[, extra characters[, quotes[, delimiter]]]])``; numbers and booleans are typed."""
    arguments = tuple(function.text(position) for position in range(len(function.arguments)))
    pairs, quotes = _pattern(*arguments)
    found: dict[str, Any] = {}
    for match in pairs.finditer(text):
        key = _unquoted(match[1], quotes)
        value = _typed(match[2], quotes)
        if not key or " " in key or value is None or value == "":
            continue
        held = found.get(key)
        found[key] = value if held is None else [*(held if isinstance(held, list) else [held]), value]
    return found


@lru_cache(maxsize=256)
def _pattern(
    separator: str = "=", extra: str = "", quoting: str = "", delimiter: str = ""
) -> tuple[re.Pattern[str], tuple[str, ...]]:
    if len(quoting) not in (0, 2):
        raise PipelineError('keyvalue() takes two characters as quotes, for example "<>"')
    quotes = (quoting,) if quoting else QUOTES
    quoted = "|".join(f"{re.escape(pair[0])}[^{re.escape(pair[1])}]*{re.escape(pair[1])}" for pair in quotes)
    item = rf"({quoted}|[{PLAIN}{extra}]+)"
    between = re.escape(delimiter) if delimiter else r"[\s,;(\[{]"
    after = re.escape(delimiter) if delimiter else r"[\s,;)\]}]"
    try:
        source = rf"(?:(?<={between})|(?<!.)){item}{re.escape(separator)}{item}(?={after}|\Z)"
        return re.compile(source, re.DOTALL), quotes
    except re.error as error:
        raise PipelineError(f"keyvalue() cannot take {extra!r} as extra characters: {error}") from error


def _unquoted(text: str, quotes: tuple[str, ...]) -> str:
    return text[1:-1] if len(text) > 1 and text[0] + text[-1] in quotes else text


def _typed(text: str, quotes: tuple[str, ...]) -> Any:
    inside = _unquoted(text, quotes)
    if inside != text:
        return inside
    if text in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[text]
    if re.fullmatch(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", text):
        return whole(float(text))
    return text
