"""Metrics that Datadog computes from traces and LLM Observability spans, in buckets of 10 seconds by the span's end.

trace.*: https://docs.datadoghq.com/tracing/metrics/metrics_namespace (service-entry and measured spans)
ml_obs.*: https://docs.datadoghq.com/llm_observability/monitoring/metrics (all LLM spans; costs in nanodollars)
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import MetricType, Series
from firedrill.sandbox.datadog.intake import llm_spans
from firedrill.sandbox.datadog.intake.aggregation import INTERVAL, interval_start
from firedrill.sandbox.datadog.intake.spans import NANOSECONDS, Span

PRICES: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("model_prices.json").read_text())[
    "models"
]
TOKENS = {
    "input_tokens": "input.tokens",
    "output_tokens": "output.tokens",
    "total_tokens": "total.tokens",
    "reasoning_output_tokens": "output.reasoning.tokens",
    "cache_read_input_tokens": "input.cache_read.tokens",
    "cache_write_input_tokens": "input.cache_write.tokens",
    "non_cached_input_tokens": "input.non_cached.tokens",
}
"""Span metric of ddtrace -> suffix of ``ml_obs.span.llm.``."""
COSTS = {"input_cost": "input.cost", "output_cost": "output.cost", "total_cost": "total.cost"}


class Points:
    """Counts and raw values of 10-second buckets, to be stored as series."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, MetricType, frozenset[str]], dict[int, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def count(self, metric: str, tags: Mapping[str, object], time: float) -> None:
        """One occurrence."""
        self._values[metric, "count", _tag_set(tags)][interval_start(time)].append(1.0)

    def value(self, metric: str, tags: Mapping[str, object], time: float, value: float) -> None:
        """One raw value of a distribution."""
        self._values[metric, "distribution", _tag_set(tags)][interval_start(time)].append(value)

    def series(self) -> Iterable[Series]:
        """All that was counted, each point at its bucket's start."""
        for (metric, type_, tags), buckets in self._values.items():
            starts = sorted(buckets)
            parts = [[sum(buckets[start])] if type_ == "count" else buckets[start] for start in starts]
            times = np.repeat(np.array(starts, dtype=np.float64), [len(part) for part in parts])
            yield Series(metric, type_, tags, times, np.concatenate([np.array(part) for part in parts]), INTERVAL)


def from_spans(points: Points, spans: Iterable[Span]) -> None:
    """``trace.<operation>.hits`` and ``.errors`` (counts, no point without one) and ``trace.<operation>`` (s)."""
    for span in spans:
        if not span.measured:
            continue
        metric = f"trace.{span.name}"
        tags = {
            "env": span.meta.get("env"),
            "service": span.service,
            "version": span.meta.get("version"),
            "resource_name": tag_value(span.resource),
            "http.status_code": span.meta.get("http.status_code"),
        }
        points.count(f"{metric}.hits", tags, span.end)
        points.value(metric, tags, span.end, span.duration / NANOSECONDS)
        if span.error:
            points.count(f"{metric}.errors", tags, span.end)


def from_llm_spans(points: Points, spans: Iterable[Mapping[str, Any]]) -> None:
    """``ml_obs.span``, ``.error``, ``.duration``, tokens and costs of LLM spans, ``ml_obs.trace*`` of root spans."""
    for span in spans:
        end = (int(span.get("start_ns") or 0) + int(span.get("duration") or 0)) / NANOSECONDS
        seconds = int(span.get("duration") or 0) / NANOSECONDS
        error = span.get("status") == "error"
        meta = span.get("meta") or {}
        named = llm_spans.tag_values(span.get("tags") or ())
        tags: dict[str, object] = {
            "env": named.get("env"),
            "error": int(error),
            "ml_app": llm_spans.ml_app(span),
            "service": span.get("service") or named.get("service"),
            "span_kind": llm_spans.span_kind(span),
            "version": named.get("version"),
        }
        if span.get("parent_id") in (None, "", "0", "undefined"):
            _outcome(points, "ml_obs.trace", tags, end=end, seconds=seconds, error=error)
        tags |= {"model_name": meta.get("model_name"), "model_provider": meta.get("model_provider")}
        _outcome(points, "ml_obs.span", tags, end=end, seconds=seconds, error=error)
        if llm_spans.span_kind(span) in ("llm", "embedding"):
            kind = llm_spans.span_kind(span)
            metrics = span.get("metrics") or {}
            for suffix, amount in (_tokens(metrics) | _costs(metrics, str(meta.get("model_name") or ""), end)).items():
                points.value(f"ml_obs.span.{kind}.{suffix}", tags, end, amount)


def _outcome(
    points: Points, metric: str, tags: Mapping[str, object], *, end: float, seconds: float, error: bool
) -> None:
    points.count(metric, tags, end)
    points.value(f"{metric}.duration", tags, end, seconds)
    if error:
        points.count(f"{metric}.error", tags, end)


def _tokens(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {suffix: float(metrics[key]) for key, suffix in TOKENS.items() if _number(metrics.get(key))}


def _costs(metrics: Mapping[str, Any], model: str, time: float) -> dict[str, float]:
    """Nanodollars. A cost that the span brings (US dollars) wins over the estimate; an unknown model gives none."""
    brought = {suffix: metrics[key] * 1e9 for key, suffix in COSTS.items() if _number(metrics.get(key))}
    price = _price(model, time)
    if brought or price is None or not (_number(metrics.get("input_tokens")) or _number(metrics.get("output_tokens"))):
        return brought
    cached = min(float(metrics.get("cache_read_input_tokens") or 0), float(metrics.get("input_tokens") or 0))
    fresh = float(metrics.get("input_tokens") or 0) - cached
    cost_in = fresh * price["input"] + cached * price.get("cache_read", price["input"])
    cost_out = float(metrics.get("output_tokens") or 0) * price["output"]
    return {"input.cost": cost_in, "output.cost": cost_out, "total.cost": cost_in + cost_out}


def _price(model: str, time: float) -> dict[str, Any] | None:
    """The model's price on the day of a time (epoch seconds); before its first price, the first."""
    prices = PRICES.get(model.removeprefix("models/"))
    if not prices:
        return None
    day = datetime.fromtimestamp(time, UTC).date().isoformat()
    return next((price for price in reversed(prices) if price["since"] <= day), prices[0])


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def tag_value(text: str) -> str:
    """A text as the value of a metric's tag: ``POST /v1/chat`` is ``post_/v1/chat``.

    https://docs.datadoghq.com/getting_started/tagging: lower case; letters, digits and ``_-:./`` stay.
    """
    return re.sub(r"_+", "_", re.sub(r"[^\w:./-]", "_", text.lower()))[:200].rstrip("_")


def _tag_set(tags: Mapping[str, object]) -> frozenset[str]:
    return frozenset(f"{key}:{value}" for key, value in tags.items() if value not in (None, ""))
