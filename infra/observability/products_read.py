"""The products whose data an alert, a widget or a notebook's cell reads: without one of them it would stay empty."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from string import Template
from typing import Any

from infra.observability.alerts.alert import Alert
from infra.products import Product
from service.telemetry import FROM_LOGS, FROM_RUM, FROM_SPANS

Json = dict[str, Any]
ABSENT = "absent"
"""The id of an SLO, a monitor or a workflow that is not declared."""
METRIC = re.compile(r"[a-z]\w*(?:\.\w+)+(?=\{)")
DERIVED: Mapping[str, Product] = {
    **{metric.name: "apm" for metric in FROM_SPANS},
    **{metric.name: "logs" for metric in FROM_LOGS},
    **{metric.name: "rum" for metric in FROM_RUM},
}
"""The product that computes a metric."""
PREFIXES: Mapping[str, Product] = {"trace.": "apm", "ml_obs.": "llm-observability"}
TYPES: Mapping[str, Product] = {
    "query alert": "metrics",
    "slo alert": "slos",
    "log alert": "logs",
    "trace-analytics alert": "apm",
    "error-tracking alert": "error-tracking",
    "llm-observability alert": "llm-observability",
    "rum alert": "rum",
    "ci-pipelines alert": "ci-visibility",
    "ci-tests alert": "ci-visibility",
    # Of widgets, and of a notebook's cells.
    "slo": "slos",
    "slo_list": "slos",
    "manage_status": "monitors",
    "alert_graph": "monitors",
    "run_workflow": "workflow-automation",
    "funnel": "product-analytics",
    "log_stream": "logs",
}
SOURCES: Mapping[str, Product] = {
    "metrics": "metrics",
    "logs": "logs",
    "logs_stream": "logs",
    "logs_pattern_stream": "logs",
    "spans": "apm",
    "trace_stream": "apm",
    "llm_observability": "llm-observability",
    "llm_observability_stream": "llm-observability",
    "rum": "rum",
    "rum_stream": "rum",
    "issue_stream": "error-tracking",
    "slo": "slos",
    "incidents_stream": "incidents",
    "incident_analytics": "incidents",
    "on_call_events": "on-call",
    "ci_pipelines": "ci-visibility",
    "ci_pipeline_stream": "ci-visibility",
    "ci_tests": "ci-visibility",
    "ci_test_stream": "ci-visibility",
    "service_map": "service-map",
}
WORDS: Mapping[str, Product] = {
    "logs `": "logs",
    "traces `": "apm",
    "spans `": "apm",
    "RUM, ": "rum",
    "Error Tracking, ": "error-tracking",
    "CI Visibility, ": "ci-visibility",
    "Test Optimization, ": "ci-visibility",
    "LLM Observability, ": "llm-observability",
    "Workflow Automation, ": "workflow-automation",
}
"""By the words of a hint that name the place to look at."""
WATCHDOG = "source:watchdog"


def of_metrics(query: str) -> Iterator[Product]:
    """Yield the products that compute the metrics of a query."""
    for name in METRIC.findall(query):
        if name in DERIVED:
            yield DERIVED[name]
        yield from (product for prefix, product in PREFIXES.items() if name.startswith(prefix))


def readable(looks: Sequence[str], off: Set[Product]) -> tuple[str, ...]:
    """Return the hints of a message (``look_first``) that can be followed without some products."""
    return tuple(look for look in looks if not off & {*_looked_at(look)})


def _looked_at(look: str) -> Iterator[Product]:
    yield from (product for words, product in WORDS.items() if words in look)
    yield from of_metrics(look)
    if METRIC.search(look):
        yield "metrics"


def without(alerts: Sequence[Alert], off: Set[Product]) -> tuple[Alert, ...]:
    """Return the alerts that can have data: no composite of another one, and no signal that nothing reads any more."""
    if "monitors" in off:
        return ()
    kept = {alert.variable: alert for alert in alerts if not off & {*_read(alert)}}
    kept = {name: alert for name, alert in kept.items() if _members(alert) <= kept.keys()}
    read = {member for alert in kept.values() for member in _members(alert)}
    return tuple(alert for name, alert in kept.items() if not alert.signal or name in read)


def _read(alert: Alert) -> Iterator[Product]:
    if alert.type in TYPES:
        yield TYPES[alert.type]
    if WATCHDOG in alert.query:
        yield "watchdog"
    # A query holds $scope where the braces go: {$scope}
    yield from of_metrics(alert.query)
    yield from (SOURCES[count.source] for count in (alert.counts or {}).values())


def _members(alert: Alert) -> set[str]:
    """Return the variables of the alerts that a composite reads."""
    return {*Template(alert.query).get_identifiers()} if alert.type == "composite" else set()


def kept(widgets: list[Json], off: Set[Product]) -> list[Json]:
    """Return widgets (or cells) without those of missing products, and without groups and headings that are empty."""
    result = []
    for widget in widgets:
        definition = widget.get("definition") or widget["attributes"]["definition"]
        if "widgets" in definition:
            inner = kept(definition["widgets"], off)
            if inner:
                result.append({**widget, "definition": {**definition, "widgets": inner}})
        elif not off & {*_shown(definition)} and ABSENT not in definition.values():
            result.append(widget)
    return result


def _shown(node: Any) -> Iterator[Product]:
    """Yield the products whose data a definition shows."""
    if isinstance(node, list):
        for item in node:
            yield from _shown(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "type" and value in TYPES:
                yield TYPES[value]
            elif key == "data_source" and value in SOURCES:
                yield SOURCES[value]
            elif key in {"query", "q"} and isinstance(value, str):
                yield from of_metrics(value)
                if key == "q":
                    yield "metrics"
            elif key == "query_string" and WATCHDOG in str(value):
                yield "watchdog"
            else:
                yield from _shown(value)
