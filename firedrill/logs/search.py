"""Parser of Datadog's search syntax for logs, spans and other events (docs.datadoghq.com/logs/explorer/search_syntax).

Choices where the pages are silent: AND binds tighter than OR (``Search.notes`` says so when both meet without
parentheses), ``NOT`` equals ``-``, free text compares word by word and without case, ``@duration:>4s`` is in
nanoseconds (the unit of Datadog's standard ``duration`` attribute).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_network
from itertools import pairwise
from math import inf, isnan
from pathlib import Path
from re import fullmatch
from typing import Any, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError
from lark.tree import Meta

from firedrill.logs.match import Predicate, compile_predicate, everything
from firedrill.logs.search_tree import Cidr, Comparison, Junction, Node, Not, Operator, Range, Term, Text, terms

MAX_DEPTH = 60
NANOSECONDS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "min": 60e9, "h": 3600e9, "d": 86400e9}


class SearchError(ValueError):
    """Raised for a search that Datadog would refuse or that is not supported. ``str()`` underlines the place."""

    def __init__(self, message: str, query: str, start: int, end: int) -> None:
        """``start`` and ``end`` are characters of ``query``."""
        super().__init__(message, query, start, end)
        self.message, self.query, self.start, self.end = message, query, start, end

    def __str__(self) -> str:
        """Return the message, the query and a line of carets."""
        flat = self.query.replace("\n", " ").replace("\t", " ")
        return f"{self.message}\n  {flat}\n  {' ' * self.start}{'^' * max(1, self.end - self.start)}"


@dataclass(frozen=True)
class Note:
    """Part of a search whose meaning the pages leave open."""

    message: str
    start: int
    end: int


@dataclass(frozen=True)
class Search:
    """A parsed search. ``tree`` is None for an empty one (``""`` or ``*``), which matches everything."""

    text: str
    tree: Node | None
    notes: tuple[Note, ...]
    _predicate: Predicate = field(repr=False, compare=False)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event matches: reserved fields on top, ``tags`` a list, the rest below ``attributes``."""
        return self._predicate(event)

    @property
    def terms(self) -> tuple[Term, ...]:
        """All conditions with their positions, left to right."""
        return tuple(terms(self.tree))

    def __str__(self) -> str:
        """Return the text as it was written."""
        return self.text


