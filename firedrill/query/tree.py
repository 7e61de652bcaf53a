"""Syntax tree of a query. Every node has the span of its characters; equality ignores it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class TextSpan:
    """Characters ``start`` to ``end`` (exclusive) of the query's text."""

    start: int
    end: int


NOWHERE = TextSpan(0, 0)


@dataclass(frozen=True)
class Node:
    """A node of the tree."""

    span: TextSpan = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    @cached_property
    def nodes(self) -> tuple["Node", ...]:
        """The node and all nodes below it, in order of the text."""
        return tuple(_walk(self))


@dataclass(frozen=True)
class Word(Node):
    """A name or keyword with its place."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Number(Node):
    """A number, as it was written."""

    text: str

    @property
    def value(self) -> float:
        """The number as a float."""
        return float(self.text.replace(" ", ""))


@dataclass(frozen=True)
class Window(Node):
    """An evaluation window: ``last_5m``, ``current_1d``, ``next_1w``; or the bare ``5m`` of event and SLO queries."""

    text: str
    kind: str
    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """Length in seconds; a month is 30 days."""
        return self.count * {"m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}[self.unit]


# --- scopes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything(Node):
    """All tags: ``*``."""


@dataclass(frozen=True)
class Tag(Node):
    """A tag ``key:value`` (``*`` in a value is a wildcard), or one without a value (``value`` is None)."""

    key: str
    value: str | None


@dataclass(frozen=True)
class Not(Node):
    """A negated scope: ``!x`` or ``NOT x``."""

    item: "Scope"
    word: str = "NOT"


@dataclass(frozen=True)
class And(Node):
    """All conditions hold. ``word`` is the operator as written: ``,`` or ``AND`` or ``and``."""

    items: tuple["Scope", ...]
    word: str = ","


@dataclass(frozen=True)
class Or(Node):
    """Any condition holds."""

    items: tuple["Scope", ...]
    word: str = "OR"


@dataclass(frozen=True)
class In(Node):
    """A membership: ``key IN (a, b)`` or ``key NOT IN (a, b)``."""

    key: str
    values: tuple[Word, ...]
    negated: bool
    word: str = "IN"


@dataclass(frozen=True)
class ParenthesizedScope(Node):
    """A scope in parentheses."""

    item: "Scope"


Scope = Everything | Tag | Not | And | Or | In | ParenthesizedScope


# --- expressions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class QuotedString(Node):
    """A quoted string: ``raw`` with its quotes, ``value`` without them and with escapes undone."""

    raw: str
    value: str


@dataclass(frozen=True)
class Modifier(Node):
    """A modifier of a metric query: ``.rollup(avg, 60)``."""

    name: str
    arguments: tuple[Word, ...]


@dataclass(frozen=True)
class MetricQuery(Node):
    """A metric query: ``sum:app.errors{env:prod} by {model}.as_count()``."""

    aggregator: Word
    metric: Word
    scope: Scope
    by: tuple[Word, ...]
    modifiers: tuple[Modifier, ...]

    def modifier(self, name: str) -> Modifier | None:
        """Return the last modifier of that name."""
        return next((modifier for modifier in reversed(self.modifiers) if modifier.name == name), None)


@dataclass(frozen=True)
class Binary(Node):
    """An arithmetic operation: ``left operator right``."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Negate(Node):
    """A negated expression: ``-x``."""

    item: "Expression"


@dataclass(frozen=True)
class ParenthesizedExpression(Node):
    """An expression in parentheses: ``(x)``."""

    item: "Expression"


@dataclass(frozen=True)
class Keyword(Node):
    """A keyword argument: ``interval=60`` inside a call."""

    name: str
    value: "QuotedString | Number | QueryName"


@dataclass(frozen=True)
class Call(Node):
    """A function call: ``clamp_min(x, 1)``."""

    name: Word
    arguments: tuple["Argument", ...]


@dataclass(frozen=True)
class QueryName(Node):
    """The name of a query in a formula."""

    name: str


@dataclass(frozen=True)
class GroupTags(Node):
    """The groups of a nested space aggregation: ``{env}`` in ``sum(max:m{*} by {env,host}, {env})``."""

    tags: tuple[Word, ...]


