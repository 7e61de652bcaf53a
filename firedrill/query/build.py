"""From lark's parse trees to ours."""

from collections.abc import Callable
from typing import Any

from lark import Token, Tree
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from firedrill.query.errors import QueryError
from firedrill.query.tree import (
    And,
    Argument,
    Binary,
    BothOf,
    Call,
    ChainMonitor,
    Change,
    CheckMonitor,
    Composite,
    EitherOf,
    Enclosed,
    Everything,
    Expression,
    Grouped,
    In,
    Inverse,
    Keyword,
    Member,
    MetricMonitor,
    MetricQuery,
    Modifier,
    Negate,
    Node,
    Not,
    Number,
    Or,
    Parenthesized,
    Scope,
    Span,
    Step,
    Tag,
    Text,
    Variable,
    Window,
    Word,
    walk,
)

DEEPEST = 150
Method = Callable[..., Any]


def window(token: Token | str, span: Span) -> Window:
    """``last_5m``, ``current_1h``, ``5m_ago`` or ``5m`` as a window."""
    text = str(token)
    kind, _, length = text.removesuffix("_ago").rpartition("_")
    unit = "mo" if length.endswith("mo") else length[-1]
    return Window(text, kind or "last", int(length.removesuffix(unit)), unit, span=span)


def unquoted(raw: str) -> str:
    """A quoted string's content with ``\\"`` and ``\\\\`` undone, and every other backslash kept."""
    quote, content = raw[0], raw[1:-1]
    result: list[str] = []
    position = 0
    while position < len(content):
        if content[position] == "\\" and content[position + 1 : position + 2] in {quote, "\\"}:
            position += 1
        result.append(content[position])
        position += 1
    return "".join(result)


def _span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _word(token: Token) -> Word:
    return Word(str(token), span=_span(token))


def _text(token: Token) -> Text:
    return Text(str(token), unquoted(str(token)), span=_span(token))


class Builder(Transformer_NonRecursive[Token, Any]):
    """The parts that the grammars share. ``text`` is needed for errors and for the spans of filtered tokens."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def _call_userfunc(self, tree: Tree[Any], new_children: list[Any] | None = None) -> Any:
        children = tree.children if new_children is None else new_children
        build: Method | None = getattr(self, tree.data, None)
        if build is None:
            raise LookupError(f"no builder for {tree.data}")
        return build(children, self._covered(tree.meta))

    def _covered(self, meta: Meta) -> Span:
        return Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)

    def threshold(self, children: list[Token | None], span: Span) -> Number:
        """A number with its sign."""
        return Number("".join(str(child) for child in children if child is not None), span=span)


class MetricBuilder(Builder):
    """Metric monitors, graph queries and formulas."""

    def monitor(self, children: list[Any], span: Span) -> MetricMonitor:
        """``avg(last_5m):... > 1``"""
        aggregator, length, expression, comparator, threshold = children
        return MetricMonitor(
            _word(aggregator),
            window(length, _span(length)),
            None,
            expression,
            _word(comparator),
            threshold,
            span=span,
        )

    def change_monitor(self, children: list[Any], span: Span) -> MetricMonitor:
        """``change(avg(last_5m),1h_ago):... > 1``"""
        change, aggregator, length, shift, expression, comparator, threshold = children
        return MetricMonitor(
            _word(aggregator),
            window(length, _span(length)),
            Change(str(change), window(shift, _span(shift)), span=_span(change)),
            expression,
            _word(comparator),
            threshold,
            span=span,
        )

    def binary(self, children: list[Any], span: Span) -> Binary:
        """``a + b``"""
        left, operator, right = children
        return Binary(str(operator), left, right, span=span)

    def negate(self, children: list[Any], span: Span) -> Negate:
        """``-a``"""
        return Negate(children[1], span=span)

    def grouped(self, children: list[Expression], span: Span) -> Grouped:
        """``(a)``"""
        return Grouped(children[0], span=span)

    def number(self, children: list[Token], span: Span) -> Number:
        """A number without a sign."""
        return Number(str(children[0]), span=span)

    def signed(self, children: list[Token | None], span: Span) -> Number:
        """A keyword's number."""
        return self.threshold(children, span)

    def string(self, children: list[Token], _span_: Span) -> Text:
        """A quoted argument."""
        return _text(children[0])

    def variable(self, children: list[Token], span: Span) -> Variable:
        """A formula's name."""
        return Variable(str(children[0]), span=span)

    def keyword(self, children: list[Any], span: Span) -> Keyword:
        """``name=value``"""
        return Keyword(str(children[0]), children[1], span=span)

    def call(self, children: list[Any], span: Span) -> Call:
        """``function(arguments)``"""
        arguments: tuple[Argument, ...] = tuple(children[1:])
        return Call(_word(children[0]), arguments, span=span)

    def metric_query(self, children: list[Any], span: Span) -> MetricQuery:
        """``sum:metric{scope} by {tags}.modifiers()``"""
        aggregator, metric, scope, _by, group_by, *modifiers = children
        return MetricQuery(
            _word(aggregator),
            _word(metric),
            scope,
            group_by if group_by is not None else (),
            tuple(modifiers),
            span=span,
        )

    def group_by(self, children: list[Token], _span_: Span) -> tuple[Word, ...]:
        """The tags of ``by {..}``."""
        return tuple(_word(child) for child in children)

    def modifier(self, children: list[Token | None], span: Span) -> Modifier:
        """``.name(arguments)``"""
        name, *arguments = children
        return Modifier(
            str(name).removeprefix("."), tuple(_word(one) for one in arguments if one is not None), span=span
        )

    def scope(self, children: list[Scope], span: Span) -> Scope:
        """One style: commas and ``!``, or AND, OR, NOT and IN."""
        scope = And(tuple(children), ",", span=span) if len(children) > 1 else children[0]
        for part in walk(scope):
            functional = isinstance(part, Or | In | Enclosed) or (isinstance(part, And) and part.word != ",")
            if (functional or (isinstance(part, Not) and part.word != "!")) and _is_symbolic(scope):
                raise QueryError(
                    "a scope cannot mix commas or ! with AND, OR, NOT or IN", self.text, part.span.start, part.span.end
                )
        return scope

    def tag(self, children: list[Token], span: Span) -> Scope:
        """``key:value``, ``*``, or a tag without a value."""
        text = str(children[0])
        if text == "*":
            return Everything(span=span)
        key, colon, value = text.partition(":")
        if "*" in key or value.strip("*").count("*"):
            raise QueryError(
                "a wildcard stands at the start or the end of a tag's value", self.text, span.start, span.end
            )
        if len(value) > 1 and value.startswith("*") and value.endswith("*"):
            raise QueryError("a filter has a wildcard at one end only", self.text, span.start, span.end)
        return Tag(key, value if colon else None, span=span)

    def excluded(self, children: list[Any], span: Span) -> Not:
        """``!tag``"""
        item = children[1]
        if not isinstance(item, Tag | Everything):
            raise QueryError("! stands before one tag; elsewhere write NOT", self.text, span.start, span.end)
        return Not(item, "!", span=span)

    def negated(self, children: list[Any], span: Span) -> Not:
        """``NOT scope``"""
        return Not(children[1], str(children[0]), span=span)

    def both(self, children: list[Any], span: Span) -> And:
        """``a AND b``"""
        left, word, right = children
        return And((left, right), str(word), span=span)

    def either(self, children: list[Any], span: Span) -> Or:
        """``a OR b``"""
        left, word, right = children
        return Or((left, right), str(word), span=span)

    def enclosed(self, children: list[Scope], span: Span) -> Enclosed:
        """``(scope)``"""
        return Enclosed(children[0], span=span)

    def membership(self, children: list[Any], span: Span) -> In:
        """``key [NOT] IN (a, b)``"""
        key, negation, word, *values = children
        spelled = f"{negation} {word}" if negation is not None else str(word)
        return In(str(key), tuple(_word(value) for value in values), negation is not None, spelled, span=span)


