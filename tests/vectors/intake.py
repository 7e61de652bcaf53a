"""Kinds of the DogStatsD intake: the series that a flush stores."""

from collections.abc import Callable
from typing import Any

from firedrill.sandbox.datadog.intake.dogstatsd.aggregation import INTERVAL, Aggregator
from firedrill.sandbox.datadog.intake.dogstatsd.messages import parse_line

Case = dict[str, Any]
_LETTERS = {
    "count": "c",
    "increment": "c",
    "decrement": "c",
    "gauge": "g",
    "set": "s",
    "histogram": "h",
    "timer": "ms",
    "distribution": "d",
}


def _flushed(lines: list[str], times: list[float], flush: float) -> list[Any]:
    aggregator = Aggregator()
    for line, time in zip(lines, times, strict=True):
        aggregator.add(parse_line(line.encode()), time)  # type: ignore[arg-type]  # metric lines are samples
    return aggregator.flush(flush)


def dogstatsd(inputs: Case) -> Case:
    """Flush some samples of one metric."""
    letter = _LETTERS[inputs["type"]]
    sign = "-" if inputs["type"] == "decrement" else ""
    lines = [f"m:{sign}{sample}|{letter}" for sample in inputs["samples"]]
    series = _flushed(lines, [600.0] * len(lines), 600.0 + INTERVAL)
    result: Case = {"series": {line.metric.removeprefix("m"): float(line.values[0]) for line in series}}
    if len(series) == 1:
        value = float(series[0].values[0])
        result |= {"stored_type": series[0].type, "value": value, "as_count": value * series[0].interval}
    return result


def flush(inputs: Case) -> Case:
    """Return the time that a flush stamps."""
    lines = ["m:1|c"] * len(inputs["received_s"])
    series = _flushed(lines, inputs["received_s"], inputs["flush_s"])
    return {"timestamp_s": float(series[0].times[0])}


KINDS: dict[str, Callable[[Case], Case]] = {"dogstatsd": dogstatsd, "flush": flush}
