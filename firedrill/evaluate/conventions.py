"""Which undocumented points a monitor's result depends on, by the names that the conventions have."""

from collections.abc import Iterator

from firedrill.evaluate.expression import metric_queries
from firedrill.evaluate.metrics import explicit_bucket, is_sum_path
from firedrill.evaluate.model import Note
from firedrill.evaluate.rules import Rules
from firedrill.query import Query
from firedrill.query.tree import ChainMonitor, MetricMonitor, Not, walk

WINDOW = Note("C-window", "a window of N minutes at t holds points with t-N < m <= t")
HYSTERESIS = Note("C-hysteresis", "critical, its recovery, warning, its recovery are tested in this order")
TIMEOUT = Note("C-timeout", "timeout_h runs from the first empty evaluation; it resolves when as long has passed")
DELAY_EDGE = Note("C-delay-edge", "a new group is first evaluated at first seen + delay")
PERCENTILE = Note("C-percentile", "nearest rank of raw values; the product uses sketches")
BUCKET = Note("C-bucket", "points of a minute up to 4 hours, 5 minutes up to a day: a monitor's own are not documented")
PARTIAL = Note("rollup edges", "buckets are aligned to UNIX time and both edge buckets partial: delay by one bucket")
ABSENT = Note("C-neg-absent", "a series without the tag passes a negation")
SLO_OPERATOR = Note("C-slo-op", "compared with the operator in the query, tolerance 1e-9")
SLO_EVERY = Note("SLO alerts", "evaluated each minute: their frequency and missing data are not documented")
SUBSET = Note("notify_by", "a subset recovers when all its groups are OK")


def conventions(query: Query, rules: Rules) -> set[Note]:
    """The conventions that the monitor's definition brings in."""
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
                PERCENTILE for step in body.steps if step.name == "rollup" and "pc" in "".join(step.values()[:1])
            )
    if not isinstance(body, MetricMonitor):
        return
    yield WINDOW
    queries = metric_queries(body.expression)
    if any(one.aggregator.text.startswith("p") for one in queries):
        yield PERCENTILE
    if any(isinstance(node, Not) for one in queries for node in walk(one.scope)):
        yield ABSENT
    if not is_sum_path(body) and body.aggregator.text != "percentile":
        yield BUCKET if explicit_bucket(body.expression) is None else PARTIAL
