"""The body of a dashboard, with its template variables in every query."""

import json
from collections.abc import Set
from typing import Any

from infra.identity import Identity
from infra.observability.dashboards.scope import controls, event_scope, metric_scope
from infra.observability.dashboards.widgets import Widget
from infra.observability.products_read import kept
from infra.products import Product

Json = dict[str, Any]
STATED: Json = {"restricted_roles": [], "notify_list": [], "experience_type": "default"}
"""What every answer has, whoever sent it or not. The published plugin compares a dashboard's text with the answer's, so
that a dashboard without these would be updated by every second ``up``. An empty list is answered as an empty list; who
sends no ``notify_list`` gets null."""


def board(identity: Identity, title: str, question: str, widgets: list[Widget], *, model: bool) -> Json:
    """Return the body of POST /api/v1/dashboard. ``model``: it has a template variable for the model."""
    scoped = _scoped(widgets, identity.service, model)
    used = json.dumps(scoped, default=lambda _: "")
    return {
        "title": identity.named(title),
        "description": question,
        "layout_type": "ordered",
        "reflow_type": "auto",
        "tags": [f"team:{identity.team}"],
        **STATED,
        "template_variables": [
            control for control in controls(identity.env, model=model) if f"${control['name']}" in used
        ],
        "widgets": scoped,
    }


def without_products(body: Json, off: Set[Product]) -> Json:
    """Return a body without the widgets of products that the organisation lacks, and without variables of theirs."""
    if not off:
        return body
    widgets = kept(body["widgets"], off)
    used = json.dumps(widgets, default=lambda _: "")
    variables = [variable for variable in body["template_variables"] if f"${variable['name']}" in used]
    return {**body, "widgets": widgets, "template_variables": variables}


def _scoped(node: Any, service: str, model: bool) -> Any:
    """Return the widgets with the template variables in every query and search."""
    if isinstance(node, list):
        return [_scoped(item, service, model) for item in node]
    if not isinstance(node, dict):
        return node
    scoped = {key: _scoped(value, service, model) for key, value in node.items()}
    source = scoped.get("data_source")
    if source == "metrics":
        scoped["query"] = metric_scope(scoped["query"], service, model=model)
    elif source is not None and isinstance(scoped.get("search"), dict):
        scoped["search"] = {"query": event_scope(source, scoped["search"]["query"], service, model=model)}
    elif source is not None and isinstance(scoped.get("query_string"), str):
        scoped["query_string"] = event_scope(source, scoped["query_string"], service, model=model)
    return scoped
