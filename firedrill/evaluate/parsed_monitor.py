"""A monitor's definition, parsed: its query, its rules and its group-by."""

import json
from dataclasses import dataclass
from functools import lru_cache

from firedrill.evaluate.event.queries import group_by_and_counts
from firedrill.evaluate.event.service_checks import check_group_by
from firedrill.evaluate.metric.expression import DEFAULTS, check_function, function_names, group_by, metric_queries
from firedrill.evaluate.metric.monitor import check_metric, is_sum_path
from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.state.rules import Rules, read_rules
from firedrill.query import Query, parse, parse_formula
from firedrill.query.tree import Call, ChainMonitor, CheckMonitor, MetricMonitor, QueryName, walk


@dataclass(frozen=True)
class ParsedMonitor:
    """Query and rules of a monitor, and the tags that it groups by."""

    query: Query
    rules: Rules
    by: tuple[str, ...]


def parse_monitor(monitor: Json) -> ParsedMonitor:
    """Parse a monitor. Raises :class:`Refused`, or ``QueryError`` for text that is not a query."""
    parsed_fields = ("id", "type", "query", "options", "tags")
    return _parse(json.dumps({key: monitor.get(key) for key in parsed_fields}, sort_keys=True))


@lru_cache(maxsize=1024)
def _parse(text: str) -> ParsedMonitor:
    monitor: Json = json.loads(text)
    query = parse(monitor["type"], monitor["query"])
    by: tuple[str, ...] = ()
    counts = always = False
    match query.body:
        case MetricMonitor() as body:
            by = group_by(body.expression)
            counts = is_sum_path(body) and not function_names(body.expression) & DEFAULTS
        case ChainMonitor() if query.type != "slo alert":
            by, counts = group_by_and_counts(query, monitor.get("options") or {})
            always = counts and not by
        case CheckMonitor() as body:
            by = check_group_by(body)
    return ParsedMonitor(query, read_rules(monitor, query, counts=counts, by=by, always=always), by)


def check_query(parsed: ParsedMonitor, monitor: Json) -> None:
    """Raise :class:`Refused` for a query that cannot be evaluated, without evaluating it."""
    body = parsed.query.body
    if isinstance(body, MetricMonitor):
        check_metric(body)
        if not metric_queries(body.expression):
            raise Refused("query", f"monitor {monitor['id']} reads no metric")
    if isinstance(body, ChainMonitor) and body.head.text == "formula":
        variables = (monitor.get("options") or {}).get("variables") or []
        names = {str(variable.get("name")) for variable in variables}
        for node in walk(parse_formula(body.argument.value)):
            if isinstance(node, QueryName) and node.name not in names:
                raise Refused(node.name, "no query has this name")
            if isinstance(node, Call):
                check_function(node)
