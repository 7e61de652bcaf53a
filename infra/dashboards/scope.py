"""What a dashboard's controls choose, wired into every query that can tell by it."""

import re
from typing import Any

from service.telemetry import FROM_RUM, METRICS, WEB_SERVICE

SCOPED = re.compile(r"([\w.]+)\{\$scope(?=(\s+AND)?)")
EVENTS = {
    "logs": ("service:{service} $env $version", "@model:$model.value"),
    "logs_stream": ("service:{service} $env $version", "@model:$model.value"),
    "logs_pattern_stream": ("service:{service} $env $version", ""),
    "spans": ("service:{service} $env $version", ""),
    "trace_stream": ("service:{service} $env $version", ""),
    "llm_observability": ("@ml_app:{service} $env $version", "@model_name:$model.value"),
    "llm_observability_stream": ("@ml_app:{service} $env $version", ""),
    "rum": ("service:{web} $env $version", ""),
    "rum_stream": ("service:{web} $env $version", ""),
    "issue_stream": ("service:{service} $env $version", ""),
    "event_stream": ("service:{service} $env", ""),
}
"""For each source of events, how its search is told by the controls: on any dashboard, and where a model is chosen."""
WEB_METRICS = frozenset(metric.name for metric in FROM_RUM)
"""Metrics of what browsers see, which carry the page's own name."""


def controls(env: str, *, model: bool) -> list[dict[str, Any]]:
    """The template variables. ``model``: whether the dashboard is about models too."""
    found: list[dict[str, Any]] = [
        {"name": "env", "prefix": "env", "defaults": [env]},
        {"name": "version", "prefix": "version", "defaults": ["*"]},
    ]
    return [*found, {"name": "model", "prefix": "model", "defaults": ["*"]}] if model else found


def metric_scope(query: str, service: str, *, model: bool) -> str:
    """``$scope`` in a metric query's braces becomes the service and every control whose tag the metric has."""

    def wire(match: re.Match[str]) -> str:
        metric = METRICS.get(match[1])
        tags = metric.all_tags if metric is not None else {}
        name = WEB_SERVICE if match[1] in WEB_METRICS else service
        terms = [f"service:{name}", *(f"${key}" for key in ("env", "version") if key in tags)]
        if model and "model" in tags:
            terms.append("$model")
        if model and "model_name" in tags:
            terms.append("model_name:$model.value")
        return f"{match[1]}{{{(' AND ' if match[2] else ',').join(terms)}"

    return SCOPED.sub(wire, query)


def event_scope(source: str, search: str, service: str, *, model: bool) -> str:
    """A search of a source's events, told by the controls."""
    always, by_model = EVENTS.get(source, ("", ""))
    parts = [always.format(service=service, web=WEB_SERVICE), search, by_model if model else ""]
    return " ".join(part for part in parts if part)
