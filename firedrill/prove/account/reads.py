"""Everything that an account's monitors and SLOs read: metrics and searches."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from firedrill.evaluate import Refused
from firedrill.evaluate.event.queries import is_metric_formula, read_queries
from firedrill.evaluate.metric.monitor import lookback
from firedrill.evaluate.model import Json
from firedrill.query import QueryError, metric_references, parse, parse_metric_query
from firedrill.query.references import MetricReference
from firedrill.query.tree import ChainMonitor, MetricMonitor

DAY = 86400
EVENT_LOOKBACK = 2 * DAY
"""The longest window of a monitor on events."""
SLO_LOOKBACK = 30 * DAY


@dataclass
class Reads:
    """Everything that monitors and SLOs read: metrics with their references, and searches by track.

    ``lookback`` is the longest time (seconds) before an evaluation that a value depends on.
    """

    metrics: dict[str, list[MetricReference]] = field(default_factory=lambda: defaultdict(list))
    searches: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lookback: float = 0

    def add(self, references: Sequence[MetricReference]) -> None:
        """Add references of metrics."""
        for reference in references:
            self.metrics[reference.metric].append(reference)


def reads_of(account: Json) -> Reads:
    """Return everything that the monitors and SLOs read. A query that cannot be parsed reads nothing."""
    reads = Reads()
    for monitor in account["monitors"]:
        try:
            _add_monitor(reads, monitor)
        except (QueryError, Refused, KeyError):
            continue
    for slo in account["slos"]:
        for text in slo_queries(slo):
            try:
                reads.add(metric_references(parse_metric_query(text)))
            except QueryError:
                continue
    return reads


def _add_monitor(reads: Reads, monitor: Json) -> None:
    options = monitor.get("options") or {}
    query = parse(monitor["type"], monitor["query"])
    reads.add(metric_references(query))
    body = query.body
    if isinstance(body, MetricMonitor):
        reads.lookback = max(reads.lookback, lookback(body, options))
    elif isinstance(body, ChainMonitor) and is_metric_formula(options):
        for variable in options["variables"]:
            reads.add(metric_references(parse_metric_query(variable["query"])))
    elif isinstance(body, ChainMonitor) and query.type != "slo alert":
        reads.lookback = max(reads.lookback, EVENT_LOOKBACK)
        for search in read_queries(query, options).values():
            reads.searches[search.track].add(search.search)
    elif isinstance(body, ChainMonitor):
        reads.lookback = max(reads.lookback, SLO_LOOKBACK)


def slo_queries(slo: Json) -> Iterator[str]:
    """Yield the metric queries of an SLO."""
    query, specification = slo.get("query") or {}, slo.get("sli_specification") or {}
    yield from (query[part] for part in ("numerator", "denominator") if query.get(part))
    for kind in ("count", "time_slice"):
        inner = specification.get(kind) or {}
        yield from (item["query"] for item in inner.get("queries") or (inner.get("query") or {}).get("queries") or ())
