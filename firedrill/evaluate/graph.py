"""The points of a graph: what ``/api/v1/query`` answers."""

from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.expression import metric_queries
from firedrill.evaluate.metrics import explicit_bucket
from firedrill.evaluate.slices import buckets
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.windows import CELL
from firedrill.query import canonical, parse_metric_query


@dataclass(frozen=True)
class GraphSeries:
    """One line: its group's tags, and (time, value) for each bucket that has a value, stamped at the bucket's start."""

    expression: str
    metric: str
    group: dict[str, str]
    seconds: int
    times: FloatArray
    values: FloatArray


def graph_query(
    text: str, telemetry: Telemetry, start: float, end: float, step: int | None = None
) -> list[GraphSeries]:
    """The query between two times in buckets of ``step`` seconds (an explicit rollup wins; at least a minute).

    Raises ``QueryError`` for text that is no query and :class:`Refused` for functions that are not implemented.
    """
    expression = parse_metric_query(text)
    seconds = explicit_bucket(expression) or step or CELL
    seconds = max(CELL, -(-seconds // CELL) * CELL)
    low, high = np.floor(start / seconds) * seconds, np.ceil(end / seconds) * seconds
    table, ends, _ = buckets(expression, telemetry, float(low), float(max(high, low + seconds)), seconds)
    metric = ",".join(dict.fromkeys(query.metric.text for query in metric_queries(expression)))
    result = []
    for key, values in zip(table.keys, table.values, strict=True):
        some = ~np.isnan(values)
        if some.any():
            group = dict(zip(table.by, key, strict=True))
            result.append(
                GraphSeries(canonical(expression), metric, group, seconds, ends[some] - seconds, values[some])
            )
    return result
