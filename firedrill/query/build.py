"""Builders of syntax trees from lark's parse trees."""

import re
from collections.abc import Callable
from typing import Any

from lark import Token, Tree
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from firedrill.query.errors import QueryError
from firedrill.query.functions import SPACE_AGGREGATORS, function_error, modifier_error
from firedrill.query.tree import (
    NOWHERE,
    And,
    Binary,
    Call,
    ChainCall,
    ChainMonitor,
    ChangeFunction,
    CheckMonitor,
    Composite,
    CompositeAnd,
    CompositeNot,
    CompositeOr,
    Everything,
    Expression,
    GroupTags,
    In,
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
    ParenthesizedComposite,
    ParenthesizedExpression,
    ParenthesizedScope,
    QueryName,
    QuotedString,
    Scope,
    Tag,
    TextSpan,
    Window,
    Word,
    walk,
)

MAX_DEPTH = 150
Method = Callable[..., Any]


def parse_window(token: Token | str, span: TextSpan) -> Window:
    """Return ``last_5m``, ``current_1h``, ``5m_ago`` or ``5m`` as a window."""
    text = str(token)
    kind, _, length = text.removesuffix("_ago").rpartition("_")
    unit = "mo" if length.endswith("mo") else length[-1]
    return Window(text, kind or "last", int(length.removesuffix(unit)), unit, span=span)


def unquoted(raw: str) -> str:
    r"""Return a quoted string's content with ``\"`` and ``\\`` undone, and every other backslash kept."""
    quote, content = raw[0], raw[1:-1]
    result: list[str] = []
    position = 0
    while position < len(content):
        if content[position] == "\\" and content[position + 1 : position + 2] in {quote, "\\"}:
            position += 1
        result.append(content[position])
        position += 1
    return "".join(result)


def _span(token: Token) -> TextSpan:
    return TextSpan(token.start_pos or 0, token.end_pos or 0)


def _word(token: Token) -> Word:
    return Word(str(token), span=_span(token))


def _text(token: Token) -> QuotedString:
    return QuotedString(str(token), unquoted(str(token)), span=_span(token))


def _tag_value(text: str) -> str:
    """Return a tag's value without the quotes that one with blanks has."""
    value = text.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _aggregator(token: Token) -> Word:
    """Return a space aggregator: ``count(v: v>=0.2)`` is written with one blank."""
    return Word(re.sub(r"\(\s*v\s*:\s*v\s*(\W+?)\s*([-0-9.].*?)\s*\)$", r"(v: v\1\2)", str(token)), span=_span(token))


def _covered_span(meta: Meta) -> TextSpan:
    return NOWHERE if meta.empty else TextSpan(meta.start_pos, meta.end_pos)


