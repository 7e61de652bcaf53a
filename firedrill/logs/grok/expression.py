"""Parser of ``%{matcher:path:filter}`` blocks of a grok rule, and of functions such as ``csv("a,b", ";")``."""

import re
from dataclasses import dataclass

from firedrill.logs.event import PipelineError


@dataclass(frozen=True)
class Function:
    """A matcher or filter with its arguments; an argument is a text or, unquoted, another function."""

    name: str
    arguments: tuple["str | Function", ...] = ()

    def text(self, position: int, default: str | None = None) -> str:
        """Return an argument that must be a text."""
        argument = self.arguments[position] if position < len(self.arguments) else default
        if not isinstance(argument, str):
            raise PipelineError(f"{self.name}() needs a quoted text as argument {position + 1}")
        return argument


@dataclass(frozen=True)
class Block:
    """``%{matcher:path:filter:filter}``."""

    matcher: Function
    path: str
    filters: tuple[Function, ...]


def split_rule(pattern: str) -> list[str | Block]:
    """Return a rule's pattern as regular expressions (str) and blocks, in order."""
    pieces: list[str | Block] = []
    rest = pattern
    while (start := rest.find("%{")) != -1:
        pieces.append(rest[:start])
        inside, length = _until(rest[start + 2 :], "}", pattern)
        pieces.append(parse_block(inside))
        rest = rest[start + 2 + length + 1 :]
    pieces.append(rest)
    return pieces


def _until(text: str, end: str, pattern: str) -> tuple[str, int]:
    for position, depth, quoted in _walk(text):
        if text[position] == end and not quoted and depth == 0:
            return text[:position], position
    raise PipelineError(f"a block of the grok rule {pattern!r} has no closing {end}")


def _walk(text: str) -> list[tuple[int, int, bool]]:
    """Return each position with the number of open parentheses and whether it is inside quotes."""
    states, depth, quote, escaped = [], 0, "", False
    for position, character in enumerate(text):
        states.append((position, depth, bool(quote)))
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
    return states


def _split(text: str, separator: str) -> list[str]:
    parts, start = [], 0
    for position, depth, quoted in _walk(text):
        if text[position] == separator and depth == 0 and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def parse_block(text: str) -> Block:
    """Parse the inside of ``%{ }``."""
    matcher, *rest = _split(text, ":")
    path = rest[0].strip() if rest else ""
    return Block(parse_function(matcher), path, tuple(parse_function(part) for part in rest[1:] if part.strip()))


def parse_function(text: str) -> Function:
    """Parse ``name`` or ``name(argument, ..)``."""
    # ``?>`` before a name is read over (a published rule has it, and its recorded results are as without).
    match = re.fullmatch(r"\s*(?:\?>)?([\w.-]+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if not match:
        raise PipelineError(f"{text!r} is not a grok matcher or filter")
    arguments = _split(match[2], ",") if match[2] and match[2].strip() else []
    return Function(match[1], tuple(_argument(argument.strip()) for argument in arguments))


def _argument(text: str) -> str | Function:
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return re.sub(r"\\([\\\"'])", r"\1", text[1:-1])
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return text
    return parse_function(text)
