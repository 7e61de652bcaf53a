"""Search of monitors, with counts by facet: https://docs.datadoghq.com/api/latest/monitors/ ."""

import re
from collections import Counter
from typing import Any

from firedrill.query import QueryError, parse
from firedrill.sandbox.datadog.account import MONITORS
from firedrill.sandbox.datadog.overlays.monitors import STATUSES, answer
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body


@serves("v1.search_monitors")
def search(call: Call) -> Answer:
    """Search by words, ``status:``, ``tag:``, ``type:``, ``muted:`` and ``id:``."""
    bodies = [answer(call, body) for body in call.list(MONITORS)]
    text = call.query.get("query", "")[:2000]
    for status in re.findall(r'\bstatus:"?([\w ]+?)"?(?:\s|$)', text):
        if status.lower() not in STATUSES:
            raise ApiError(400, f"Query parsing error: '{status}' is not a valid monitor status")
    for term in re.findall(r'(?:[\w.-]+:)?(?:"[^"]*"|\([^)]*\)|[^\s()"]+)', text):
        bodies = [body for body in bodies if term_matches(term, body)]
    key = call.query.get("sort", "name,asc").split(",")
    bodies.sort(key=lambda body: str(body.get(key[0]) or body["name"]).lower(), reverse=key[-1] == "desc")
    page, size = call.integer("page", 0, 0, 10**6), call.integer("per_page", 30, 1, 1000)
    shown = bodies[page * size : (page + 1) * size]
    return Answer(
        {
            "counts": {
                "status": counted(body["overall_state"] for body in bodies),
                "muted": counted(bool(body["options"]["silenced"]) for body in bodies),
                "tag": counted(tag for body in bodies for tag in body["tags"]),
                "type": counted(body["type"].split()[0] for body in bodies),
            },
            "monitors": [found_entry(body) for body in shown],
            "metadata": {
                "total_count": len(bodies),
                "page_count": len(shown),
                "page": page,
                "per_page": size,
            },
        }
    )


def term_matches(term: str, body: Body) -> bool:
    """Whether one term of a monitor search selects a monitor."""
    key, separator, value = term.partition(":")
    value = value.strip('"()').lower()
    match key if separator else "":
        case "status":
            return bool(body["overall_state"].lower() == value)
        case "tag":
            return value in (tag.lower() for tag in body["tags"])
        case "type":
            return value in body["type"]
        case "muted":
            return bool(body["options"]["silenced"]) == (value == "true")
        case "id":
            return str(body["id"]) == value
        case "metric":
            return value in body["query"].lower()
        case "title":
            return value in body["name"].lower()
    text = term.strip('"').lower()
    return text in body["name"].lower() or text in (tag.lower() for tag in body["tags"])


def counted(values: Any) -> list[Body]:
    """``[{"count", "name"}]``, most frequent first."""
    return [{"count": count, "name": name} for name, count in Counter(values).most_common()]


def found_entry(body: Body) -> Body:
    """A monitor in a search's answer."""
    creator = body["creator"]
    return {
        "id": body["id"],
        "name": body["name"],
        "type": body["type"],
        "classification": body["type"].removesuffix(" alert"),
        "query": body["query"],
        "status": body["overall_state"],
        "tags": body["tags"],
        "scopes": sorted(set(re.findall(r"\{([^}]*)\}", body["query"])) - {""}),
        "metrics": metrics_of(body),
        "notifications": [{"handle": handle, "name": handle} for handle in re.findall(r"@([\w.@-]+)", body["message"])],
        "creator": {"id": creator["id"], "handle": creator["handle"], "name": creator["name"]},
        "org_id": body["org_id"],
        "last_triggered_ts": None,
        "overall_state_modified": body["overall_state_modified"],
        "quality_issues": [],
    }


def metrics_of(body: Body) -> list[str]:
    """The metrics that a monitor's query names."""
    try:
        parse(body["type"], body["query"])
    except QueryError:
        return []
    return sorted(set(re.findall(r"\b(?:avg|sum|min|max|count|p\d\d(?:\.\d+)?):([\w.]+)\s*\{", body["query"])))
