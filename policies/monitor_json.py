"""A declared monitor in the form that the tool's parser and linters read: the API's JSON."""

from typing import Any

from firedrill.query import Query, QueryError, parse
from policies.policy import Resource

MONITOR, SYNTHETICS = "datadog:Monitor", "datadog:SyntheticsTest"
DOCUMENTATION = "https://docs.datadoghq.com/monitors"


def parsed(monitor: Resource) -> Query | None:
    """The query as a tree; None where it cannot be read, which ``monitor-query-readable`` reports."""
    try:
        return parse(monitor.get("type", ""), monitor.get("query", ""))
    except QueryError:
        return None


def as_json(resource: Resource) -> dict[str, Any]:
    """What a message is linted with. A synthetic test's message is that of the monitor which Datadog makes with it."""
    if resource.kind == SYNTHETICS:
        return {"type": "synthetics alert", "query": "", "message": resource.get("message", ""), "options": {}}
    options: dict[str, Any] = {"notify_by": resource.items("notifyBies")}
    return {
        "type": resource.get("type", ""),
        "query": resource.get("query", ""),
        "message": resource.get("message", ""),
        "options": options,
    }


def number(resource: Resource, path: str) -> float | None:
    """A number that the provider keeps as text."""
    value = resource.get(path)
    try:
        return None if value in (None, "") else float(value)
    except ValueError:
        return None


def tags(resource: Resource) -> dict[str, str]:
    """Tags by key."""
    return {key: value for key, _, value in (str(tag).partition(":") for tag in resource.items("tags"))}
