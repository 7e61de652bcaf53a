"""Points of a graph, as ``/api/v1/query`` returns them."""

from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric.buckets import buckets
from firedrill.evaluate.metric.expression import metric_queries
from firedrill.evaluate.metric.monitor import explicit_bucket
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query import canonical, parse_metric_query


@dataclass(frozen=True)
class GraphSeries:
    """One line: its group's tags, and time and value of each bucket that has a value, stamped at the bucket's start."""

    expression: str
    metric: str
    group: dict[str, str]
    seconds: int
    times: FloatArray
    values: FloatArray


def graph_query(
    text: str, telemetry: Telemetry, start: float, end: float, step: int | None = None
) -> list[GraphSeries]:
    """Return the lines of a query in buckets of ``step`` seconds (an explicit rollup wins; at least a minute).

    Raises ``QueryError`` for text that is not a query and :class:`Refused` for functions that are not implemented.
    """
    expression = parse_metric_query(text)
    seconds = explicit_bucket(expression) or step or CELL
    seconds = max(CELL, -(-seconds // CELL) * CELL)
    low, high = np.floor(start / seconds) * seconds, np.ceil(end / seconds) * seconds
    table, ends, _ = buckets(expression, telemetry, float(low), float(max(high, low + seconds)), seconds)
    metric = ",".join(dict.fromkeys(query.metric.text for query in metric_queries(expression)))
    lines = []
    for key, values in zip(table.keys, table.values, strict=True):
        has_value = ~np.isnan(values)
        if has_value.any():
            group = dict(zip(table.by, key, strict=True))
            lines.append(
                GraphSeries(canonical(expression), metric, group, seconds, ends[has_value] - seconds, values[has_value])
            )
    return lines
