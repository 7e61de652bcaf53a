"""Processors that compute one attribute from others: category, arithmetic, string builder, lookup."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from firedrill.logs.event import (
    Event,
    PipelineError,
    Processor,
    as_number,
    as_text,
    int_if_whole,
    read_field,
    write_attribute,
)
from firedrill.logs.search import parse_search

DECIMALS = 9


def category(processor: Processor, event: Event) -> None:
    """Write the name of the first category whose filter matches."""
    for candidate in processor["categories"]:
        if parse_search(candidate["filter"]["query"]).matches(event):
            write_attribute(event, processor["target"], candidate["name"])
            return


def arithmetic(processor: Processor, event: Event) -> None:
    """Write a formula's result, rounded to nine decimals.

    A missing operand skips the processor, or counts as 0 with ``is_replace_missing``.
    """
    result = _evaluate(_formula(processor["expression"]), event, bool(processor.get("is_replace_missing")))
    if result is not None:
        write_attribute(event, processor["target"], int_if_whole(round(result, DECIMALS)))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = Path(__file__).parents[1] / "arithmetic.lark"
    return Lark(grammar.read_text(encoding="utf-8"), parser="lalr")


@lru_cache(maxsize=1024)
def _formula(expression: str) -> Tree[Token]:
    try:
        return _parser().parse(expression)
    except UnexpectedInput as error:
        place = error.get_context(expression).rstrip()
        raise PipelineError(f"the formula {expression!r} cannot be read here:\n{place}") from error


def _evaluate(node: Tree[Token], event: Event, replace_missing: bool) -> float | None:
    if node.data == "number":
        return float(str(node.children[0]))
    if node.data == "attribute":
        number = as_number(read_field(event, str(node.children[0])))
        return 0.0 if number is None and replace_missing else number
    branches = [child for child in node.children if isinstance(child, Tree)]
    operands = [_evaluate(child, event, replace_missing) for child in branches]
    numbers = [operand for operand in operands if operand is not None]
    if len(numbers) != len(operands):
        return None
    match node.data:
        case "negate":
            return -numbers[0]
        case "add":
            return numbers[0] + numbers[1]
        case "subtract":
            return numbers[0] - numbers[1]
        case "multiply":
            return numbers[0] * numbers[1]
    return numbers[0] / numbers[1] if numbers[1] else None


def string_builder(processor: Processor, event: Event) -> None:
    """Write a text with ``%{attribute}`` blocks.

    A missing attribute skips the processor, or is empty with ``is_replace_missing``.
    """
    missing = False

    def block(match: re.Match[str]) -> str:
        nonlocal missing
        value = _joined(read_field(event, match[1]))
        missing |= value is None
        return value or ""

    text = re.sub(r"%\{([^}]*)\}", block, processor["template"])
    if not missing or processor.get("is_replace_missing"):
        write_attribute(event, processor["target"], text)


def _joined(value: Any) -> str | None:
    values = value if isinstance(value, list) else [value]
    if not values or any(value is None or isinstance(value, dict | list) for value in values):
        return None
    return ",".join(as_text(value) for value in values)


def lookup(processor: Processor, event: Event) -> None:
    """Write the value of the source in a list of "key,value", or the default."""
    source = read_field(event, processor["source"])
    if source is None or isinstance(source, dict | list):
        return
    lines = [line.split(",", 1) for line in processor.get("lookup_table") or () if "," in line]
    table = {key.strip(): value.strip() for key, value in lines}
    value = table.get(as_text(source), processor.get("default_lookup"))
    if value is not None:
        write_attribute(event, processor["target"], value)
