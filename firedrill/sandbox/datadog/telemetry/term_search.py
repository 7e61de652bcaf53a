"""Conditions on an attribute, a reserved field or the tags, tested on the columns of a block."""

import json
from collections.abc import Callable
from typing import Any

from firedrill.logs.event import as_number
from firedrill.logs.match import COMPARE, value_test
from firedrill.logs.search_tree import Comparison, Range, Term, Text
from firedrill.sandbox.datadog.telemetry.column import Mask
from firedrill.sandbox.datadog.telemetry.event_columns import TAGS
from firedrill.sandbox.datadog.telemetry.masks import LARGE, Block, Masks, both, none
from firedrill.sandbox.datadog.telemetry.text_search import any_text, message_text

OTHER_VALUES = ("None", "true", "false")
"""Texts that other values than texts are printed as."""
Having = Callable[[Block, str], Mask]
"""Return which events have a sought value in a column."""


def compile_term(term: Term) -> Callable[[Block], Masks]:
    """Return the test of a condition for blocks."""
    key, value = term.key, term.value
    if isinstance(value, Text) and key in (None, "*"):
        return any_text(value) if key == "*" else message_text(value)
    assert key is not None
    having = _having(term)
    if key == "tags":
        return lambda block: both(having(block, TAGS))
    return _attribute(key, having) if key.startswith("@") else _field(term, having)


def _having(term: Term) -> Having:
    """Return the quickest way to test a column for a value."""
    value_matches, value = value_test(term), term.value
    # Only a field can be an empty array.
    test = value_matches if str(term.key).startswith("@") else lambda each: each != [] and value_matches(each)
    only, needle = _only_text(term), _needle(value)

    def having(block: Block, name: str) -> Mask:
        column = block.column(name)
        if column is None:
            return none(block)
        if only is not None:
            return column.having_text(only)
        if needle and LARGE not in column.text:
            return column.having_containing(needle, test)
        if isinstance(value, Comparison):
            return column.having_number(lambda numbers: COMPARE[value.operator](numbers, value.number), test)
        if isinstance(value, Range):
            return column.having_number(lambda numbers: (numbers >= value.low) & (numbers <= value.high), test)
        return column.having(test)

    return having


def _needle(value: Any) -> str:
    """Return the longest part of a text with wildcards as JSON has it in small letters, "" if there is none."""
    if not isinstance(value, Text) or not value.wildcards:
        return ""
    needle = json.dumps(max(value.parts, key=len))[1:-1].lower()
    return "" if needle in "none" else needle


def _only_text(term: Term) -> str | None:
    """Return the text that a value must be, None if other values match too, as numbers do."""
    value = term.value
    if term.key == "status" or not isinstance(value, Text) or value.wildcards or value.parts[0] in OTHER_VALUES:
        return None
    return None if as_number(value.parts[0]) is not None else value.parts[0]


def _numbers(key: str) -> list[int]:
    """Return the places of names in a path that may be numbers of an array's elements."""
    return [place for place, name in enumerate(key[1:].split(".")) if name.isdigit()]


def _attribute(key: str, having: Having) -> Callable[[Block], Masks]:
    names, numbers = key[1:].split("."), _numbers(key)
    if not numbers:
        return lambda block: both(having(block, key))
    before = ".".join(names[: numbers[0]])

    def masks(block: Block) -> Masks:
        if not before:
            return none(block), ~none(block)
        possible = none(block)
        for place in range(numbers[0], len(names) + 1):
            column = block.column("@" + ".".join(names[:place]))
            if column is not None:
                possible |= column.present
        return none(block), possible

    return masks


def _field(term: Term, having: Having) -> Callable[[Block], Masks]:
    """Return the test of a reserved field; an event without the field has it in its tags."""
    key, prefix, test = str(term.key), f"{term.key}:", value_test(term)

    def of_tag(tag: Any) -> bool:
        return bool(tag.startswith(prefix)) and test(tag[len(prefix) :])

    def masks(block: Block) -> Masks:
        column = block.column(f".{key}")
        if column is None:
            return both(_tagged(block, prefix, of_tag))
        matches, present = having(block, f".{key}"), column.present
        return both(matches if present.all() else matches | (~present & _tagged(block, prefix, of_tag)))

    return masks


def _tagged(block: Block, prefix: str, of_tag: Callable[[Any], bool]) -> Mask:
    column = block.column(TAGS)
    return none(block) if column is None else column.having_containing(json.dumps(prefix)[1:-1].lower(), of_tag)
