"""Conventions: the undocumented rules that a monitor's result depends on, by name."""

from collections.abc import Iterator

from firedrill.evaluate.metric.alignment import is_counted
from firedrill.evaluate.metric.expression import OF_SEVERAL_POINTS, function_names, metric_queries
from firedrill.evaluate.metric.monitor import explicit_bucket, is_sum_path
from firedrill.evaluate.metric.smoothing import SMOOTHING
from firedrill.evaluate.model import Note
from firedrill.evaluate.state.rules import Rules
from firedrill.query import Query
from firedrill.query.functions import RANKS
from firedrill.query.tree import ChainMonitor, MetricMonitor, Not, walk

WINDOW = Note("C-window", "a window of N minutes at t holds points with t-N < m <= t")
HYSTERESIS = Note("C-hysteresis", "critical, its recovery, warning, its recovery are tested in this order")
TIMEOUT = Note("C-timeout", "timeout_h runs from the first empty evaluation; it resolves when as long has passed")
DELAY_EDGE = Note("C-delay-edge", "a new group is first evaluated at first seen + delay")
PERCENTILE = Note("C-percentile", "nearest rank of raw values; the product uses sketches")
BUCKET = Note("C-bucket", "points of a minute up to 4 hours, 5 minutes up to a day: a monitor's own are not documented")
PARTIAL = Note("rollup edges", "buckets are aligned to UNIX time and both edge buckets partial: delay by one bucket")
ALIGNED = Note(
    "counts without a series",
    "0 in a formula, as a missing point is: the pages do not say so of a series that never was",
)
ABSENT = Note("C-neg-absent", "a series without the tag passes a negation")
SMOOTHED = Note("smoothing", "from the window's first point on, with weights of 2 / (span + 1)", approximation=True)
RANKED = Note("top()", "ranked by the window's points; a group that is not in it keeps its state", approximation=True)
COUNTED = Note(
    "as_count() of several points", "a function of each minute's count, which is then added", approximation=True
)
NESTED = Note("nested aggregation", "nearest rank and population deviation; a preview of Datadog", approximation=True)
SLO_OPERATOR = Note("C-slo-op", "compared with the operator in the query, tolerance 1e-9")
SLO_EVERY = Note("SLO alerts", "evaluated each minute: their frequency and missing data are not documented")
SUBSET = Note("notify_by", "a subset recovers when all its groups are OK")


def conventions(query: Query, rules: Rules) -> set[Note]:
    """Return the conventions that apply to a monitor's definition."""
    return set(_of_rules(rules)) | set(_of_query(query))


def _of_rules(rules: Rules) -> Iterator[Note]:
    thresholds = rules.thresholds
    if thresholds is not None and (thresholds.critical_recovery, thresholds.warning_recovery) != (None, None):
        yield HYSTERESIS
    if rules.resolve_after:
        yield TIMEOUT
    if rules.new_group_delay:
        yield DELAY_EDGE
    if rules.notify_by:
        yield SUBSET
    yield from rules.notes


def _of_query(query: Query) -> Iterator[Note]:
    body = query.body
    if isinstance(body, ChainMonitor):
        if query.type == "slo alert":
            yield from (SLO_OPERATOR, SLO_EVERY)
        else:
            yield WINDOW
            yield from (
                PERCENTILE for call in body.calls if call.name == "rollup" and "pc" in "".join(call.values()[:1])
            )
    if not isinstance(body, MetricMonitor):
        return
    yield WINDOW
    yield from _of_functions(body)
    queries = metric_queries(body.expression)
    if any(query.aggregator.text.startswith("p") for query in queries):
        yield PERCENTILE
    if any(isinstance(node, Not) for query in queries for node in walk(query.scope)):
        yield ABSENT
    if len(queries) > 1 and any(is_counted(query) for query in queries):
        yield ALIGNED
    if not is_sum_path(body) and body.aggregator.text != "percentile":
        yield BUCKET if explicit_bucket(body.expression) is None else PARTIAL


def _of_functions(body: MetricMonitor) -> Iterator[Note]:
    names = function_names(body.expression)
    if names & SMOOTHING.keys():
        yield SMOOTHED
    if "top" in names or any(RANKS.fullmatch(name) for name in names):
        yield RANKED
    if is_sum_path(body) and names & OF_SEVERAL_POINTS:
        yield COUNTED
    if names & {"percentile", "stddev"}:
        yield NESTED
