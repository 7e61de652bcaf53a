"""Metrics that Datadog computes from APM spans and LLM Observability spans, in buckets of 10 seconds by span end.

trace.*: https://docs.datadoghq.com/tracing/metrics/metrics_namespace (service-entry and measured spans)
ml_obs.*: https://docs.datadoghq.com/llm_observability/monitoring/metrics (all LLM spans; costs in nanodollars)
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedrill.sandbox.datadog.intake import llm_observability
from firedrill.sandbox.datadog.intake.metric_points import MetricPoints
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
"""Metric of a ddtrace span -> suffix of ``ml_obs.span.llm.``."""
COSTS = {"input_cost": "input.cost", "output_cost": "output.cost", "total_cost": "total.cost"}


def add_trace_metrics(points: MetricPoints, spans: Iterable[Span]) -> None:
    """Add ``trace.<operation>.hits`` and ``.errors`` (counts) and ``trace.<operation>`` (seconds) of measured spans."""
    for span in spans:
        if not span.measured:
            continue
        metric = f"trace.{span.name}"
        tags = {
            "env": span.meta.get("env"),
            "service": span.service,
            "version": span.meta.get("version"),
            "resource_name": normalize_tag_value(span.resource),
            "http.status_code": span.meta.get("http.status_code"),
        }
        points.count(f"{metric}.hits", tags, span.end)
        points.value(metric, tags, span.end, span.duration / NANOSECONDS)
        if span.error:
            points.count(f"{metric}.errors", tags, span.end)


def add_llm_metrics(points: MetricPoints, spans: Iterable[Mapping[str, Any]]) -> None:
    """Add ``ml_obs.span``, ``.error``, ``.duration``, tokens and costs, and ``ml_obs.trace*`` of root spans."""
    for span in spans:
        end = (int(span.get("start_ns") or 0) + int(span.get("duration") or 0)) / NANOSECONDS
        seconds = int(span.get("duration") or 0) / NANOSECONDS
        error = span.get("status") == "error"
        meta = span.get("meta") or {}
        named = llm_observability.tag_values(span.get("tags") or ())
        tags: dict[str, object] = {
            "env": named.get("env"),
            "error": int(error),
            "ml_app": llm_observability.ml_app(span),
            "service": span.get("service") or named.get("service"),
            "span_kind": llm_observability.span_kind(span),
            "version": named.get("version"),
        }
        if span.get("parent_id") in (None, "", "0", "undefined"):
            _add_outcome(points, "ml_obs.trace", tags, end=end, seconds=seconds, error=error)
        tags |= {"model_name": meta.get("model_name"), "model_provider": meta.get("model_provider")}
        _add_outcome(points, "ml_obs.span", tags, end=end, seconds=seconds, error=error)
        if llm_observability.span_kind(span) in ("llm", "embedding"):
            kind = llm_observability.span_kind(span)
            metrics = span.get("metrics") or {}
            for suffix, amount in (_tokens(metrics) | _costs(metrics, str(meta.get("model_name") or ""), end)).items():
                points.value(f"ml_obs.span.{kind}.{suffix}", tags, end, amount)


def _add_outcome(
    points: MetricPoints, metric: str, tags: Mapping[str, object], *, end: float, seconds: float, error: bool
) -> None:
    points.count(metric, tags, end)
    points.value(f"{metric}.duration", tags, end, seconds)
    if error:
        points.count(f"{metric}.error", tags, end)


def _tokens(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {suffix: float(metrics[key]) for key, suffix in TOKENS.items() if _is_number(metrics.get(key))}


def _costs(metrics: Mapping[str, Any], model: str, time: float) -> dict[str, float]:
    """Return costs in nanodollars: those of the span (US dollars) or else an estimate, none for an unknown model."""
    reported = {suffix: metrics[key] * 1e9 for key, suffix in COSTS.items() if _is_number(metrics.get(key))}
    price = _price(model, time)
    if (
        reported
        or price is None
        or not (_is_number(metrics.get("input_tokens")) or _is_number(metrics.get("output_tokens")))
    ):
        return reported
    cached = min(float(metrics.get("cache_read_input_tokens") or 0), float(metrics.get("input_tokens") or 0))
    uncached = float(metrics.get("input_tokens") or 0) - cached
    input_cost = uncached * price["input"] + cached * price.get("cache_read", price["input"])
    output_cost = float(metrics.get("output_tokens") or 0) * price["output"]
    return {"input.cost": input_cost, "output.cost": output_cost, "total.cost": input_cost + output_cost}


def _price(model: str, time: float) -> dict[str, Any] | None:
    """Return the model's price at a time (epoch seconds); before its first price, the first one."""
    prices = PRICES.get(model.removeprefix("models/"))
    if not prices:
        return None
    day = datetime.fromtimestamp(time, UTC).date().isoformat()
    return next((price for price in reversed(prices) if price["since"] <= day), prices[0])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def normalize_tag_value(text: str) -> str:
    """Normalize the value of a metric's tag: ``POST /v1/chat`` becomes ``post_/v1/chat``.

    https://docs.datadoghq.com/getting_started/tagging: lower case, with letters, digits and ``_-:./``.
    """
    return re.sub(r"_+", "_", re.sub(r"[^\w:./-]", "_", text.lower()))[:200].rstrip("_")
