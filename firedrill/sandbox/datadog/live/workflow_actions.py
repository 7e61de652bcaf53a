"""What the steps of a workflow do: the actions that the sandbox knows, each ``(inputs, surroundings) -> output``.

https://docs.datadoghq.com/actions/actions_catalog
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx

from firedrill.sandbox.datadog.live import workflow_python
from firedrill.sandbox.datadog.live.workflow_values import fill
from firedrill.sandbox.datadog.own_api import Api, Refused
from firedrill.sandbox.settings import ACCOUNT_TOKEN

Json = dict[str, Any]
TIMEOUT = 30.0
"""Seconds that an HTTP step waits for its answer."""
LONGEST_BODY = 1_000_000
"""Characters of an answer that are kept."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class StepFailed(Exception):
    """A step that did not succeed; the text says why."""


@dataclass(frozen=True)
class Surroundings:
    """What an action may use: the step's connection (API JSON, or None), HTTP, waiting, the account's own API.

    ``variables`` are the run's, for scripts: elsewhere they are filled in.
    """

    connection: Mapping[str, Any] | None
    http: httpx.Client
    wait: Callable[[float], None]
    datadog: Api
    variables: Mapping[str, Any] = field(default_factory=dict)


def http_request(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.http.request``: verb, url (relative to the connection's base URL), headers, urlParams, body."""
    url, headers, parameters = str(inputs.get("url") or ""), _pairs(inputs, "headers"), _pairs(inputs, "urlParams")
    body = inputs.get("body")
    if around.connection is not None:
        base, more_headers, more_parameters, own_body = _http_connection(around.connection)
        url = _under(base, url)
        headers, parameters = {**more_headers, **headers}, {**more_parameters, **parameters}
        body = own_body if body is None else body
    if not url.startswith(("http://", "https://")):
        raise StepFailed(f"the url {url!r} is not absolute and no connection gives it a base")
    content = body if body is None or isinstance(body, str) else json.dumps(body)
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = str(inputs.get("contentType") or "application/json")
    verb = str(inputs.get("verb") or "GET").upper()
    try:
        answer = around.http.request(
            verb, url, headers=headers, params=parameters or None, content=content, timeout=TIMEOUT
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StepFailed(f"{verb} {url}: {type(error).__name__} {error}".rstrip()) from error
    if answer.status_code >= 400:
        raise StepFailed(f"{verb} {url}: status {answer.status_code}: {answer.text[:300]}")
    return {"status": answer.status_code, "headers": dict(answer.headers), "body": _parsed(answer)}


def noop(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.core.noop``."""
    del inputs, around
    return {}


def wait(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.core.wait``: ``duration`` in seconds, or as ``30s``, ``5m``, ``1h``."""
    text = str(inputs.get("duration") or inputs.get("seconds") or "0")
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise StepFailed(f"duration {text!r} is not a number of seconds, nor one with ms, s, m or h")
    seconds = float(found[1]) * SECONDS[found[2]]
    around.wait(seconds)
    return {"waited_seconds": seconds}


def python(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.datatransformation.funcPy``: ``script`` required; what it returns is ``data``."""
    _require("funcPy", inputs, "script")
    try:
        return {"data": workflow_python.run(str(inputs["script"]), inputs.get("context") or around.variables)}
    except workflow_python.ScriptFailed as error:
        raise StepFailed(str(error)) from error


def create_incident(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.dd.incidents.createIncident``: title and customer_impacted required; severity in fields."""
    _require("createIncident", inputs, "title", "customer_impacted")
    known = ("title", "customer_impacted", "fields", "incident_type_uuid", "notification_handles", "initial_cells")
    sent = {name: inputs[name] for name in known if inputs.get(name) is not None}
    made = _asked(around, "POST /api/v2/incidents", {"data": {"type": "incidents", "attributes": sent}})["data"]
    attributes = made["attributes"]
    shown = {name: attributes[name] for name in ("title", "state", "severity")}
    return {"incident_id": attributes["public_id"], "url": f"/incidents/{attributes['public_id']}", **shown}


def create_page(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.dd.oncall.createOnCallPage``: title, urgency and target required."""
    _require("createOnCallPage", inputs, "title", "urgency", "target")
    sent = {name: inputs[name] for name in ("title", "description", "tags", "target", "urgency") if name in inputs}
    answer: Json = _asked(around, "POST /api/v2/on-call/pages", {"data": {"type": "pages", "attributes": sent}})
    return answer


def create_notebook_from_template(inputs: Mapping[str, Any], around: Surroundings) -> Json:
    """``com.datadoghq.dd.notebooks.createFromTemplate``: templateId required; ``cell`` is a text that comes first."""
    _require("createFromTemplate", inputs, "templateId")
    template = _asked(around, f"GET /api/v1/notebooks/{inputs['templateId']}")["data"]["attributes"]
    if not (template.get("metadata") or {}).get("is_template"):
        raise StepFailed(f"notebook {inputs['templateId']} is no template")
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
    made = _asked(around, "POST /api/v1/notebooks", {"data": {"type": "notebooks", "attributes": attributes}})["data"]
    return {"id": made["id"], "type": made["type"], "url": f"/notebook/{made['id']}", **made["attributes"]}


def _require(action: str, inputs: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if inputs.get(name) is None]
    if missing:
        raise StepFailed(f"{action} lacks {' and '.join(missing)}")


def _asked(around: Surroundings, request: str, body: Any = None) -> Any:
    try:
        return around.datadog(request, body)
    except Refused as error:
        raise StepFailed(str(error)) from error


Action = Callable[[Mapping[str, Any], Surroundings], Json]
ACTIONS: dict[str, Action] = {
    "com.datadoghq.http.request": http_request,
    "com.datadoghq.core.noop": noop,
    "com.datadoghq.core.wait": wait,
    "com.datadoghq.datatransformation.funcPy": python,
    "com.datadoghq.dd.incidents.createIncident": create_incident,
    "com.datadoghq.dd.oncall.createOnCallPage": create_page,
    "com.datadoghq.dd.notebooks.createFromTemplate": create_notebook_from_template,
}


def _http_connection(connection: Mapping[str, Any]) -> tuple[str, dict[str, str], dict[str, str], Any]:
    """Base URL, headers, parameters and body that a connection gives, with ``{{ token }}`` filled in."""
    attributes = connection.get("attributes") or connection
    integration = attributes.get("integration") or {}
    credentials = integration.get("credentials") or {}
    if integration.get("type") == "GCP":
        # Datadog asks Google for a token with the account's key; here the token says whose it would be.
        token = f"{ACCOUNT_TOKEN}{credentials.get('service_account_email')}"
        return "", {"Authorization": f"Bearer {token}"}, {}, None
    if integration.get("type") != "HTTP":
        raise StepFailed(f"connection {attributes.get('name')!r} is of type {integration.get('type')}, not HTTP or GCP")
    tokens = {token["name"]: token.get("value", "") for token in credentials.get("tokens") or ()}
    headers = {one["name"]: str(fill(one["value"], tokens)) for one in credentials.get("headers") or ()}
    parameters = {one["name"]: str(fill(one["value"], tokens)) for one in credentials.get("url_parameters") or ()}
    body = (credentials.get("body") or {}).get("content")
    return str(integration.get("base_url") or ""), headers, parameters, fill(body, tokens) if body else None


def _under(base: str, url: str) -> str:
    return url if url.startswith(("http://", "https://")) else urljoin(f"{base.rstrip('/')}/", url.lstrip("/"))


def _pairs(inputs: Mapping[str, Any], name: str) -> dict[str, str]:
    """Headers or parameters: an object, or a list of {key or name, value}."""
    other = {"headers": ("requestHeaders", "inputHeaders"), "urlParams": ("urlParameters",)}[name]
    found = next((inputs[key] for key in (name, *other) if inputs.get(key)), None) or {}
    pairs = (
        found.items()
        if isinstance(found, dict)
        else ((one.get("key") or one.get("name"), one["value"]) for one in found)
    )
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in pairs}


def _parsed(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:LONGEST_BODY]
