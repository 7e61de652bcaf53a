"""Reading queries: text in, tree or :class:`QueryError` out.

Sources: docs.datadoghq.com/api/latest/monitors, /monitors/types/metric, /metrics/advanced-filtering.
"""

from functools import cache, lru_cache
from importlib.resources import files

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from firedrill.query.build import (
    DEEPEST,
    Builder,
    ChainBuilder,
    CompositeBuilder,
    MetricBuilder,
    depth,
    first_numbers_beyond,
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
    Scope,
    Variable,
    walk,
)

LONGEST = 20_000
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
_BUILDERS: dict[str, type[Builder]] = {"metric": MetricBuilder, "chain": ChainBuilder, "composite": CompositeBuilder}
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
    "$END": "the end",
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


def _tree(grammar: str, text: str, start: str) -> Tree[Token]:
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
def _built(grammar: str, text: str, start: str = "monitor") -> object:
    """The tree of a text; trees are immutable, and an account's queries are asked for again and again."""
    if len(text) > LONGEST:
        raise QueryError(f"the query is longer than {LONGEST} characters", text, LONGEST, len(text))
    tree = _tree(grammar, text, start)
    if not isinstance(tree, Tree):
        raise QueryError("the query is empty", text, 0, len(text))
    if depth(tree) > DEEPEST:
        raise QueryError(f"the query is nested deeper than {DEEPEST}", text, 0, len(text))
    try:
        node: object = _BUILDERS[grammar](text).transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    too_large = first_numbers_beyond(node, float("inf"))  # type: ignore[arg-type]  # every start builds a Node
    if too_large is not None:
        raise QueryError("the number is too large", text, too_large.span.start, too_large.span.end)
    return node


def parse_metric_query(text: str) -> Expression:
    """A graph's query, such as ``sum:app.hits{env:prod}.as_count() / 60`` (SLOs, widgets)."""
    node: Expression = _built("metric", text, "expression")  # type: ignore[assignment]  # what this start builds
    named = next((one for one in walk(node) if isinstance(one, Variable)), None)
    if named is not None and not _is_keyword_value(node, named):
        message = f"{named.name!r} has no aggregator: write avg:{named.name}{{*}}"
        raise QueryError(message, text, named.span.start, named.span.end)
    return node


def parse_formula(text: str) -> Expression:
    """A formula over named queries, such as ``query2 / query1 * 100``."""
    return _built("metric", text, "expression")  # type: ignore[return-value]  # what this start builds


def parse_scope(text: str) -> Scope:
    """The part between braces, such as ``env:prod,!status:ok``."""
    return _built("metric", text, "scope")  # type: ignore[return-value]  # what this start builds


def _is_keyword_value(node: Expression, variable: Variable) -> bool:
    return any(isinstance(one, Keyword) and one.value is variable for one in walk(node))


def parse(type: str, query: str) -> Query:
    """A monitor's query.

    Raises :class:`QueryError` for an unknown type and for text that the type's grammar does not have.
    """
    if type not in MONITOR_TYPES:
        raise QueryError(f"unknown monitor type {type!r}", query, 0, len(query))
    return Query(type, query, _body(type, query))


def _body(type: str, query: str) -> Body:
    if type == "synthetics alert":
        return Opaque(query)
    if type == "composite":
        return _built("composite", query)  # type: ignore[return-value]  # what this grammar builds
    if type in METRIC_TYPES and not query.lstrip().startswith("formula"):
        monitor = _built("metric", query)
        assert isinstance(monitor, MetricMonitor)
        _check_metric(query, monitor)
        return monitor
    chain = _built("chain", query)
    assert isinstance(chain, ChainMonitor | CheckMonitor)
    check_chain(type, query, chain, CHAIN_HEADS.get(type, ()))
    return chain


def _check_metric(query: str, monitor: MetricMonitor) -> None:
    for node in walk(monitor.expression):
        if isinstance(node, Variable) and not _is_keyword_value(monitor.expression, node):
            message = f"{node.name!r} has no aggregator: write avg:{node.name}{{*}}"
            raise QueryError(message, query, node.span.start, node.span.end)
        if isinstance(node, MetricQuery) and node.aggregator.text == "histogram":
            place = node.aggregator.span
            raise QueryError("a histogram is for heat maps: no monitor can compare it", query, place.start, place.end)