@lru_cache(maxsize=4096)
def parse_search(text: str) -> Search:
    """Parse a search. Raises :class:`SearchError`."""
    if not text.strip() or text.strip() == "*":
        return Search(text, None, (), everything)
    _check_depth(text)
    try:
        tree = _Builder(text).transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise _explain(error, text) from error
    except VisitError as error:
        if isinstance(error.orig_exc, SearchError):
            raise error.orig_exc from error
        raise
    return Search(text, tree, tuple(_notes(tree)), compile_predicate(tree))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = Path(__file__).with_suffix(".lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _check_depth(text: str) -> None:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > MAX_DEPTH:
            raise SearchError(f"more than {MAX_DEPTH} parentheses inside each other", text, at, at + 1)


def _explain(error: UnexpectedInput, text: str) -> SearchError:
    at = error.pos_in_stream if isinstance(error.pos_in_stream, int) and error.pos_in_stream >= 0 else len(text)
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return SearchError("the search ends too early", text, len(text.rstrip()), len(text.rstrip()) + 1)
    if isinstance(error, UnexpectedCharacters):
        hint = ': close the quotation mark, or escape it with "\\"' if text[at] == '"' else ""
        return SearchError(f"{text[at]!r} is not allowed here{hint}", text, at, at + 1)
    token = cast("UnexpectedToken", error).token
    return SearchError(f"{str(token)!r} is not allowed here", text, at, at + len(token))


def _notes(node: Node | None) -> list[Note]:
    notes: list[Note] = []
    match node:
        case Not(child):
            notes += _notes(child)
        case Junction(operator, children):
            mixed = [child for child in children if isinstance(child, Junction) and not child.grouped]
            if operator == "OR" and mixed:
                message = "AND and OR meet without parentheses: AND is applied first, which no page states"
                notes.append(Note(message, node.start, node.end))
            for child in children:
                notes += _notes(child)
    return notes


def _text(raw: str, quoted: bool = False) -> Text:
    parts, wildcards, at = [""], list[str](), 0
    while at < len(raw):
        character = raw[at]
        if character == "\\" and at + 1 < len(raw):
            parts[-1] += raw[at + 1]
            at += 1
        elif character in "*?" and not quoted:
            wildcards.append(character)
            parts.append("")
        else:
            parts[-1] += character
        at += 1
    return Text(tuple(parts), tuple(wildcards), quoted)


@v_args(meta=True)
class _Builder(Transformer[Token, Node]):
    """Builder of the search's tree. Values inside ``key:( )`` are terms without a key until ``keyed`` sets it."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self.query = query

    def _error(self, message: str, meta: Meta) -> SearchError:
        return SearchError(message, self.query, meta.start_pos, meta.end_pos)

    def _junction(self, operator: str, meta: Meta, children: list[Node]) -> Node:
        if len(children) == 1:
            return children[0]
        for left, right in pairwise(children):
            if left.end == right.start:
                raise SearchError("a space is missing between these", self.query, left.start, right.end)
        joined = "AND" if operator == "AND" else "OR"
        return Junction(cast("Any", joined), tuple(children), meta.start_pos, meta.end_pos)

    def either(self, meta: Meta, children: list[Node]) -> Node:
        return self._junction("OR", meta, children)

    def both(self, meta: Meta, children: list[Node]) -> Node:
        return self._junction("AND", meta, children)

    def negation(self, meta: Meta, children: list[Node]) -> Node:
        return Not(children[0], meta.start_pos, meta.end_pos)

    def parentheses(self, meta: Meta, children: list[Node]) -> Node:
        child = replace(children[0], start=meta.start_pos, end=meta.end_pos)
        return replace(child, grouped=True) if isinstance(child, Junction) else child

    def keyed(self, meta: Meta, children: list[Any]) -> Node:
        token, value = cast("Token", children[0]), cast("Node", children[1])
        key = "".join(_text(token[:-1], quoted=True).parts)
        node = self._with_key(value, key)
        return replace(node, start=meta.start_pos, end=meta.end_pos)

    def _with_key(self, node: Node, key: str) -> Node:
        match node:
            case Term() if key == "*" and not isinstance(node.value, Text):
                raise SearchError("*: searches text, not numbers", self.query, node.start, node.end)
            case Term():
                return replace(node, key=key)
            case Not(child):
                return replace(node, child=self._with_key(child, key))
            case Junction(children=children):
                return replace(node, children=tuple(self._with_key(child, key) for child in children))

    def text(self, meta: Meta, children: list[Token]) -> Node:
        return Term(None, _text(children[0]), meta.start_pos, meta.end_pos)

    def word(self, meta: Meta, children: list[Token]) -> Node:
        return Term(None, _text(children[0]), meta.start_pos, meta.end_pos)

    def quoted(self, meta: Meta, children: list[Token]) -> Node:
        return Term(None, _text(children[0][1:-1], quoted=True), meta.start_pos, meta.end_pos)

    def phrase(self, meta: Meta, children: list[Token]) -> Node:
        return self.quoted(meta, children)

    def comparison(self, meta: Meta, children: list[Token]) -> Node:
        operator = children[0][:2] if children[0][1:2] == "=" else children[0][:1]
        number = self._number(children[0][len(operator) :], meta)
        return Term(None, Comparison(cast("Operator", operator), number), meta.start_pos, meta.end_pos)

    def range(self, meta: Meta, children: list[Token]) -> Node:
        bounds = fullmatch(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", children[0])
        if not bounds:
            raise self._error("a range is written [low TO high]", meta)
        low = -inf if bounds[1] == "*" else self._number(bounds[1], meta)
        high = inf if bounds[2] == "*" else self._number(bounds[2], meta)
        return Term(None, Range(low, high), meta.start_pos, meta.end_pos)

    def _number(self, raw: str, meta: Meta) -> float:
        """Return a number, or a duration in nanoseconds, the unit of Datadog's standard ``duration`` attribute."""
        raw = raw.replace("\\", "")
        parts = fullmatch(r"(.*?)(ns|us|µs|ms|s|min|m|h|d)?", raw)
        try:
            number = float(parts[1] if parts else raw) * (NANOSECONDS[parts[2]] if parts and parts[2] else 1)
        except ValueError as error:
            raise self._error(f"{raw!r} is not a number", meta) from error
        if isnan(number):
            raise self._error(f"{raw!r} is not a number", meta)
        return number

    def cidr(self, meta: Meta, children: list[Token]) -> Node:
        key, *networks = [part.strip() for part in children[0][len("CIDR(") : -1].split(",")]
        if not key or not networks:
            raise self._error("CIDR takes an attribute and at least one network: CIDR(@ip, 10.0.0.0/8)", meta)
        try:
            parsed = tuple(ip_network(network, strict=False) for network in networks)
        except ValueError as error:
            raise self._error(f"{error}", meta) from error
        return Term(key, Cidr(parsed), meta.start_pos, meta.end_pos)
