"""What an event monitor asks: the searches, methods and facets of its queries (docs: api/latest/monitors)."""

from collections.abc import Iterable
from dataclasses import dataclass

from firedrill.evaluate.model import Json, Refused
from firedrill.evaluate.table import Key
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
}
"""The track of events that each query head reads."""
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
"""The same for the ``data_source`` of a formula's query."""


@dataclass(frozen=True)
class EventQuery:
    """What to count or measure: events of a track that match, by facets."""

    track: str
    search: str
    method: str
    measure: str | None
    by: Key
    indexes: frozenset[str] = frozenset()
    """Names of log indexes; none means all."""


def shape(query: Query, options: Json) -> tuple[Key, bool]:
    """The facets that the monitor groups by, and whether an empty window is 0 (a count or sum)."""
    if is_metric_formula(options):
        return (), False
    queries = read_queries(query, options)
    by = next((one.by for one in queries.values() if one.by), ())
    counts = all(one.method in COUNTING | {"sum"} for one in queries.values())
    return by, counts and len(queries) == 1


def read_queries(query: Query, options: Json) -> dict[str, EventQuery]:
    """The monitor's queries by name; one without a formula is called ``query``."""
    body = query.body
    assert isinstance(body, ChainMonitor)
    if body.head.text != "formula":
        if body.head.text not in TRACKS:
            raise Refused(body.head.text, "is not implemented")
        return {"query": _inline(body)}
    for name in ("change", "anomaly", "current", "forecast"):
        if body.step(name) is not None:
            raise Refused(f".{name}()", "of a formula is not implemented")
    step = body.step("by")
    own = _facets(step.values()) if step is not None else None
    return {
        str(variable.get("name")): _variable(variable, own)
        for variable in options.get("variables") or []
        if variable.get("data_source") != "metrics"
    }


def _inline(body: ChainMonitor) -> EventQuery:
    rollup, by, index = body.step("rollup"), body.step("by"), body.step("index")
    assert rollup is not None
    method, *measure = rollup.values()
    return EventQuery(
        TRACKS[body.head.text],
        _search(body),
        method,
        measure[0] if measure else None,
        _facets(by.values()) if by else (),
        _indexes(index.values() if index is not None else ()),
    )


def _search(body: ChainMonitor) -> str:
    """What is searched for; of errors also where they come from, and whether their issue is new.

    https://docs.datadoghq.com/monitors/types/error_tracking/
    """
    search = body.argument.value
    if not body.head.text.startswith("error-tracking"):
        return search
    terms = [f"@{kind}:true" for kind in ("new", "impact") if body.step(kind) is not None][:1]
    source = body.step("source")
    terms += [f"@issue.source:{one}" for one in (source.values() if source is not None else ()) if one != "all"]
    if not terms:
        return search
    own = [] if search.strip() in {"", "*"} else [f"({search})"]
    return " ".join([*own, *terms])


def _indexes(given: Iterable[str]) -> frozenset[str]:
    names = frozenset(name.strip() for one in given for name in one.split(","))
    return frozenset() if "*" in names else names - {""}


def _facets(values: tuple[str, ...]) -> Key:
    names = [name.strip() for value in values for name in value.split(",")]
    return () if names == ["*"] else tuple(name for name in names if name)


def _variable(variable: Json, own: Key | None) -> EventQuery:
    source = str(variable.get("data_source"))
    if source not in DATA_SOURCES:
        raise Refused(source, "is no source of events that is implemented")
    compute = variable.get("compute") or {}
    method = str(compute.get("aggregation"))
    if method not in COUNTING | MEASURING:
        raise Refused(method, "is no aggregation of events")
    groups = tuple(str(one["facet"]) for one in variable.get("group_by") or [])
    search = (variable.get("search") or {}).get("query") or "*"
    return EventQuery(DATA_SOURCES[source], search, method, compute.get("metric"), own if own is not None else groups,
                      _indexes(variable.get("indexes") or ()))  # fmt: skip


def is_metric_formula(options: Json) -> bool:
    return any(one.get("data_source") == "metrics" for one in options.get("variables") or [])
