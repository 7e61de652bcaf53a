"""Dashboards: valid queries, and template variables that are used."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.query import QueryError, parse_metric_query
from policies.policy import Resource, Stack, policy

DASHBOARD = "datadog:DashboardJson"
VARIABLE = re.compile(r"\$[\w.-]+")


def dashboard_json(dashboard: Resource) -> dict[str, Any]:
    """Return the dashboard's JSON, or an empty object for invalid JSON, which ``dashboard-readable`` reports."""
    try:
        content = json.loads(dashboard.get("dashboard", "") or "{}")
    except json.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def objects(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object of a part of a dashboard's JSON, outer ones first."""
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


def metric_queries(dashboard: Resource) -> list[str]:
    """Return the metric queries of all widgets, with template variables as they are written."""
    return [
        str(query["query"])
        for query in objects(dashboard_json(dashboard).get("widgets") or [])
        if query.get("data_source") == "metrics" and isinstance(query.get("query"), str)
    ]


@policy(
    "dashboard-readable",
    DASHBOARD,
    description="A dashboard is valid JSON, and its metric queries follow Datadog's grammar.",
    prevents="The API accepts a widget whose query is invalid: the graph shows an error when somebody needs it.",
    link="https://docs.datadoghq.com/dashboards/querying/",
)
def readable(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Check the JSON and parse each query, with a tag in place of each template variable."""
    try:
        json.loads(dashboard.get("dashboard", ""))
    except json.JSONDecodeError as error:
        yield f"Correct the JSON: {error}"
    for query in metric_queries(dashboard):
        try:
            parse_metric_query(VARIABLE.sub("variable:value", query))
        except QueryError as error:
            yield f"Correct the query where it is underlined: {error}"


@policy(
    "dashboard-variables-used",
    DASHBOARD,
    description="Every template variable is used in a query, and every variable in a query is declared.",
    prevents="GSA-TTS RETRO: a template variable that no query uses has no effect. Whoever selects an environment "
    "still sees all of them.",
    link="https://docs.datadoghq.com/dashboards/template_variables/",
)
def variables_used(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Check declared variables against used ones, in both directions."""
    content = dashboard_json(dashboard)
    declared = {str(variable.get("name")) for variable in content.get("template_variables") or ()}
    widgets = json.dumps(content.get("widgets") or [])
    used = {match.lstrip("$").removesuffix(".value") for match in VARIABLE.findall(widgets)}
    for name in sorted(declared - used):
        yield f"Use ${name} in a query, or remove the template variable: selecting a value has no effect."
    queries = metric_queries(dashboard)
    for name in sorted(used - declared):
        if any(f"${name}" in query for query in queries):
            yield f"Declare the template variable {name}: a query uses it."