class TreeBuilder(Transformer_NonRecursive[Token, Any]):
    """Base of the builders: one method for each rule of the grammar. ``text`` is the query, for errors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def _call_userfunc(self, tree: Tree[Any], new_children: list[Any] | None = None) -> Any:
        children = tree.children if new_children is None else new_children
        build: Method | None = getattr(self, tree.data, None)
        if build is None:
            raise LookupError(f"no builder for {tree.data}")
        return build(children, _covered_span(tree.meta))

    def threshold(self, children: list[Token | None], span: TextSpan) -> Number:
        """Build a number with its sign."""
        return Number("".join(str(child) for child in children if child is not None), span=span)


class MetricBuilder(TreeBuilder):
    """Builder of metric monitors, graph queries and formulas."""

    def monitor(self, children: list[Any], span: TextSpan) -> MetricMonitor:
        """Build ``avg(last_5m):... > 1``."""
        aggregator, length, expression, comparator, threshold = children
        return MetricMonitor(
            _word(aggregator),
            parse_window(length, _span(length)),
            None,
            expression,
            _word(comparator),
            threshold,
            span=span,
        )

    def change_monitor(self, children: list[Any], span: TextSpan) -> MetricMonitor:
        """Build ``change(avg(last_5m),1h_ago):... > 1``."""
        change, aggregator, length, shift, expression, comparator, threshold = children
        return MetricMonitor(
            _word(aggregator),
            parse_window(length, _span(length)),
            ChangeFunction(str(change), parse_window(shift, _span(shift)), span=_span(change)),
            expression,
            _word(comparator),
            threshold,
            span=span,
        )

    def binary(self, children: list[Any], span: TextSpan) -> Binary:
        """Build ``a + b``."""
        left, operator, right = children
        return Binary(str(operator), left, right, span=span)

    def negate(self, children: list[Any], span: TextSpan) -> Negate:
        """Build ``-a``."""
        return Negate(children[1], span=span)

    def positive(self, children: list[Any], _span_: TextSpan) -> Expression:
        """Return the operand of ``+a``: the sign changes nothing."""
        return children[1]  # type: ignore[no-any-return]  # what the grammar puts here

    def grouped(self, children: list[Expression], span: TextSpan) -> ParenthesizedExpression:
        """Build ``(a)``."""
        return ParenthesizedExpression(children[0], span=span)

    def number(self, children: list[Token], span: TextSpan) -> Number:
        """Build a number without a sign."""
        return Number(str(children[0]), span=span)

    def signed(self, children: list[Token | None], span: TextSpan) -> Number:
        """Build a keyword's number."""
        return self.threshold(children, span)

    def string(self, children: list[Token], _span_: TextSpan) -> QuotedString:
        """Build a quoted argument."""
        return _text(children[0])

    def variable(self, children: list[Token], span: TextSpan) -> QueryName:
        """Build a formula's name."""
        return QueryName(str(children[0]), span=span)

    def keyword(self, children: list[Any], span: TextSpan) -> Keyword:
        """Build ``name=value``."""
        return Keyword(str(children[0]), children[1], span=span)

    def call(self, children: list[Any], span: TextSpan) -> Call:
        """Build ``function(arguments)``."""
        name, arguments = _word(children[0]), tuple(children[1:])
        positional = [argument for argument in arguments if not isinstance(argument, Keyword)]
        error = function_error(name.text, len(positional) - 1)
        grouped = isinstance(arguments[-1], GroupTags)
        if error is None and isinstance(arguments[0], QuotedString | Keyword | GroupTags):
            error = f"{name}() takes a query first"
        elif error is None and grouped != (name.text in SPACE_AGGREGATORS):
            error = f"{name}() takes no tags" if grouped else f"{name}() of a query takes the tags to group by: {{env}}"
        if error is not None:
            raise QueryError(error, self.text, name.span.start, name.span.end)
        return Call(name, arguments, span=span)

    def tags(self, children: list[tuple[Word, ...]], span: TextSpan) -> GroupTags:
        """Build ``{tags}``, the groups of a nested space aggregation."""
        return GroupTags(children[0], span=span)

    def metric_query(self, children: list[Any], span: TextSpan) -> MetricQuery:
        """Build ``sum:metric{scope} by {tags}.modifiers()``."""
        aggregator, metric, scope, _by, group_by, *modifiers = children
        return MetricQuery(_aggregator(aggregator), _word(metric), scope, group_by or (), tuple(modifiers), span=span)

    def averaged_query(self, children: list[Any], span: TextSpan) -> MetricQuery:
        """Build ``metric{scope}``, which is averaged over series."""
        metric, scope, _by, group_by, *modifiers = children
        average = Word("avg", span=TextSpan(span.start, span.start))
        return MetricQuery(average, _word(metric), scope, group_by or (), tuple(modifiers), span=span)

    def group_by(self, children: list[Token], _span_: TextSpan) -> tuple[Word, ...]:
        """Build the tags of ``by {..}``."""
        return tuple(_word(child) for child in children)

    def modifier(self, children: list[Token | None], span: TextSpan) -> Modifier:
        """Build ``.name(arguments)``."""
        name, *arguments = (str(child) for child in children if child is not None)
        words = tuple(_word(child) for child in children[1:] if child is not None)
        error = modifier_error(name.removeprefix("."), [argument.strip("\"'") for argument in arguments])
        if error is not None:
            raise QueryError(error, self.text, span.start, span.end)
        return Modifier(name.removeprefix("."), words, span=span)

    def scope(self, children: list[Scope], span: TextSpan) -> Scope:
        """Return a scope in one style: commas and ``!``, or AND, OR, NOT and IN."""
        scope = And(tuple(children), ",", span=span) if len(children) > 1 else children[0]
        for part in walk(scope):
            functional = isinstance(part, Or | In | ParenthesizedScope) or (isinstance(part, And) and part.word != ",")
            if (functional or (isinstance(part, Not) and part.word != "!")) and _is_symbolic(scope):
                raise QueryError(
                    "a scope cannot mix commas or ! with AND, OR, NOT or IN", self.text, part.span.start, part.span.end
                )
        return scope

    def tag(self, children: list[Token], span: TextSpan) -> Scope:
        """Build ``key:value``, ``*``, or a tag without a value."""
        text = str(children[0])
        if text == "*":
            return Everything(span=span)
        key, colon, value = text.partition(":")
        if "*" in key:
            raise QueryError("a wildcard is allowed in a tag's value only", self.text, span.start, span.end)
        return Tag(key, _tag_value(value) if colon else None, span=span)

    def excluded(self, children: list[Any], span: TextSpan) -> Not:
        """Build ``!tag``."""
        item = children[1]
        if not isinstance(item, Tag | Everything):
            raise QueryError("! is allowed before a single tag; elsewhere write NOT", self.text, span.start, span.end)
        return Not(item, "!", span=span)

    def negated(self, children: list[Any], span: TextSpan) -> Not:
        """Build ``NOT scope``."""
        return Not(children[1], str(children[0]), span=span)

    def both(self, children: list[Any], span: TextSpan) -> And:
        """Build ``a AND b``."""
        left, word, right = children
        return And((left, right), str(word), span=span)

    def either(self, children: list[Any], span: TextSpan) -> Or:
        """Build ``a OR b``."""
        left, word, right = children
        return Or((left, right), str(word), span=span)

    def enclosed(self, children: list[Scope], span: TextSpan) -> ParenthesizedScope:
        """Build ``(scope)``."""
        return ParenthesizedScope(children[0], span=span)

    def membership(self, children: list[Any], span: TextSpan) -> In:
        """Build ``key [NOT] IN (a, b)``."""
        key, negation, word, *values = children
        operator = f"{negation} {word}" if negation is not None else str(word)
        words = (Word(_tag_value(value), span=_span(value)) for value in values)
        return In(str(key), tuple(words), negation is not None, operator, span=span)


