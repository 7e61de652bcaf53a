"""Writing a tree as text, one space around operators and none elsewhere."""

from firedrill.query.tree import (
    And,
    Binary,
    BothOf,
    Call,
    ChainMonitor,
    CheckMonitor,
    EitherOf,
    Enclosed,
    Everything,
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
    Opaque,
    Or,
    Parenthesized,
    Query,
    Step,
    Tag,
    Text,
    Variable,
    Window,
    Word,
)


def canonical(node: Query | Node) -> str:
    """The query as text. A query written this way is printed back unchanged."""
    match node:
        case Query():
            return canonical(node.body)
        case MetricMonitor() | ChainMonitor() | CheckMonitor():
            return _monitor(node)
        case BothOf() | EitherOf() | Inverse() | Parenthesized() | Member() | Opaque():
            return _composite(node)
        case Tag() | Everything() | Not() | And() | Or() | In() | Enclosed():
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
            steps = "".join(_expression(step) for step in node.steps)
            return f"{node.head}({node.argument.raw}){steps} {node.comparator} {node.threshold.text}"
        case CheckMonitor():
            return node.check.raw + "".join(_expression(step) for step in node.steps)


def _expression(node: Node) -> str:
    match node:
        case Binary():
            return f"{canonical(node.left)} {node.operator} {canonical(node.right)}"
        case Negate():
            return f"-{canonical(node.item)}"
        case Grouped():
            return f"({canonical(node.item)})"
        case Call():
            return f"{node.name}({', '.join(canonical(one) for one in node.arguments)})"
        case Keyword():
            return f"{node.name}={canonical(node.value)}"
        case MetricQuery():
            by = f" by {{{','.join(word.text for word in node.by)}}}" if node.by else ""
            modifiers = "".join(canonical(one) for one in node.modifiers)
            return f"{node.aggregator}:{node.metric}{{{canonical(node.scope)}}}{by}{modifiers}"
        case Modifier():
            return f".{node.name}({', '.join(word.text for word in node.arguments)})"
        case Step():
            parts = (one.raw if isinstance(one, Text) else one.text for one in node.arguments)
            return f".{node.name}({', '.join(parts)})"
        case Text():
            return node.raw
        case Number() | Word() | Window():
            return node.text
        case Variable():
            return node.name
        case _:
            raise TypeError(f"not a part of a query: {node!r}")


def _scope(node: Node) -> str:
    match node:
        case Everything():
            return "*"
        case Tag():
            return node.key if node.value is None else f"{node.key}:{node.value}"
        case Not():
            return f"!{_scope(node.item)}" if node.word == "!" else f"{node.word} {_scope(node.item)}"
        case And() | Or():
            word = "," if node.word == "," else f" {node.word} "
            return word.join(_scope(item) for item in node.items)
        case In():
            return f"{node.key} {node.word} ({','.join(word.text for word in node.values)})"
        case Enclosed():
            return f"({_scope(node.item)})"
        case _:
            raise TypeError(f"not a scope: {node!r}")


def _composite(node: Node) -> str:
    match node:
        case Member():
            return node.name
        case BothOf():
            return f"{_composite(node.left)} && {_composite(node.right)}"
        case EitherOf():
            return f"{_composite(node.left)} || {_composite(node.right)}"
        case Inverse():
            return f"!{_composite(node.item)}"
        case Parenthesized():
            return f"({_composite(node.item)})"
        case Opaque():
            return node.text
        case _:
            raise TypeError(f"not a composite: {node!r}")