Expression = MetricQuery | Binary | Negate | ParenthesizedExpression | Number | Call | QueryName
Argument = Expression | QuotedString | Keyword | GroupTags


# --- monitors -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChangeFunction(Node):
    """The function of a change alert: ``change(avg(last_5m),1h_ago)``; ``word`` is ``change`` or ``pct_change``."""

    word: str
    shift: Window


@dataclass(frozen=True)
class MetricMonitor(Node):
    """A metric monitor's query."""

    aggregator: Word
    window: Window
    change: ChangeFunction | None
    expression: Expression
    comparator: Word
    threshold: Number


@dataclass(frozen=True)
class ChainCall(Node):
    """A call in a chain: ``.rollup("count")``."""

    name: str
    arguments: tuple[QuotedString | Word, ...]

    def values(self) -> tuple[str, ...]:
        """Return the arguments, unquoted."""
        return tuple(
            argument.value if isinstance(argument, QuotedString) else argument.text for argument in self.arguments
        )


@dataclass(frozen=True)
class ChainMonitor(Node):
    """An event, formula, SLO, cost or process query: a head and its calls."""

    head: Word
    argument: QuotedString
    calls: tuple[ChainCall, ...]
    comparator: Word
    threshold: Number

    def call(self, name: str) -> ChainCall | None:
        """Return the call of that name."""
        return next((call for call in self.calls if call.name == name), None)


@dataclass(frozen=True)
class CheckMonitor(Node):
    """A service check's query. Its thresholds are in the options only."""

    check: QuotedString
    calls: tuple[ChainCall, ...]

    def call(self, name: str) -> ChainCall | None:
        """Return the call of that name."""
        return next((call for call in self.calls if call.name == name), None)


@dataclass(frozen=True)
class Member(Node):
    """A monitor in a composite, by its id."""

    name: str


@dataclass(frozen=True)
class CompositeAnd(Node):
    """Both monitors: ``a && b``."""

    left: "Composite"
    right: "Composite"


@dataclass(frozen=True)
class CompositeOr(Node):
    """Either monitor: ``a || b``."""

    left: "Composite"
    right: "Composite"


@dataclass(frozen=True)
class CompositeNot(Node):
    """A negated composite: ``!a``."""

    item: "Composite"


@dataclass(frozen=True)
class ParenthesizedComposite(Node):
    """A composite in parentheses: ``(a)``."""

    item: "Composite"


Composite = Member | CompositeAnd | CompositeOr | CompositeNot | ParenthesizedComposite


@dataclass(frozen=True)
class Opaque(Node):
    """A query that Datadog itself writes and whose text has no content (synthetics: ``no_query``)."""

    text: str


Body = MetricMonitor | ChainMonitor | CheckMonitor | Composite | Opaque


@dataclass(frozen=True)
class Query:
    """A parsed monitor query. ``str()`` is its text; :func:`firedrill.query.canonical` writes it from the tree."""

    type: str
    text: str
    body: Body

    def __str__(self) -> str:
        return self.text

    @property
    def comparator(self) -> str | None:
        """Comparator ``>``, ``>=`` ...; None for a query without one (composites, checks)."""
        return str(self.body.comparator) if isinstance(self.body, MetricMonitor | ChainMonitor) else None

    @property
    def threshold(self) -> Number | None:
        """Threshold at the end of the query, with its place; None for a query without one."""
        return self.body.threshold if isinstance(self.body, MetricMonitor | ChainMonitor) else None


_CHILD_FIELDS: dict[type[Node], tuple[str, ...]] = {}
"""Names of the child fields of each node class."""


def _child_fields(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _CHILD_FIELDS:
        _CHILD_FIELDS[kind] = tuple(field.name for field in fields(kind) if field.name != "span")
    return _CHILD_FIELDS[kind]


def walk(node: Node) -> tuple[Node, ...]:
    """Return a node and all nodes below it, in order of the text."""
    return node.nodes


def _walk(node: Node) -> Iterator[Node]:
    pending: list[Any] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, Node):
            yield item
            pending.extend(getattr(item, name) for name in reversed(_child_fields(type(item))))
        elif isinstance(item, tuple):
            pending.extend(reversed(item))
