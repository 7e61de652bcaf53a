"""Queries of an event monitor: searches, aggregations and facets (docs: api/latest/monitors)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from firedrill.evaluate.metric.expression import common_tags
from firedrill.evaluate.metric.table import GroupKey
from firedrill.evaluate.model import Json, Refused
from firedrill.query import Query
from firedrill.query.chains import COUNTING, MEASURING
from firedrill.query.tree import ChainMonitor

TRACKS = {
    "logs": "logs",
    "trace-analytics": "spans",
    "rum": "rum",
    "events": "events",
    "ci-pipelines": "cipipeline",
    "ci-tests": "citest",
    "audits": "audit",
    "database-monitoring": "databasequery",
    "llm-observability": "llmobs",
    "network-performance": "network",
    "network-path": "netpath",
    "error-tracking": "error-tracking",
    "error-tracking-rum": "error-tracking",
    "error-tracking-traces": "error-tracking",
    "error-tracking-logs": "error-tracking",
    "processes": "process",
}
"""Track of events by the head of a query."""
NOT_EVALUATED = {
    "cost alert": "daily costs are not part of telemetry",
    "data-jobs alert": "runs of jobs are not part of telemetry",
    "data-quality alert": "the quality of tables is not part of telemetry",
}
"""Types of monitors that are refused, with the reason."""
PROCESS = "process"
"""The field that identifies a process of the track ``process``: a monitor counts the different ones in its window."""
DATA_SOURCES = {
    "logs": "logs",
    "spans": "spans",
    "rum": "rum",
    "events": "events",
    "ci_pipelines": "cipipeline",
    "ci_tests": "citest",
    "audit": "audit",
    "database_queries": "databasequery",
    "network": "network",
    "network_path": "netpath",
    "llm_observability": "llmobs",
}
"""Track of events by the ``data_source`` of a formula's query."""


@dataclass(frozen=True)
class EventQuery:
    """Events of a track that match a search, aggregated by a method over a measure, grouped by facets."""

    track: str
    search: str
    method: str
    measure: str | None
    by: GroupKey
    indexes: frozenset[str] = frozenset()
    """Names of log indexes; none means all."""


def group_by_and_counts(query: Query, options: Json) -> tuple[GroupKey, bool]:
    """Return the facets that the monitor groups by, and whether an empty window is 0 (a count or sum)."""
    if is_metric_formula(options):
        check_formula(query)
        return (), False
    queries = read_queries(query, options)
    counts = all(query.method in COUNTING | {"sum"} for query in queries.values())
    return common_group_by(queries), counts and len(queries) == 1


def common_group_by(queries: dict[str, EventQuery]) -> GroupKey:
    """Return the facets of the query that has those of all others, too. Raises :class:`Refused` for no such query."""
    return reduce(common_tags, (query.by for query in queries.values()), ())


def read_queries(query: Query, options: Json) -> dict[str, EventQuery]:
    """Return the monitor's queries by name; the query of a monitor without a formula is called ``query``."""
    body = query.body
    assert isinstance(body, ChainMonitor)
    check_formula(query)
    if body.head.text != "formula":
        if body.head.text not in TRACKS:
            raise Refused(body.head.text, "is not implemented")
        return {"query": _inline_query(body)}
    by = body.call("by")
    formula_by = _facets(by.values()) if by is not None else None
    return {
        str(variable.get("name")): variable_query(variable, formula_by)
        for variable in options.get("variables") or []
        if variable.get("data_source") != "metrics"
    }


def check_formula(query: Query) -> None:
    """Raise :class:`Refused` for a type whose data no telemetry has, and for a comparison that is not evaluated."""
    if query.type in NOT_EVALUATED:
        raise Refused(query.type, NOT_EVALUATED[query.type])
    for name in ("change", "anomaly", "forecast"):
        if isinstance(query.body, ChainMonitor) and query.body.call(name) is not None:
            raise Refused(f".{name}()", "of a formula is not implemented")


def is_metric_formula(options: Json) -> bool:
    """Return whether the monitor is a formula over metric queries."""
    return any(variable.get("data_source") == "metrics" for variable in options.get("variables") or [])


def _inline_query(body: ChainMonitor) -> EventQuery:
    rollup, by, index = body.call("rollup"), body.call("by"), body.call("index")
    method, *measure = (rollup.values() if rollup is not None else ()) or ("count",)
    if body.head.text == "processes":
        method, measure = "cardinality", [PROCESS]
    return EventQuery(
        TRACKS[body.head.text],
        _search(body),
        method,
        measure[0] if measure else None,
        _facets(by.values()) if by else (),
        _indexes(index.values() if index is not None else ()),
    )


def _search(body: ChainMonitor) -> str:
    """Return the search; of processes with their tags, of errors with their source and whether the issue is new.

    https://docs.datadoghq.com/monitors/types/error_tracking/
    """
    search = body.argument.value
    over = body.call("over")
    if over is not None:
        terms = [value if ":" in value else f"tags:{value}" for value in over.values() if value != "*"]
        return " ".join([*([f"({search})"] if search.strip() else []), *terms]) or "*"
    if not body.head.text.startswith("error-tracking"):
        return search
    terms = [f"@{kind}:true" for kind in ("new", "impact") if body.call(kind) is not None][:1]
    source = body.call("source")
    sources = source.values() if source is not None else ()
    terms += [f"@issue.source:{name}" for name in sources if name != "all"]
    if not terms:
        return search
    written = [] if search.strip() in {"", "*"} else [f"({search})"]
    return " ".join([*written, *terms])


def _indexes(arguments: Iterable[str]) -> frozenset[str]:
    names = frozenset(name.strip() for argument in arguments for name in argument.split(","))
    return frozenset() if "*" in names else names - {""}


def _facets(values: tuple[str, ...]) -> GroupKey:
    names = [name.strip() for value in values for name in value.split(",")]
    return () if names == ["*"] else tuple(name for name in names if name)


def variable_query(variable: Json, formula_by: GroupKey | None, tracks: Mapping[str, str] = DATA_SOURCES) -> EventQuery:
    """Return a named query of a formula; ``formula_by`` are the facets that the formula itself groups by, if any.

    ``tracks`` are the tracks of events by data source.

    Raises:
        Refused: a source of events or an aggregation that is not implemented.
    """
    source = str(variable.get("data_source"))
    if source not in tracks:
        raise Refused(f"data_source {source}", "is not an implemented source of events")
    compute = variable.get("compute") or {}
    method = str(compute.get("aggregation"))
    if method not in COUNTING | MEASURING:
        raise Refused(method, "is not an aggregation of events")
    by = tuple(str(group["facet"]) for group in variable.get("group_by") or [])
    return EventQuery(
        tracks[source],
        (variable.get("search") or {}).get("query") or "*",
        method,
        compute.get("metric"),
        formula_by if formula_by is not None else by,
        _indexes(variable.get("indexes") or ()),
    )
