"""Metrics that Datadog computes from spans; test_ddtrace.py checks them on real spans."""

from datetime import UTC, datetime
from typing import Any

import pytest

from firedrill.sandbox.datadog.intake.metric_points import MetricPoints
from firedrill.sandbox.datadog.intake.span_metrics import add_llm_metrics, add_trace_metrics
from firedrill.sandbox.datadog.intake.spans import Span


def llm_span(model: str, day: str = "2026-11-24", **metrics: float) -> dict[str, Any]:
    start = int(datetime.fromisoformat(f"{day}T12:00:03").replace(tzinfo=UTC).timestamp() * 1e9)
    return {
        "start_ns": start,
        "duration": 2_500_000_000,
        "status": "ok",
        "parent_id": "7",
        "service": "llm-api",
        "tags": ["ml_app:llm-api", "env:t"],
        "meta": {"span": {"kind": "llm"}, "model_name": model, "model_provider": "google"},
        "metrics": metrics,
    }


def values(*spans: dict[str, Any]) -> dict[str, list[float]]:
    points = MetricPoints()
    add_llm_metrics(points, spans)
    return {series.metric: series.values.tolist() for series in points.series()}


@pytest.mark.parametrize(
    ("model", "day", "metrics", "cost"),
    [
        ("gemini-3.8-flash", "2026-11-24", {"input_tokens": 100, "output_tokens": 10}, 100 * 750 + 10 * 3750),
        ("gemini-3.8-flash", "2027-01-01", {"input_tokens": 100, "output_tokens": 10}, 100 * 1500 + 10 * 7500),
        ("models/gemini-3.5-flash-lite", "2026-11-24", {"input_tokens": 10}, 3000),
        ("gemini-2.5-flash", "2026-01-01", {"input_tokens": 100, "cache_read_input_tokens": 60}, 40 * 300 + 60 * 30),
        ("anything", "2026-11-24", {"input_tokens": 1, "total_cost": 0.002}, 2_000_000),
    ],
)
def test_cost_is_estimated_in_nanodollars_at_the_price_of_the_day(
    model: str, day: str, metrics: dict[str, float], cost: float
) -> None:
    assert values(llm_span(model, day, **metrics))["ml_obs.span.llm.total.cost"] == [pytest.approx(cost)]


def test_an_unknown_model_and_a_span_without_tokens_have_no_cost() -> None:
    assert "ml_obs.span.llm.total.cost" not in values(llm_span("gpt-0", input_tokens=5), llm_span("gemini-3.5-flash"))


def test_points_stand_in_the_bucket_in_which_the_span_ended() -> None:
    points = MetricPoints()
    add_llm_metrics(points, [llm_span("x")])
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
    assert {series.metric: series.times.tolist() for series in points.series()} == {
        "ml_obs.span": [noon],
        "ml_obs.span.duration": [noon],
    }


def span(**changes: Any) -> Span:
    defaults: dict[str, Any] = {
        "service": "s", "name": "flask.request", "resource": "GET /", "type": "web", "trace_id": "1", "span_id": 1,
        "parent_id": 0, "start": 0, "duration": 1_000_000_000, "error": False, "entry": True, "meta": {"env": "t"},
    }  # fmt: skip
    return Span(**{**defaults, **changes})


def test_only_entry_and_measured_spans_are_counted() -> None:
    points = MetricPoints()
    inner = span(entry=False, name="inner")
    measured = span(entry=False, name="measured", metrics={"_dd.measured": 1})
    add_trace_metrics(points, [span(), span(error=True), inner, measured])
    by_metric = {series.metric: (series.type, series.values.tolist()) for series in points.series()}
    assert by_metric == {
        "trace.flask.request.hits": ("count", [2]),
        "trace.flask.request": ("distribution", [1, 1]),
        "trace.flask.request.errors": ("count", [1]),
        "trace.measured.hits": ("count", [1]),
        "trace.measured": ("distribution", [1]),
    }
