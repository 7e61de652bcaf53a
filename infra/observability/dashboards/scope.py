"""The template variables of the dashboards, and how queries and searches use them."""

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
"""By source of events: the terms of a search on any dashboard, and those on a dashboard with a model variable."""
WEB_METRICS = frozenset(metric.name for metric in FROM_RUM)
"""Metrics from browsers, whose service tag is the page's."""


def controls(env: str, *, model: bool) -> list[dict[str, Any]]:
    """Return the template variables. ``model``: whether there is one for the model."""
    defaults = {"env": env, "version": "*"} | ({"model": "*"} if model else {})
    return [
        # Every value can be chosen; stated, because answers have this member (see board.STATED).
        {"name": name, "prefix": name, "defaults": [default], "available_values": []}
        for name, default in defaults.items()
    ]


def metric_scope(query: str, service: str, *, model: bool) -> str:
    """Return a metric query with ``$scope`` replaced by the service and each variable whose tag the metric has."""

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
    """Return a search of a source's events, with the service and the variables."""
    always, by_model = EVENTS.get(source, ("", ""))
    parts = [always.format(service=service, web=WEB_SERVICE), search, by_model if model else ""]
    return " ".join(part for part in parts if part)
