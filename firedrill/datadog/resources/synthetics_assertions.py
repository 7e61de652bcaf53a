"""Assertions of synthetic tests: the target is a text in the program, and a text, number or object in the API."""

import re
from typing import Final

from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import Differences, Json, Number, Schema, canonical
from firedrill.provider.difference import compare
from firedrill.provider.values import Value, contains_unknown

_NUMERIC_TYPES: Final = frozenset(
    {
        "responseTime",
        "certificate",
        "latency",
        "packetsReceived",
        "networkHop",
        "grpcHealthcheckStatus",
        "mcpToolNameLength",
        "mcpToolCount",
        "packetLossPercentage",
    }
)
_ORDERINGS: Final = frozenset({"lessThan", "lessThanOrEqual", "moreThan", "moreThanOrEqual"})
_VERSIONS: Final = frozenset({"tlsVersion", "minTlsVersion"})
_VARIABLE: Final = re.compile(r"\{\{\s*[^{}]*?\s*\}\}")
_OBJECT_TARGETS: Final = {
    "validatesJSONSchema": (
        "targetjsonschema",
        Object((Property("jsonschema", at="jsonSchema"), Property("metaschema", at="metaSchema", default="draft-07"))),
    ),
    "validatesJSONPath": (
        "targetjsonpath",
        Object(
            (
                Property("jsonpath", at="jsonPath"),
                Property("operator"),
                Property("targetvalue", at="targetValue"),
                Property("elementsoperator", at="elementsOperator", default="firstElementMatches"),
            )
        ),
    ),
    "validatesXPath": (
        "targetxpath",
        Object((Property("xpath", at="xPath"), Property("operator"), Property("targetvalue", at="targetValue"))),
    ),
}


def _is_numeric(type: str, operator: str) -> bool:
    """Return whether the target of an assertion is a number in the API."""
    exact_status = type == "statusCode" and operator in ("is", "isNot")
    return type in _NUMERIC_TYPES or exact_status or (operator in _ORDERINGS and type not in _VERSIONS)


def _send_object(name: str, schema: Object, assertion: Value) -> Json:
    target = schema.send(assertion.get(name) or {})
    operator = target.get("operator")
    if operator in ("lessThan", "moreThan") and not _VARIABLE.search(str(target.get("targetValue"))):
        target["targetValue"] = Number().send(target.get("targetValue"))
    if operator == "isUndefined":
        target.pop("targetValue", None)
    return target


class Assertion(Schema):
    """An assertion."""

    def send(self, value: Value) -> Json:
        type, operator = value.get("type", ""), value.get("operator", "")
        if type == "javascript":
            return {"type": type, "code": value.get("code", "")}
        if type == "mcpRespectsSpecification":
            return {"type": type}
        body: Json = {"type": type, "operator": operator}
        if type == "mcpServerCapabilities":
            body["target"] = (value.get("targetMcpCapabilities") or {}).get("capabilities") or []
            return body
        if value.get("property") and operator != "validatesJSONSchema":
            body["property"] = value["property"]
        if operator in _OBJECT_TARGETS:
            body["target"] = _send_object(*_OBJECT_TARGETS[operator], value)
            return body
        target = value.get("target", "")
        body["target"] = Number().send(target or 0) if _is_numeric(type, operator) else target
        if value.get("timingsScope"):
            body["timingsScope"] = value["timingsScope"]
        return body

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        both_known = old and new and not contains_unknown([old, new])
        if not (both_known and canonical(self.send(old)) == canonical(self.send(new))):
            yield from compare(old, new, path)

    def _read(self, answer: Json) -> Value:
        plain = ("type", "operator", "property", "code", "timingsScope")
        value = {key: answer[key] for key in plain if answer.get(key) is not None}
        target, operator = answer.get("target"), answer.get("operator", "")
        if answer.get("type") == "mcpServerCapabilities":
            value["targetMcpCapabilities"] = {"capabilities": target}
        elif operator in _OBJECT_TARGETS:
            name, schema = _OBJECT_TARGETS[operator]
            received = schema.receive(target, None, extent="state")
            if "targetvalue" in received:
                received["targetvalue"] = str(received["targetvalue"])
            value[name] = received
        elif target is not None:
            value["target"] = str(Number().send(target)) if not isinstance(target, str) else target
        return value


ASSERTION: Final = Assertion()
