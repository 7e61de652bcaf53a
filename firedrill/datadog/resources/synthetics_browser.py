"""Synthetic browser tests and network path tests."""

import json
from typing import Final

from firedrill.datadog.mapping.envelopes import JsonApi, Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, jsonapi, plain
from firedrill.datadog.mapping.lists import ListOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, NUMBER, NUMBER_TEXT, Extent, Json, Schema
from firedrill.datadog.resources.synthetics_assertions import ASSERTION
from firedrill.datadog.resources.synthetics_common import (
    COMMON,
    CONFIG_VARIABLE,
    TESTS,
    delete,
    flags,
    request_details,
    same,
)
from firedrill.provider.values import Value

_STEP_PARAMETERS: Final = {
    "assertCurrentUrl": ("check", "value"),
    "assertElementAttribute": ("attribute", "check", "element", "value"),
    "assertElementContent": ("check", "element", "value"),
    "assertElementPresent": ("element",),
    "assertEmail": ("email",),
    "assertFileDownload": ("file",),
    "assertFromJavascript": ("code", "element"),
    "assertPageContains": ("value",),
    "assertPageLacks": ("value",),
    "assertRequests": ("requests",),
    "click": ("clickType", "clickWithJavascript", "element"),
    "drag": ("element", "dragDropOptions"),
    "drop": ("element", "dragDropOptions"),
    "extractFromEmailBody": ("pattern", "variable"),
    "extractFromJavascript": ("code", "element", "variable"),
    "extractVariable": ("element", "variable"),
    "goToEmailLink": ("value",),
    "goToUrl": ("value",),
    "hover": ("element",),
    "playSubTest": ("playingTabId", "subtestPublicId"),
    "pressKey": ("modifiers", "value"),
    "refresh": (),
    "runApiTest": ("request",),
    "scroll": ("element", "x", "y"),
    "selectOption": ("element", "value"),
    "typeText": ("appendToContent", "delay", "element", "value"),
    "uploadFiles": ("element", "files", "withClick"),
    "wait": ("value",),
}
"""The parameters of each type of step."""
_JSON: Final = frozenset({"element", "email", "file", "files", "request", "requests"})
_ZEROS: Final[dict[str, Value]] = {
    "appendToContent": False,
    "clickWithJavascript": False,
    "withClick": False,
    "delay": 0,
    "x": 0,
    "y": 0,
}
"""The values that are sent when the program declares none."""


def _send_step_parameters(type: str, parameters: Value) -> Json:
    sent: dict[str, Json] = {}
    for name in _STEP_PARAMETERS.get(type, ()):
        value = parameters.get(name, _ZEROS.get(name))
        if value is None or value == "" or name == "element":
            continue
        if name in _JSON:
            value = json.loads(value)
        elif name == "playingTabId" or (name == "value" and type == "wait"):
            value = int(value)
        sent["options" if name == "dragDropOptions" else name] = value
    element = json.loads(parameters.get("element") or "{}")
    locator = parameters.get("elementUserLocator")
    if locator:
        element["userLocator"] = {
            "failTestOnCannotLocate": locator.get("failTestOnCannotLocate", False),
            "values": [{"type": "css", **locator["value"]}],
        }
    if element and "element" in _STEP_PARAMETERS.get(type, ()):
        sent["element"] = element
    return sent


def _read_step_parameters(type: str, answer: Json) -> Value:
    read: dict[str, Value] = {}
    for name in _STEP_PARAMETERS.get(type, ()):
        value = answer.get("options" if name == "dragDropOptions" else name)
        if value is None or value == _ZEROS.get(name):
            continue
        if name == "element":
            element = dict(value)
            locator = element.pop("userLocator", None)
            if locator and locator.get("values"):
                fail = {"failTestOnCannotLocate": True} if locator.get("failTestOnCannotLocate") else {}
                read["elementUserLocator"] = {"value": locator["values"][0], **fail}
            value = element
        if name in _JSON:
            if value not in ({}, None):
                read[name] = json.dumps(value, separators=(",", ":"), sort_keys=True)
        else:
            read[name] = str(value) if name in ("value", "playingTabId") else value
    return read


_STEP = Object(
    (
        Property("name"),
        Property("type"),
        *flags("allowFailure", "alwaysExecute", "exitIfSucceed", "isCritical", "noScreenshot"),
        Property("timeout", INT, default=0),
        Property("localKey", local=True),
        Property("forceElementUpdate", local=True),
        Property("publicId", local=True),
    )
)


class _BrowserStep(Schema):
    """A step; its parameters depend on its type."""

    def send(self, value: Value) -> Json:
        parameters = _send_step_parameters(value.get("type", ""), value.get("params") or {})
        return {**_STEP.send(value), "params": parameters}

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        step = _STEP.receive(answer, declared, extent)
        step["params"] = _read_step_parameters(answer.get("type", ""), answer.get("params") or {})
        return declared if isinstance(declared, dict) and self.same(declared, step) else step


class _BrowserVariable(Object):
    """A variable of a browser test: only text can be secure."""

    def send(self, value: Value) -> Json:
        body = super().send(value)
        if value.get("type") == "text":
            body["secure"] = value.get("secure", False)
        return body


_VARIABLE = _BrowserVariable(
    (
        *(Property(name) for name in ("name", "type")),
        *(Property(name, default="") for name in ("pattern", "example")),
        Property("id", zero="omit", computed=True),
    )
)
_PAGE = Object(
    (*(same(name) for name in ("method", "url", "body", "bodyType", "certificateDomains")), same("timeout", NUMBER)),
    zero="omit",
)
BROWSER_TEST = Object(
    (
        *COMMON,
        Property("requestDefinition", _PAGE, at="config.request", if_absent={}),
        *request_details("config.request"),
        Property("configVariables", ListOf(CONFIG_VARIABLE), at="config.configVariables", if_absent=[]),
        Property("browserVariables", ListOf(_VARIABLE), at="config.variables", if_absent=[]),
        Property("setCookie", at="config.setCookie", zero="omit"),
        Property("browserSteps", ListOf(_BrowserStep()), at="steps", if_absent=[]),
    ),
    constants={"config.assertions": []},
)
_PATH_REQUEST = Object(
    (
        Property("host"),
        Property("port", NUMBER_TEXT),
        *(Property(name, INT) for name in ("maxTtl", "timeout", "tracerouteQueries")),
        Property("e2eQueries", INT, at="e2e_queries"),
        *(Property(name) for name in ("tcpMethod", "sourceService", "destinationService")),
    ),
    zero="omit",
)
_NETWORK_FIELDS = (
    *(field for field in COMMON if field.name != "deviceIds"),
    Property("subtype"),
    Property("requestDefinition", _PATH_REQUEST, at="config.request", if_absent={}),
    Property("assertions", ListOf(ASSERTION), at="config.assertions", if_absent=[]),
)


class _Network(JsonApi):
    """A network test, whose id is its public id."""

    def id_of(self, resource: Json) -> str:
        return str((resource.get("attributes") or {}).get("public_id") or resource["id"])


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the entries by type of test."""
    network = "/api/v2/synthetics/tests/network"
    return {
        "browser": plain(
            account,
            f"{TESTS}/browser",
            BROWSER_TEST,
            envelope=Plain(id="public_id"),
            delete_with=delete,
            reads_after=frozenset({"create"}),
        ),
        "network": jsonapi(
            account,
            "network",
            network,
            *_NETWORK_FIELDS,
            envelope=_Network("network", update_id="none"),
            update_at=f"PUT {network}/{{id}}",
            delete_with=delete,
        ),
    }