def _is_symbolic(scope: Scope) -> bool:
    return any(
        (isinstance(part, And) and part.word == ",") or (isinstance(part, Not) and part.word == "!")
        for part in walk(scope)
    )


class ChainBuilder(Builder):
    """Heads with calls."""

    def monitor(self, children: list[Any], span: Span) -> ChainMonitor:
        """``logs("..").rollup(..).last(..) > 1``"""
        (name, argument), *steps, comparator, threshold = children
        return ChainMonitor(name, argument, tuple(steps), _word(comparator), threshold, span=span)

    def status_monitor(self, children: list[Any], span: Span) -> CheckMonitor:
        """``"check".over(..).by(..).last(2).count_by_status()``"""
        return CheckMonitor(children[0], tuple(children[1:]), span=span)

    def head(self, children: list[Token], _span_: Span) -> tuple[Word, Text]:
        """``logs("search")``"""
        return _word(children[0]), _text(children[1])

    def check(self, children: list[Token], _span_: Span) -> Text:
        """The name of a check."""
        return _text(children[0])

    def call(self, children: list[Any], span: Span) -> Step:
        """``.name(arguments)``"""
        name, *arguments = children
        parts = (_text(one) if one.type == "STRING" else _word(one) for one in arguments if one is not None)
        return Step(str(name), tuple(parts), span=span)


class CompositeBuilder(Builder):
    """Monitors combined."""

    def member(self, children: list[Token], span: Span) -> Member:
        """An id."""
        return Member(str(children[0]), span=span)

    def both(self, children: list[Composite], span: Span) -> BothOf:
        """``a && b``"""
        return BothOf(children[0], children[1], span=span)

    def either(self, children: list[Composite], span: Span) -> EitherOf:
        """``a || b``"""
        return EitherOf(children[0], children[1], span=span)

    def negated(self, children: list[Any], span: Span) -> Inverse:
        """``!a``"""
        return Inverse(children[1], span=span)

    def enclosed(self, children: list[Any], span: Span) -> Parenthesized:
        """``(a)``"""
        return Parenthesized(children[1], span=span)


def depth(tree: Tree[Token]) -> int:
    """How deep a parse tree is, found without recursion."""
    deepest, pending = 0, [(tree, 1)]
    while pending:
        node, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in node.children if isinstance(child, Tree))
    return deepest


def first_numbers_beyond(node: Node, limit: float) -> Number | None:
    """The first number in the tree whose size is not below the limit."""
    return next((one for one in walk(node) if isinstance(one, Number) and not abs(one.value) < limit), None)
