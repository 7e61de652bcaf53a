"""Kinds of the DogStatsD intake: what one flush stores."""

from collections.abc import Callable
from typing import Any

from firedrill.sandbox.datadog.intake.aggregation import INTERVAL, Aggregator
from firedrill.sandbox.datadog.intake.dogstatsd import parse_line

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


def dogstatsd(given: Case) -> Case:
    """Samples of one flush."""
    letter = _LETTERS[given["type"]]
    sign = "-" if given["type"] == "decrement" else ""
    lines = [f"m:{sign}{sample}|{letter}" for sample in given["samples"]]
    series = _flushed(lines, [600.0] * len(lines), 600.0 + INTERVAL)
    result: Case = {"series": {one.metric.removeprefix("m"): float(one.values[0]) for one in series}}
    if len(series) == 1:
        value = float(series[0].values[0])
        result |= {"stored_type": series[0].type, "value": value, "as_count": value * series[0].interval}
    return result


def flush(given: Case) -> Case:
    """The time that a flush stamps."""
    lines = ["m:1|c"] * len(given["received_s"])
    series = _flushed(lines, given["received_s"], given["flush_s"])
    return {"timestamp_s": float(series[0].times[0])}


KINDS: dict[str, Callable[[Case], Case]] = {"dogstatsd": dogstatsd, "flush": flush}
