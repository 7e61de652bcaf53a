"""Conditions on words, of the message or of any value, tested on the columns of a block."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.logs.event import as_text
from firedrill.logs.match import full_text_test, line_pattern
from firedrill.logs.search_tree import Text
from firedrill.sandbox.datadog.telemetry.column import Mask
from firedrill.sandbox.datadog.telemetry.event_columns import MESSAGE, WORDS, searched_by_all
from firedrill.sandbox.datadog.telemetry.masks import LARGE, Block, Masks, both, none

FOLDED = {"s": "\u017f", "k": "\u212a", "i": "\u0130\u0131"}
"""Letters of ASCII and others that a search without case takes for them."""


def message_text(text: Text) -> Callable[[Block], Masks]:
    """Return the test of words in the message: one by the column of words, several by those messages that have all."""
    finds = full_text_test(text)
    if text.any_value:
        return lambda block: both(~none(block))
    runs = [run for part in text.parts for run in re.findall(r"\w+", part)]
    if _is_word(text):
        return lambda block: both(_having_word(block, finds))
    pattern = line_pattern(text)
    contained = [re.compile(re.escape(run), re.IGNORECASE).search for run in runs]

    def masks(block: Block) -> Masks:
        column = block.column(MESSAGE)
        if column is not None and pattern is not None and column.has_plain_texts_only:
            return both(column.having_lines(pattern))
        possible = ~none(block) if contained else none(block)
        for contains in contained:
            if possible.any():
                possible &= _having_word(block, contains)
        certain = none(block)
        if column is None:
            return certain, possible
        for event, place in column.places(np.flatnonzero(possible)):
            message = column.values[place]
            if isinstance(message, str):
                certain[event] = possible[event] = finds(message)
        return certain, possible

    return masks


def _having_word(block: Block, test: Callable[[str], object]) -> Mask:
    column = block.column(WORDS)
    return none(block) if column is None else column.having(lambda word: bool(test(word)))


def _is_word(text: Text) -> bool:
    """Return whether a text matches within one word."""
    joined = "".join(text.parts)
    if text.quoted:
        return re.fullmatch(r"[^\w*?]*\w+[^\w*?]*", joined) is not None
    parts = [*text.parts]
    parts[0], parts[-1] = re.sub(r"^\W+", "", parts[0]), re.sub(r"\W+$", "", parts[-1])
    return re.search(r"\w", joined) is not None and not any(re.search(r"\W", part) for part in parts)


def any_text(text: Text) -> Callable[[Block], Masks]:
    """Return the test of words in any value: only values with the longest of the words are looked at closely."""
    finds, needle, pattern = full_text_test(text), _longest_run(text), line_pattern(text)
    folded = [letter for ascii_letter in needle for letter in FOLDED.get(ascii_letter, "")]
    escapes = [json.dumps(letter)[1:-1] for letter in folded]

    def hit(value: Any) -> bool:
        return value is not None and not isinstance(value, dict | list) and finds(as_text(value))

    def masks(block: Block) -> Masks:
        found = none(block)
        columns = block.all_columns()
        # Those with few values first: often they decide.
        for column in sorted((columns[name] for name in searched_by_all(columns)), key=lambda each: len(each.text)):
            if found.all():
                break
            if pattern is not None and column.has_plain_texts_only:
                found |= column.having_lines(pattern)
            elif needle and not any(part in column.text for part in (LARGE, *escapes)):
                found |= column.having_containing(needle, hit)
            else:
                found |= column.having(hit)
        return both(found)

    return masks


def _longest_run(text: Text) -> str:
    """Return a part of JSON in small letters that each value with the words has, "" if there is none."""
    joined = " ".join(text.parts)
    runs: list[str] = re.findall(r"[a-z0-9_]+", joined.lower(), re.ASCII)
    if runs:
        return max(runs, key=len)
    is_folded = any(letter in joined for letters in FOLDED.values() for letter in letters)
    return "" if joined.isascii() or is_folded else "\\u"
