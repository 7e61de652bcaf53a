"""Evaluation of ``{{eval "..."}}`` (docs.datadoghq.com/monitors/guide/template-variable-evaluation)."""

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

Number = float
BYTES = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


class EvaluationError(ValueError):
    """Raised for a formula that cannot be read or has no value."""


def round_half_up(number: float, decimals: float = 0) -> float:
    """Round to a number of decimals, halves up."""
    scale: float = 10.0 ** int(decimals)
    return math.floor(number * scale + 0.5) / scale


def humanize_bytes(number: float) -> str:
    """Return bytes with a unit: ``25000000`` as ``25MB``."""
    size, unit = number, 0
    while abs(size) >= 1000 and unit < len(BYTES) - 1:
        size, unit = size / 1000, unit + 1
    return f"{format_number(round(size, 2))}{BYTES[unit]}"


FUNCTIONS: dict[str, Callable[..., float | str]] = {
    "int": math.floor,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round_half_up,
    "abs": abs,
    "log10": math.log10,
    "to_fixed": lambda number, decimals: f"{number:.{int(decimals)}f}",
    "humanize_bytes": humanize_bytes,
}


def format_number(number: float) -> str:
    """Return a number as messages show it, with all of its digits; how many Datadog prints is undocumented."""
    if not math.isfinite(number):
        return str(number)
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(Path(__file__).with_suffix(".lark").read_text(encoding="utf-8"), parser="lalr")


def evaluate(expression: str, variable: Callable[[str], float | None]) -> str:
    """Return the result as text; empty when a variable has no value. Raises :class:`EvaluationError`."""
    try:
        tree = _parser().parse(expression)
    except UnexpectedInput as error:
        raise EvaluationError(f"eval cannot read {expression!r}") from error
    try:
        result = _value(tree, variable)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise EvaluationError(f"eval {expression!r}: {error}") from error
    if result is None:
        return ""
    return result if isinstance(result, str) else format_number(result)


def _value(node: Tree[Token], variable: Callable[[str], float | None]) -> float | str | None:
    if node.data == "number":
        return float(str(node.children[0]))
    if node.data == "variable":
        return variable(str(node.children[0]))
    operands = [_value(child, variable) for child in node.children if isinstance(child, Tree)]
    numbers = [operand for operand in operands if isinstance(operand, int | float)]
    if len(numbers) != len(operands):
        return None
    match node.data:
        case "call":
            name = str(node.children[0])
            if name not in FUNCTIONS:
                raise EvaluationError(f"eval has no function {name!r}")
            return FUNCTIONS[name](*numbers)
        case "negate":
            return -numbers[0]
        case "add":
            return numbers[0] + numbers[1]
        case "subtract":
            return numbers[0] - numbers[1]
        case "multiply":
            return numbers[0] * numbers[1]
        case "divide":
            return numbers[0] / numbers[1]
        case "remainder":
            return numbers[0] % numbers[1]
    return float(numbers[0] ** numbers[1])
