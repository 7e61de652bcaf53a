"""Parser of queries: text in, tree or :class:`QueryError` out.

Sources: docs.datadoghq.com/api/latest/monitors, /monitors/types/metric, /metrics/advanced-filtering.
"""

from functools import cache, lru_cache
from importlib.resources import files

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from firedrill.query.build import (
    MAX_DEPTH,
    ChainBuilder,
    CompositeBuilder,
    MetricBuilder,
    TreeBuilder,
    depth,
    first_number_beyond,
)
from firedrill.query.chains import check_chain
from firedrill.query.errors import QueryError
from firedrill.query.tree import (
    Body,
    ChainMonitor,
    CheckMonitor,
    Expression,
    Keyword,
    MetricMonitor,
    MetricQuery,
    Opaque,
    Query,
    QueryName,
    QuotedString,
    Scope,
    walk,
)

MAX_LENGTH = 20_000
METRIC_TYPES = frozenset({"query alert", "metric alert"})
CHAIN_HEADS: dict[str, tuple[str, ...]] = {
    "log alert": ("logs",),
    "trace-analytics alert": ("trace-analytics",),
    "rum alert": ("rum",),
    "event-v2 alert": ("events",),
    "event alert": ("events",),
    "error-tracking alert": ("error-tracking", "error-tracking-rum", "error-tracking-traces", "error-tracking-logs"),
    "ci-pipelines alert": ("ci-pipelines",),
    "ci-tests alert": ("ci-tests",),
    "audit alert": ("audits",),
    "database-monitoring alert": ("database-monitoring",),
    "network-performance alert": ("network-performance",),
    "network-path alert": ("network-path",),
    "llm-observability alert": ("llm-observability",),
    "data-jobs alert": ("data-jobs",),
    "data-quality alert": ("data-quality",),
    "cost alert": (),
    "process alert": ("processes",),
    "slo alert": ("error_budget", "burn_rate"),
}
MONITOR_TYPES = METRIC_TYPES | CHAIN_HEADS.keys() | {"service check", "composite", "synthetics alert"}
OWN_FORMULAS = frozenset({"data-jobs alert"})
"""Types whose formulas have functions of their own, such as ``failed_runs(query)``."""
_BUILDERS: dict[str, type[TreeBuilder]] = {
    "metric": MetricBuilder,
    "chain": ChainBuilder,
    "composite": CompositeBuilder,
}
_READABLE = {
    "COMPARATOR": "a comparison (>, >=, <, <=)",
    "NUMBER": "a number",
    "WINDOW": "a window such as last_5m",
    "SPACE_AGGREGATOR": "a space aggregator and ':' (avg:, sum:, min:, max:, count:, p95:)",
    "TIME_AGGREGATOR": "avg(, sum(, min(, max( or percentile(",
    "CHANGE": "change(",
    "METRIC": "a metric's name",
    "NAME": "a name",
    "TAG": "a tag such as env:prod",
    "STRING": "a quoted text",
    "SHIFT": "a shift such as 1h_ago",
    "MODIFIER": "a modifier such as .as_count()",
    "MEMBER": "a monitor's id",
    "BARE": "a value",
    "KEYWORD": "name=value",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COLON": "':'",
    "COMMA": "','",
    "DOT": "'.'",
    "BY": "by",
    "$END": "the end of the query",
}


@cache
def _grammar(name: str) -> Lark:
    text = (files("firedrill.query") / f"{name}.lark").read_text(encoding="utf-8")
    start = ["monitor", "expression", "scope"] if name == "metric" else ["monitor"]
    return Lark(text, parser="lalr", start=start, propagate_positions=True, maybe_placeholders=True)


def _expected(error: UnexpectedInput) -> str:
    names = set(error.accepts if isinstance(error, UnexpectedToken) and error.accepts else ())
    if isinstance(error, UnexpectedCharacters):
        names = set(error.allowed or ())
    readable = sorted({_READABLE[name] for name in names if name in _READABLE})
    return f": expected {' or '.join(readable)}" if readable else ""


def _parse_tree(grammar: str, text: str, start: str) -> Tree[Token]:
    try:
        return _grammar(grammar).parse(text, start=start)
    except UnexpectedEOF as error:
        raise QueryError(f"the query ends too early{_expected(error)}", text, len(text), len(text) + 1) from error
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            raise QueryError(f"the query ends too early{_expected(error)}", text, len(text), len(text) + 1) from error
        begin = token.start_pos or 0
        raise QueryError(f"unexpected {str(token)!r}{_expected(error)}", text, begin, begin + len(token)) from error
    except UnexpectedCharacters as error:
        begin = error.pos_in_stream or 0
        raise QueryError(f"unexpected {text[begin]!r}{_expected(error)}", text, begin, begin + 1) from error


