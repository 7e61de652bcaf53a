"""Processors that compute one attribute from others: category, arithmetic, string builder, lookup."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from firedrill.logs.event import Event, PipelineError, Processor, as_number, as_text, read, whole, write
from firedrill.logs.search import parse_search

DECIMALS = 9


def category(processor: Processor, event: Event) -> None:
    """The name of the first category whose filter matches."""
    for one in processor["categories"]:
        if parse_search(one["filter"]["query"]).matches(event):
            write(event, processor["target"], one["name"])
            return


def arithmetic(processor: Processor, event: Event) -> None:
    """A formula of attributes, rounded to nine decimals. A missing operand skips it, or counts as 0 when asked."""
    result = _evaluate(_formula(processor["expression"]), event, bool(processor.get("is_replace_missing")))
    if result is not None:
        write(event, processor["target"], whole(round(result, DECIMALS)))


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
        number = as_number(read(event, str(node.children[0])))
        return 0.0 if number is None and replace_missing else number
    branches = [child for child in node.children if isinstance(child, Tree)]
    operands = [_evaluate(child, event, replace_missing) for child in branches]
    known = [operand for operand in operands if operand is not None]
    if len(known) != len(operands):
        return None
    match node.data:
        case "negate":
            return -known[0]
        case "add":
            return known[0] + known[1]
        case "subtract":
            return known[0] - known[1]
        case "multiply":
            return known[0] * known[1]
    return known[0] / known[1] if known[1] else None


def string_builder(processor: Processor, event: Event) -> None:
    """Text with ``%{attribute}`` blocks. A missing one skips the processor, or is empty when asked."""
    missing = False

    def block(match: re.Match[str]) -> str:
        nonlocal missing
        text = _joined(read(event, match[1]))
        missing |= text is None
        return text or ""

    built = re.sub(r"%\{([^}]*)\}", block, processor["template"])
    if not missing or processor.get("is_replace_missing"):
        write(event, processor["target"], built)


def _joined(value: Any) -> str | None:
    values = value if isinstance(value, list) else [value]
    if not values or any(one is None or isinstance(one, dict | list) for one in values):
        return None
    return ",".join(as_text(one) for one in values)


def lookup(processor: Processor, event: Event) -> None:
    """The value that a list of "key,value" has for the source, or the default."""
    source = read(event, processor["source"])
    if source is None or isinstance(source, dict | list):
        return
    table = dict(line.split(",", 1) for line in processor.get("lookup_table") or () if "," in line)
    found = table.get(as_text(source), processor.get("default_lookup"))
    if found is not None:
        write(event, processor["target"], found)
