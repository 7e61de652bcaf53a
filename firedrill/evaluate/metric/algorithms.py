"""Monitors on anomalies, forecasts and outliers, approximated (docs: monitors/types/anomaly, forecasts, outlier).

Datadog does not publish the formulas, so every result is indicative. Bands are medians with ``deviations`` robust
standard deviations (1.4826 times the median absolute deviation) around them.
"""

import numpy as np

from firedrill.evaluate.metric.algorithm_inputs import Arguments
from firedrill.evaluate.metric.anomalies import measure_anomalies
from firedrill.evaluate.metric.forecasts import measure_forecast
from firedrill.evaluate.metric.outliers import measure_outliers
from firedrill.evaluate.model import Json, Note, Refused
from firedrill.evaluate.signals import EMPTY, SKIP, VALUE, Signal
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.query.tree import Call, GroupTags, Keyword, MetricMonitor, QuotedString


def measure_algorithm(
    monitor: MetricMonitor, call: Call, options: Json, telemetry: Telemetry, times: FloatArray
) -> Signal:
    """Return the signal of a monitor on anomalies, a forecast or outliers."""
    arguments = Arguments.from_call(call)
    query = call.arguments[0]
    if isinstance(query, QuotedString | Keyword | GroupTags):
        raise Refused(f"{call.name}()", "takes a query first")
    delay = float(options.get("evaluation_delay") or 0)
    ends = times - delay
    match call.name.text:
        case "anomalies":
            result = measure_anomalies(query, arguments, options, telemetry, ends)
        case "forecast":
            result = measure_forecast(monitor, query, arguments, telemetry, ends)
        case _:
            result = measure_outliers(monitor, query, arguments, telemetry, ends)
    has_data = result.latest > -np.inf
    status = np.where(has_data, np.where(np.isnan(result.values), SKIP, VALUE), EMPTY).astype(np.int8)
    return Signal(
        times,
        result.by,
        result.keys,
        status,
        result.values,
        latest=np.where(has_data, result.latest + delay, -np.inf),
        first=np.where(has_data, times, np.inf),
        notes={Note(f"{call.name}()", "an approximation: Datadog does not publish its formula", approximation=True)},
    )
