"""A dashboard: its controls wired into every query, and every query checked against the contract."""

import json
from typing import Any

from infra.contract import check_board
from infra.dashboards.scope import controls, event_scope, metric_scope
from infra.dashboards.widgets import Widget
from infra.identity import Identity

Json = dict[str, Any]


def board(identity: Identity, file: str, title: str, question: str, widgets: list[Widget], *, model: bool) -> Json:
    """The body of POST /api/v1/dashboard. ``file`` declares it; ``model``: one can choose a model on it.

    Raises :class:`pulumi.RunError` for a query that the contract does not have.
    """
    wired = _wired(widgets, identity.service, model)
    used = json.dumps(wired, default=lambda _: "")
    body: Json = {
        "title": identity.named(title),
        "description": question,
        "layout_type": "ordered",
        "reflow_type": "auto",
        "tags": [f"team:{identity.team}"],
        "template_variables": [one for one in controls(identity.env, model=model) if f"${one['name']}" in used],
        "widgets": wired,
    }
    check_board(body, f"dashboard {title!r} in {file}")
    return body


def _wired(node: Any, service: str, model: bool) -> Any:
    if isinstance(node, list):
        return [_wired(one, service, model) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _wired(below, service, model) for key, below in node.items()}
    source = found.get("data_source")
    if source == "metrics":
        found["query"] = metric_scope(found["query"], service, model=model)
    elif source is not None and isinstance(found.get("search"), dict):
        found["search"] = {"query": event_scope(source, found["search"]["query"], service, model=model)}
    elif source is not None and isinstance(found.get("query_string"), str):
        found["query_string"] = event_scope(source, found["query_string"], service, model=model)
    return found
