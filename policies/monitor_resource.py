"""Reading a declared monitor: its parsed query, tags, numbers and the API's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.query import Query, QueryError, parse
from policies.policy import Resource

MONITOR, SYNTHETICS = "datadog:Monitor", "datadog:SyntheticsTest"
DOCUMENTATION = "https://docs.datadoghq.com/monitors"


def parsed_query(monitor: Resource) -> Query | None:
    """Return the parsed query, or None for an invalid one, which ``monitor-query-readable`` reports."""
    try:
        return parse(monitor.get("type", ""), monitor.get("query", ""))
    except QueryError:
        return None


def as_api_json(resource: Resource) -> dict[str, Any]:
    """Return what the message linter reads. A synthetic test stands for the monitor that Datadog creates with it."""
    message, title, escalation = texts(resource)
    if resource.kind == SYNTHETICS:
        return {"type": "synthetics alert", "query": "", "name": title, "message": message, "options": {}}
    return {
        "type": resource.get("type", ""),
        "query": resource.get("query", ""),
        "name": title,
        "message": message,
        "options": {
            "notify_by": resource.get_list("notifyBies"),
            "escalation_message": escalation,
            "renotify_statuses": resource.get_list("renotifyStatuses"),
            "renotify_interval": number(resource, "renotifyInterval"),
            "timeout_h": number(resource, "timeoutH"),
            "thresholds": _thresholds(resource),
            "variables": list(_variables(resource)),
        },
    }


def _thresholds(resource: Resource) -> dict[str, float]:
    levels = {level: number(resource, f"monitorThresholds.{level}") for level in ("critical", "warning", "ok")}
    return {level: value for level, value in levels.items() if value is not None}


def _variables(resource: Resource) -> Iterator[dict[str, Any]]:
    """Yield the names, searches and groups of a formula's queries."""
    for queries in (resource.get("variables") or {}).values():
        for query in queries:
            groups = [
                group.get("facet") if isinstance(group, Mapping) else group for group in query.get("groupBies") or ()
            ]
            search = {"query": (query.get("search") or {}).get("query")}
            yield {"name": query.get("name"), "search": search, "group_by": [{"facet": group} for group in groups]}


def texts(resource: Resource) -> tuple[str, str, str]:
    """Return the templates of a monitor or test: message, title and escalation message."""
    if resource.kind == SYNTHETICS:
        return resource.get("message", ""), resource.get("optionsList.monitorName", ""), ""
    return resource.get("message", ""), resource.get("name", ""), resource.get("escalationMessage", "")


def number(resource: Resource, path: str) -> float | None:
    """Return a number that the provider keeps as text, or None."""
    value = resource.get(path)
    try:
        return None if value in (None, "") else float(value)
    except ValueError:
        return None


def tags(resource: Resource) -> dict[str, str]:
    """Return the tags by key."""
    return {key: value for key, _, value in (str(tag).partition(":") for tag in resource.get_list("tags"))}
