"""The syntax tree of a query. Every node knows the characters it came from; equality ignores them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of the query's text."""

    start: int
    end: int


NOWHERE = Span(0, 0)


@dataclass(frozen=True)
class Node:
    """What every node has."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)

    @cached_property
    def nodes(self) -> tuple["Node", ...]:
        """It and all nodes below it, in order of the text; found once."""
        return tuple(_walk(self))


@dataclass(frozen=True)
class Word(Node):
    """A name or keyword with its place."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Number(Node):
    """A number, with the spelling it had."""

    text: str

    @property
    def value(self) -> float:
        """As a float."""
        return float(self.text.replace(" ", ""))


@dataclass(frozen=True)
class Window(Node):
    """``last_5m``, ``current_1d``, ``next_1w``; or the bare ``5m`` of event and SLO queries."""

    text: str
    kind: str
    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """Length; a month is 30 days."""
        return self.count * {"m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}[self.unit]


# --- scopes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything(Node):
    """``*``"""


@dataclass(frozen=True)
class Tag(Node):
    """``key:value`` (a value may start or end with ``*``), or a tag without a value (``value`` is None)."""

    key: str
    value: str | None


@dataclass(frozen=True)
class Not(Node):
    """``!x`` (``symbol``) or ``NOT x``."""

    item: "Scope"
    word: str = "NOT"


@dataclass(frozen=True)
class And(Node):
    """All hold. ``word`` is how it is spelled: ``,`` or ``AND`` or ``and``."""

    items: tuple["Scope", ...]
    word: str = ","


@dataclass(frozen=True)
class Or(Node):
    """Any holds."""

    items: tuple["Scope", ...]
    word: str = "OR"


@dataclass(frozen=True)
class In(Node):
    """``key IN (a, b)`` or ``key NOT IN (a, b)``."""

    key: str
    values: tuple[Word, ...]
    negated: bool
    word: str = "IN"


@dataclass(frozen=True)
class Enclosed(Node):
    """A scope in parentheses."""

    item: "Scope"


Scope = Everything | Tag | Not | And | Or | In | Enclosed


# --- expressions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text(Node):
    """A quoted string: ``raw`` with its quotes, ``value`` without them and with escapes undone."""

    raw: str
    value: str


@dataclass(frozen=True)
class Modifier(Node):
    """``.rollup(avg, 60)``"""

    name: str
    arguments: tuple[Word, ...]


@dataclass(frozen=True)
class MetricQuery(Node):
    """``sum:app.errors{env:prod} by {model}.as_count()``"""

    aggregator: Word
    metric: Word
    scope: Scope
    by: tuple[Word, ...]
    modifiers: tuple[Modifier, ...]

    def modifier(self, name: str) -> Modifier | None:
        """The last modifier of that name."""
        return next((one for one in reversed(self.modifiers) if one.name == name), None)


@dataclass(frozen=True)
class Binary(Node):
    """``left operator right``"""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Negate(Node):
    """``-x``"""

    item: "Expression"


@dataclass(frozen=True)
class Grouped(Node):
    """``(x)``"""

    item: "Expression"


@dataclass(frozen=True)
class Keyword(Node):
    """``interval=60`` inside a call."""

    name: str
    value: "Text | Number | Variable"


@dataclass(frozen=True)
class Call(Node):
    """``clamp_min(x, 1)``"""

    name: Word
    arguments: tuple["Argument", ...]


@dataclass(frozen=True)
class Variable(Node):
    """The name of a query in a formula."""

    name: str


Expression = MetricQuery | Binary | Negate | Grouped | Number | Call | Variable
Argument = Expression | Text | Keyword


# --- monitors -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change(Node):
    """``change(avg(last_5m),1h_ago)``: ``word`` is ``change`` or ``pct_change``."""

    word: str
    shift: Window


@dataclass(frozen=True)
class MetricMonitor(Node):
    """A metric monitor's query."""

    aggregator: Word
    window: Window
    change: Change | None
    expression: Expression
    comparator: Word
    threshold: Number


@dataclass(frozen=True)
class Step(Node):
    """A call in a chain: ``.rollup("count")``."""

    name: str
    arguments: tuple[Text | Word, ...]

    def values(self) -> tuple[str, ...]:
        """The arguments, unquoted."""
        return tuple(one.value if isinstance(one, Text) else one.text for one in self.arguments)


@dataclass(frozen=True)
class ChainMonitor(Node):
    """An event, formula, SLO, cost or process query: a head and its calls."""

    head: Word
    argument: Text
    steps: tuple[Step, ...]
    comparator: Word
    threshold: Number

    def step(self, name: str) -> Step | None:
        """The call of that name."""
        return next((one for one in self.steps if one.name == name), None)


@dataclass(frozen=True)
class CheckMonitor(Node):
    """A service check's query. Its thresholds stand only in the options."""

    check: Text
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The call of that name."""
        return next((one for one in self.steps if one.name == name), None)


@dataclass(frozen=True)
class Member(Node):
    """A monitor in a composite, by its id."""

    name: str


@dataclass(frozen=True)
class BothOf(Node):
    """``a && b``"""

    left: "Composite"
    right: "Composite"


@dataclass(frozen=True)
class EitherOf(Node):
    """``a || b``"""

    left: "Composite"
    right: "Composite"


@dataclass(frozen=True)
class Inverse(Node):
    """``!a``"""

    item: "Composite"


@dataclass(frozen=True)
class Parenthesized(Node):
    """``(a)``"""

    item: "Composite"


Composite = Member | BothOf | EitherOf | Inverse | Parenthesized


@dataclass(frozen=True)
class Opaque(Node):
    """A query that Datadog itself writes and whose text says nothing (synthetics: ``no_query``)."""

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
        """``>``, ``>=`` ...; None where the query has none (composites, checks)."""
        return str(self.body.comparator) if isinstance(self.body, MetricMonitor | ChainMonitor) else None

    @property
    def threshold(self) -> Number | None:
        """The number at the end, with its place."""
        return self.body.threshold if isinstance(self.body, MetricMonitor | ChainMonitor) else None

    def edited(self, span: Span, replacement: str) -> str:
        """The text with one node's characters replaced, and all else as it was."""
        return self.text[: span.start] + replacement + self.text[span.end :]


_PARTS: dict[type[Node], tuple[str, ...]] = {}
"""The names of each kind of node's parts, found once."""


def _parts(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _PARTS:
        _PARTS[kind] = tuple(each.name for each in fields(kind) if each.name != "span")
    return _PARTS[kind]


def walk(node: Node) -> tuple[Node, ...]:
    """A node and all nodes below it, in order of the text."""
    return node.nodes


def _walk(node: Node) -> Iterator[Node]:
    pending: list[Any] = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, Node):
            yield one
            pending.extend(getattr(one, name) for name in reversed(_parts(type(one))))
        elif isinstance(one, tuple):
            pending.extend(reversed(one))