def _is_symbolic(scope: Scope) -> bool:
    return any(
        (isinstance(part, And) and part.word == ",") or (isinstance(part, Not) and part.word == "!")
        for part in walk(scope)
    )


class ChainBuilder(TreeBuilder):
    """Builder of queries that are a head with calls."""

    def monitor(self, children: list[Any], span: TextSpan) -> ChainMonitor:
        """Build ``logs("..").rollup(..).last(..) > 1``."""
        (name, argument), *calls, comparator, threshold = children
        return ChainMonitor(name, argument, tuple(calls), _word(comparator), threshold, span=span)

    def status_monitor(self, children: list[Any], span: TextSpan) -> CheckMonitor:
        """Build ``"check".over(..).by(..).last(2).count_by_status()``."""
        return CheckMonitor(children[0], tuple(children[1:]), span=span)

    def head(self, children: list[Token], _span_: TextSpan) -> tuple[Word, QuotedString]:
        """Build ``logs("search")``."""
        return _word(children[0]), _text(children[1])

    def check(self, children: list[Token], _span_: TextSpan) -> QuotedString:
        """Build the name of a check."""
        return _text(children[0])

    def call(self, children: list[Any], span: TextSpan) -> ChainCall:
        """Build ``.name(arguments)``."""
        name, *arguments = children
        parts = (
            _text(argument) if argument.type == "STRING" else _word(argument)
            for argument in arguments
            if argument is not None
        )
        return ChainCall(str(name), tuple(parts), span=span)


class CompositeBuilder(TreeBuilder):
    """Builder of composites."""

    def member(self, children: list[Token], span: TextSpan) -> Member:
        """Build an id."""
        return Member(str(children[0]), span=span)

    def both(self, children: list[Composite], span: TextSpan) -> CompositeAnd:
        """Build ``a && b``."""
        return CompositeAnd(children[0], children[1], span=span)

    def either(self, children: list[Composite], span: TextSpan) -> CompositeOr:
        """Build ``a || b``."""
        return CompositeOr(children[0], children[1], span=span)

    def negated(self, children: list[Any], span: TextSpan) -> CompositeNot:
        """Build ``!a``."""
        return CompositeNot(children[1], span=span)

    def enclosed(self, children: list[Any], span: TextSpan) -> ParenthesizedComposite:
        """Build ``(a)``."""
        return ParenthesizedComposite(children[1], span=span)


def depth(tree: Tree[Token]) -> int:
    """Return the depth of a parse tree, without recursion."""
    deepest, pending = 0, [(tree, 1)]
    while pending:
        node, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in node.children if isinstance(child, Tree))
    return deepest


def first_number_beyond(node: Node, limit: float) -> Number | None:
    """Return the first number in the tree whose absolute value is not below the limit."""
    return next((part for part in walk(node) if isinstance(part, Number) and not abs(part.value) < limit), None)
