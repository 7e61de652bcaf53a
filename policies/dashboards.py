"""Dashboards: readable, and with no control that does nothing."""

import json
import re
from collections.abc import Iterator

from firedrill.query import QueryError, parse_metric_query
from policies.policy import Resource, Stack, policy
from policies.queries import board, metric_queries

DASHBOARD = "datadog:DashboardJson"
VARIABLE = re.compile(r"\$[\w.-]+")


@policy(
    "dashboard-readable",
    DASHBOARD,
    says="A dashboard is JSON, and its metric queries follow Datadog's grammar.",
    prevents="The API accepts a widget whose query it cannot run: the graph shows an error when somebody needs it.",
    link="https://docs.datadoghq.com/dashboards/querying/",
)
def readable(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """A variable in a scope stands for a tag."""
    try:
        json.loads(dashboard.get("dashboard", ""))
    except json.JSONDecodeError as error:
        yield f"Write JSON: {error}"
    for text in metric_queries(dashboard):
        try:
            parse_metric_query(VARIABLE.sub("variable:value", text))
        except QueryError as error:
            yield f"Correct the query where it is underlined: {error}"


@policy(
    "dashboard-variables-used",
    DASHBOARD,
    says="Every template variable stands in a query, and every variable in a query is declared.",
    prevents="GSA-TTS RETRO: a template variable that is wired into no query is decoration; whoever picks an "
    "environment goes on looking at all of them.",
    link="https://docs.datadoghq.com/dashboards/template_variables/",
)
def variables_used(dashboard: Resource, stack: Stack) -> Iterator[str]:
    """Both ways."""
    read = board(dashboard)
    declared = {str(one.get("name")) for one in read.get("template_variables") or ()}
    used = {
        match.lstrip("$").removesuffix(".value") for match in VARIABLE.findall(json.dumps(read.get("widgets") or []))
    }
    for name in sorted(declared - used):
        yield f"Use ${name} in a query, or remove the variable: choosing a value changes nothing."
    for name in sorted(name for name in used - declared if any(f"${name}" in one for one in metric_queries(dashboard))):
        yield f"Declare the template variable {name}: a query uses it."
