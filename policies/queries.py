"""The queries inside a dashboard's JSON, whatever widget they stand in."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.policy import Resource


def board(dashboard: Resource) -> dict[str, Any]:
    """The dashboard's JSON; empty where it is none, which ``dashboard-readable`` reports."""
    try:
        read = json.loads(dashboard.get("dashboard", "") or "{}")
    except json.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        for below in node.values():
            yield from _objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from _objects(below)


def metric_queries(dashboard: Resource) -> list[str]:
    """The text of each metric query. Template variables stand in it as they were written."""
    return [
        str(one["query"])
        for one in _objects(board(dashboard).get("widgets") or [])
        if one.get("data_source") == "metrics" and isinstance(one.get("query"), str)
    ]