@lru_cache(maxsize=2048)
def _parse(grammar: str, text: str, start: str = "monitor") -> object:
    """Return the tree of a text. Trees are immutable, and an account's queries are parsed again and again."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters", text, MAX_LENGTH, len(text))
    tree = _parse_tree(grammar, text, start)
    if not isinstance(tree, Tree):
        raise QueryError("the query is empty", text, 0, len(text))
    if depth(tree) > MAX_DEPTH:
        raise QueryError(f"the query is nested deeper than {MAX_DEPTH}", text, 0, len(text))
    try:
        node: object = _BUILDERS[grammar](text).transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    too_large = first_number_beyond(node, float("inf"))  # type: ignore[arg-type]  # every start builds a Node
    if too_large is not None:
        raise QueryError("the number is too large", text, too_large.span.start, too_large.span.end)
    return node


def parse_metric_query(text: str) -> Expression:
    """Parse a graph's query, such as ``sum:app.hits{env:prod}.as_count() / 60`` (SLOs, widgets)."""
    node: Expression = _parse("metric", text, "expression")  # type: ignore[assignment]  # what this start builds
    variable = next((part for part in walk(node) if isinstance(part, QueryName)), None)
    if variable is not None and not _is_keyword_value(node, variable):
        message = f"{variable.name!r} has no aggregator: write avg:{variable.name}{{*}}"
        raise QueryError(message, text, variable.span.start, variable.span.end)
    return node


def parse_formula(text: str) -> Expression:
    """Parse a formula over named queries, such as ``query2 / query1 * 100``."""
    return _parse("metric", text, "expression")  # type: ignore[return-value]  # what this start builds


def parse_scope(text: str) -> Scope:
    """Parse a scope, the part between braces, such as ``env:prod,!status:ok``."""
    return _parse("metric", text, "scope")  # type: ignore[return-value]  # what this start builds


def _is_keyword_value(node: Expression, variable: QueryName) -> bool:
    return any(isinstance(part, Keyword) and part.value is variable for part in walk(node))


def parse(type: str, query: str) -> Query:
    """Parse a monitor's query.

    Raises :class:`QueryError` for an unknown type and for text outside the type's grammar.
    """
    if type not in MONITOR_TYPES:
        raise QueryError(f"unknown monitor type {type!r}", query, 0, len(query))
    return Query(type, query, _body(type, query))


def _body(type: str, query: str) -> Body:
    if type == "synthetics alert":
        return Opaque(query)
    if type == "composite":
        return _parse("composite", query)  # type: ignore[return-value]  # what this grammar builds
    if type in METRIC_TYPES and not query.lstrip().startswith("formula"):
        monitor = _parse("metric", query)
        assert isinstance(monitor, MetricMonitor)
        _check_metric(query, monitor)
        return monitor
    chain = _parse("chain", query)
    assert isinstance(chain, ChainMonitor | CheckMonitor)
    check_chain(type, query, chain, CHAIN_HEADS.get(type, ()))
    if isinstance(chain, ChainMonitor) and chain.head.text == "formula" and type not in OWN_FORMULAS:
        _check_formula(query, chain.argument)
    return chain


def _check_formula(query: str, argument: QuotedString) -> None:
    """Raise :class:`QueryError`, with its place in the query, for a formula that cannot be read."""
    try:
        parse_formula(argument.value)
    except QueryError as error:
        start = argument.span.start + 1
        raise QueryError(error.message, query, start + error.start, start + error.end) from error


def _check_metric(query: str, monitor: MetricMonitor) -> None:
    for node in walk(monitor.expression):
        if isinstance(node, QueryName) and not _is_keyword_value(monitor.expression, node):
            message = f"{node.name!r} has no aggregator: write avg:{node.name}{{*}}"
            raise QueryError(message, query, node.span.start, node.span.end)
        if isinstance(node, MetricQuery) and node.aggregator.text == "histogram":
            place = node.aggregator.span
            raise QueryError("a histogram is for heat maps: a monitor cannot compare it", query, place.start, place.end)
