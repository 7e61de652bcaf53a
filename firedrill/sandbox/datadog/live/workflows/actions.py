"""The workflow actions that the sandbox supports, each a function ``(inputs, context) -> output``.

https://docs.datadoghq.com/actions/actions_catalog
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from firedrill.sandbox.datadog.http.in_process import Api, CallRefused
from firedrill.sandbox.datadog.live.template_variables import fill
from firedrill.sandbox.datadog.live.workflows import python
from firedrill.settings import ACCOUNT_TOKEN

Json = dict[str, Any]
TIMEOUT = 30.0
"""Timeout of an HTTP step in seconds."""
MAX_BODY = 1_000_000
"""Characters of a response body that are kept."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class StepFailed(Exception):
    """A failed step; the text is the reason."""


@dataclass(frozen=True)
class ActionContext:
    """Context of an action: the step's connection (API JSON, or None), HTTP, waiting, the account's API.

    ``variables`` are the run's variables for scripts. In other actions' inputs they are already replaced.
    """

    connection: Mapping[str, Any] | None
    http: httpx.Client
    wait: Callable[[float], None]
    datadog: Api
    variables: Mapping[str, Any] = field(default_factory=dict)


def http_request(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.http.request``; ``url`` may be relative to the connection's base URL."""
    url, headers, parameters = (
        str(inputs.get("url") or ""),
        _name_value_pairs(inputs, "headers"),
        _name_value_pairs(inputs, "urlParams"),
    )
    body = inputs.get("body")
    if context.connection is not None:
        base, connection_headers, connection_parameters, connection_body = _connection_settings(context.connection)
        url = _absolute_url(base, url)
        headers, parameters = {**connection_headers, **headers}, {**connection_parameters, **parameters}
        body = connection_body if body is None else body
    if not url.startswith(("http://", "https://")):
        raise StepFailed(f"the url {url!r} is not absolute, and no connection has a base URL for it")
    content = body if body is None or isinstance(body, str) else json.dumps(body)
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = str(inputs.get("contentType") or "application/json")
    verb = str(inputs.get("verb") or "GET").upper()
    try:
        response = context.http.request(
            verb, url, headers=headers, params=parameters or None, content=content, timeout=TIMEOUT
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StepFailed(f"{verb} {url}: {type(error).__name__} {error}".rstrip()) from error
    if response.status_code >= 400:
        raise StepFailed(f"{verb} {url}: status {response.status_code}: {response.text[:300]}")
    return {"status": response.status_code, "headers": dict(response.headers), "body": _response_body(response)}


def noop(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.core.noop``."""
    del inputs, context
    return {}


def wait(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.core.wait``: ``duration`` in seconds, or as ``30s``, ``5m``, ``1h``."""
    text = str(inputs.get("duration") or inputs.get("seconds") or "0")
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise StepFailed(f"duration {text!r} is neither a number of seconds nor one with the unit ms, s, m or h")
    seconds = float(match[1]) * SECONDS[match[2]]
    context.wait(seconds)
    return {"waited_seconds": seconds}


def run_python(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.datatransformation.funcPy``: ``script`` is required; its result is ``data``."""
    _require("funcPy", inputs, "script")
    try:
        return {"data": python.run(str(inputs["script"]), inputs.get("context") or context.variables)}
    except python.ScriptFailed as error:
        raise StepFailed(str(error)) from error


def create_incident(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.dd.incidents.createIncident``: title and customer_impacted are required."""
    _require("createIncident", inputs, "title", "customer_impacted")
    names = ("title", "customer_impacted", "fields", "incident_type_uuid", "notification_handles", "initial_cells")
    attributes_sent = {name: inputs[name] for name in names if inputs.get(name) is not None}
    created = _call_api(
        context, "POST /api/v2/incidents", {"data": {"type": "incidents", "attributes": attributes_sent}}
    )["data"]
    attributes = created["attributes"]
    summary = {name: attributes[name] for name in ("title", "state", "severity")}
    return {"incident_id": attributes["public_id"], "url": f"/incidents/{attributes['public_id']}", **summary}


def create_page(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.dd.oncall.createOnCallPage``: title, urgency and target are required."""
    _require("createOnCallPage", inputs, "title", "urgency", "target")
    attributes_sent = {
        name: inputs[name] for name in ("title", "description", "tags", "target", "urgency") if name in inputs
    }
    response: Json = _call_api(
        context, "POST /api/v2/on-call/pages", {"data": {"type": "pages", "attributes": attributes_sent}}
    )
    return response


def create_notebook_from_template(inputs: Mapping[str, Any], context: ActionContext) -> Json:
    """Run ``com.datadoghq.dd.notebooks.createFromTemplate``: templateId is required; ``cell`` is a text to prepend."""
    _require("createFromTemplate", inputs, "templateId")
    template = _call_api(context, f"GET /api/v1/notebooks/{inputs['templateId']}")["data"]["attributes"]
    if not (template.get("metadata") or {}).get("is_template"):
        raise StepFailed(f"notebook {inputs['templateId']} is not a template")
    cells = [{key: value for key, value in cell.items() if key != "id"} for cell in template["cells"]]
    if inputs.get("cell"):
        first = {"definition": {"type": "markdown", "text": inputs["cell"]}}
        cells.insert(0, {"type": "notebook_cells", "attributes": first})
    attributes = {
        "name": inputs.get("name") or template["name"],
        "cells": cells,
        "time": template["time"],
        "metadata": {**template["metadata"], "is_template": False},
    }
    created = _call_api(context, "POST /api/v1/notebooks", {"data": {"type": "notebooks", "attributes": attributes}})[
        "data"
    ]
    return {"id": created["id"], "type": created["type"], "url": f"/notebook/{created['id']}", **created["attributes"]}


def _require(action: str, inputs: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if inputs.get(name) is None]
    if missing:
        raise StepFailed(f"{action} lacks {' and '.join(missing)}")


def _call_api(context: ActionContext, request: str, body: Any = None) -> Any:
    try:
        return context.datadog(request, body)
    except CallRefused as error:
        raise StepFailed(str(error)) from error


Action = Callable[[Mapping[str, Any], ActionContext], Json]
ACTIONS: dict[str, Action] = {
    "com.datadoghq.http.request": http_request,
    "com.datadoghq.core.noop": noop,
    "com.datadoghq.core.wait": wait,
    "com.datadoghq.datatransformation.funcPy": run_python,
    "com.datadoghq.dd.incidents.createIncident": create_incident,
    "com.datadoghq.dd.oncall.createOnCallPage": create_page,
    "com.datadoghq.dd.notebooks.createFromTemplate": create_notebook_from_template,
}


def _connection_settings(connection: Mapping[str, Any]) -> tuple[str, dict[str, str], dict[str, str], Any]:
    """Return the base URL, headers, parameters and body of a connection, with ``{{ token }}`` replaced."""
    attributes = connection.get("attributes") or connection
    integration = attributes.get("integration") or {}
    credentials = integration.get("credentials") or {}
    if integration.get("type") == "GCP":
        # Datadog gets a token from Google with the account's key; here the token is the account's name.
        token = f"{ACCOUNT_TOKEN}{credentials.get('service_account_email')}"
        return "", {"Authorization": f"Bearer {token}"}, {}, None
    if integration.get("type") != "HTTP":
        raise StepFailed(f"connection {attributes.get('name')!r} is of type {integration.get('type')}, not HTTP or GCP")
    tokens = {token["name"]: token.get("value", "") for token in credentials.get("tokens") or ()}
    headers = {header["name"]: str(fill(header["value"], tokens)) for header in credentials.get("headers") or ()}
    parameters = {
        url_parameter["name"]: str(fill(url_parameter["value"], tokens))
        for url_parameter in credentials.get("url_parameters") or ()
    }
    body = (credentials.get("body") or {}).get("content")
    return str(integration.get("base_url") or ""), headers, parameters, fill(body, tokens) if body else None


def _absolute_url(base: str, url: str) -> str:
    return url if url.startswith(("http://", "https://")) else urljoin(f"{base.rstrip('/')}/", url.lstrip("/"))


def _name_value_pairs(inputs: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return headers or parameters, given as an object or as a list of {key or name, value}."""
    other = {"headers": ("requestHeaders", "inputHeaders"), "urlParams": ("urlParameters",)}[name]
    declared = next((inputs[key] for key in (name, *other) if inputs.get(key)), None) or {}
    pairs = (
        declared.items()
        if isinstance(declared, dict)
        else ((pair.get("key") or pair.get("name"), pair["value"]) for pair in declared)
    )
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in pairs}


def _response_body(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text[:MAX_BODY]
