"""Printer of syntax trees: one space around operators and none elsewhere."""

import re

from firedrill.query.tree import (
    And,
    Binary,
    Call,
    ChainCall,
    ChainMonitor,
    CheckMonitor,
    CompositeAnd,
    CompositeNot,
    CompositeOr,
    Everything,
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
    Opaque,
    Or,
    ParenthesizedComposite,
    ParenthesizedExpression,
    ParenthesizedScope,
    Query,
    QueryName,
    QuotedString,
    Tag,
    Window,
    Word,
)

_NEEDS_QUOTES = re.compile(r"[\s,(){}!\"']")


def canonical(node: Query | Node) -> str:
    """Return the query as text. A query written this way is printed back unchanged."""
    match node:
        case Query():
            return canonical(node.body)
        case MetricMonitor() | ChainMonitor() | CheckMonitor():
            return _monitor(node)
        case CompositeAnd() | CompositeOr() | CompositeNot() | ParenthesizedComposite() | Member() | Opaque():
            return _composite(node)
        case Tag() | Everything() | Not() | And() | Or() | In() | ParenthesizedScope():
            return _scope(node)
        case _:
            return _expression(node)


def _monitor(node: MetricMonitor | ChainMonitor | CheckMonitor) -> str:
    match node:
        case MetricMonitor():
            head = f"{node.aggregator}({node.window.text})"
            if node.change is not None:
                head = f"{node.change.word}({head},{node.change.shift.text})"
            return f"{head}:{canonical(node.expression)} {node.comparator} {node.threshold.text}"
        case ChainMonitor():
            calls = "".join(_expression(call) for call in node.calls)
            return f"{node.head}({node.argument.raw}){calls} {node.comparator} {node.threshold.text}"
        case CheckMonitor():
            return node.check.raw + "".join(_expression(call) for call in node.calls)


def _expression(node: Node) -> str:
    match node:
        case Binary():
            return f"{canonical(node.left)} {node.operator} {canonical(node.right)}"
        case Negate():
            return f"-{canonical(node.item)}"
        case ParenthesizedExpression():
            return f"({canonical(node.item)})"
        case Call():
            return f"{node.name}({', '.join(canonical(argument) for argument in node.arguments)})"
        case Keyword():
            return f"{node.name}={canonical(node.value)}"
        case MetricQuery():
            by = f" by {{{','.join(word.text for word in node.by)}}}" if node.by else ""
            modifiers = "".join(canonical(modifier) for modifier in node.modifiers)
            return f"{node.aggregator}:{node.metric}{{{canonical(node.scope)}}}{by}{modifiers}"
        case Modifier():
            return f".{node.name}({', '.join(word.text for word in node.arguments)})"
        case ChainCall():
            parts = (
                argument.raw if isinstance(argument, QuotedString) else argument.text for argument in node.arguments
            )
            return f".{node.name}({', '.join(parts)})"
        case _:
            return _leaf(node)


def _leaf(node: Node) -> str:
    match node:
        case GroupTags():
            return f"{{{','.join(word.text for word in node.tags)}}}"
        case QuotedString():
            return node.raw
        case Number() | Word() | Window():
            return node.text
        case QueryName():
            return node.name
        case _:
            raise TypeError(f"not a part of a query: {node!r}")


def _scope(node: Node) -> str:
    match node:
        case Everything():
            return "*"
        case Tag():
            return node.key if node.value is None else f"{node.key}:{_tag_value(node.value)}"
        case Not():
            return f"!{_scope(node.item)}" if node.word == "!" else f"{node.word} {_scope(node.item)}"
        case And() | Or():
            word = "," if node.word == "," else f" {node.word} "
            return word.join(_scope(item) for item in node.items)
        case In():
            return f"{node.key} {node.word} ({','.join(_tag_value(word.text) for word in node.values)})"
        case ParenthesizedScope():
            return f"({_scope(node.item)})"
        case _:
            raise TypeError(f"not a scope: {node!r}")


def _tag_value(value: str) -> str:
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}" if _NEEDS_QUOTES.search(value) else value


def _composite(node: Node) -> str:
    match node:
        case Member():
            return node.name
        case CompositeAnd():
            return f"{_composite(node.left)} && {_composite(node.right)}"
        case CompositeOr():
            return f"{_composite(node.left)} || {_composite(node.right)}"
        case CompositeNot():
            return f"!{_composite(node.item)}"
        case ParenthesizedComposite():
            return f"({_composite(node.item)})"
        case Opaque():
            return node.text
        case _:
            raise TypeError(f"not a composite: {node!r}")
