"""Heat map of a distribution: how many of its values lie in each range of values, over time."""

from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.metric.expression import metric_queries
from firedrill.evaluate.metric.scope import selects, tag_values
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query import parse_metric_query

BINS = 24


@dataclass(frozen=True)
class Heatmap:
    """``counts[i][j]`` values in the bucket that starts at ``times[i]``, between ``edges[j]`` and ``edges[j + 1]``."""

    times: FloatArray
    edges: FloatArray
    counts: FloatArray


def heatmap(text: str, telemetry: Telemetry, start: float, end: float, seconds: int) -> Heatmap:
    """Return the heat map of ``histogram:METRIC{SCOPE}``; its ranges grow by a factor, as durations do."""
    [query] = metric_queries(parse_metric_query(text))
    low = np.floor(start / seconds) * seconds
    edges_of_time = np.arange(low, end + seconds, seconds)
    chosen = [
        series
        for series in telemetry.series(query.metric.text, float(low), float(edges_of_time[-1]))
        if selects(query.scope, tag_values(series.tags))
    ]
    times = np.concatenate([np.empty(0), *(series.times for series in chosen)])
    values = np.concatenate([np.empty(0), *(series.values for series in chosen)])
    positive = values[values > 0]
    if not positive.size:
        return Heatmap(edges_of_time[:-1], np.empty(0), np.empty((edges_of_time.size - 1, 0)))
    lowest, highest = np.percentile(positive, 0.5), positive.max()
    edges = np.geomspace(lowest, max(highest, lowest * 1.01) * 1.0001, BINS + 1)
    counts, _, _ = np.histogram2d(times, np.clip(values, edges[0], None), bins=[edges_of_time, edges])
    return Heatmap(edges_of_time[:-1], edges, counts)
