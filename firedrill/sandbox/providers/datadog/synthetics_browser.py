"""Synthetic browser tests and network path tests."""

import json
from typing import Final

from firedrill.sandbox.providers.datadog.assertions import ASSERTION
from firedrill.sandbox.providers.datadog.envelopes import JsonApi, Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, NUMBER_TEXT, Full, Json, Shape
from firedrill.sandbox.providers.datadog.synthetics_parts import (
    COMMON,
    CONFIG_VARIABLE,
    TESTS,
    around,
    delete,
    flags,
    same,
)
from firedrill.sandbox.providers.values import Value

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
"""What each type of step takes."""
_JSON: Final = frozenset({"element", "email", "file", "files", "request", "requests"})
_ZEROS: Final[dict[str, Value]] = {
    "appendToContent": False,
    "clickWithJavascript": False,
    "withClick": False,
    "delay": 0,
    "x": 0,
    "y": 0,
}
"""Sent when the program leaves them out."""


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
        Field("name"),
        Field("type"),
        *flags("allowFailure", "alwaysExecute", "exitIfSucceed", "isCritical", "noScreenshot"),
        Field("timeout", INT, default=0),
        Field("localKey", local=True),
        Field("forceElementUpdate", local=True),
        Field("publicId", local=True),
    )
)


class _BrowserStep(Shape):
    """A step, whose parameters depend on its type."""

    def send(self, value: Value) -> Json:
        parameters = _send_step_parameters(value.get("type", ""), value.get("params") or {})
        return {**_STEP.send(value), "params": parameters}

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        step = _STEP.receive(answer, declared, full)
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
        *(Field(name) for name in ("name", "type")),
        *(Field(name, default="") for name in ("pattern", "example")),
        Field("id", zero="omit", computed=True),
    )
)
_PAGE = Object(
    (*(same(name) for name in ("method", "url", "body", "bodyType", "certificateDomains")), same("timeout", NUMBER)),
    zero="omit",
)
BROWSER_TEST = Object(
    (
        *COMMON,
        Field("requestDefinition", _PAGE, at="config.request", empty={}),
        *around("config.request"),
        Field("configVariables", Listed(CONFIG_VARIABLE), at="config.configVariables", empty=[]),
        Field("browserVariables", Listed(_VARIABLE), at="config.variables", empty=[]),
        Field("setCookie", at="config.setCookie", zero="omit"),
        Field("browserSteps", Listed(_BrowserStep()), at="steps", empty=[]),
    ),
    constants={"config.assertions": []},
)
_PATH_REQUEST = Object(
    (
        Field("host"),
        Field("port", NUMBER_TEXT),
        *(Field(name, INT) for name in ("maxTtl", "timeout", "tracerouteQueries")),
        Field("e2eQueries", INT, at="e2e_queries"),
        *(Field(name) for name in ("tcpMethod", "sourceService", "destinationService")),
    ),
    zero="omit",
)
_NETWORK_FIELDS = (
    *(field for field in COMMON if field.name != "deviceIds"),
    Field("subtype"),
    Field("requestDefinition", _PATH_REQUEST, at="config.request", empty={}),
    Field("assertions", Listed(ASSERTION), at="config.assertions", empty=[]),
)


class _Network(JsonApi):
    """A network test is known by its public id."""

    def identify(self, resource: Json) -> str:
        return str((resource.get("attributes") or {}).get("public_id") or resource["id"])


def kinds(account: Account) -> dict[str, Kind]:
    """Type of a test -> its entry."""
    network = "/api/v2/synthetics/tests/network"
    return {
        "browser": plain(
            account, f"{TESTS}/browser", BROWSER_TEST, envelope=Plain(id="public_id"), forget=delete, reread=True
        ),
        "network": jsonapi(
            account,
            "network",
            network,
            *_NETWORK_FIELDS,
            envelope=_Network("network", send_id=False),
            update_at=f"PUT {network}/{{id}}",
            forget=delete,
        ),
    }
