"""Assertions of synthetic tests: a target that is text in the program and text, a number or an object in the API."""

import re
from typing import Final

from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import Changes, Json, Number, Shape, canonical
from firedrill.sandbox.providers.difference import compare
from firedrill.sandbox.providers.values import Value, contains_unknown

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
        Object((Field("jsonschema", at="jsonSchema"), Field("metaschema", at="metaSchema", default="draft-07"))),
    ),
    "validatesJSONPath": (
        "targetjsonpath",
        Object(
            (
                Field("jsonpath", at="jsonPath"),
                Field("operator"),
                Field("targetvalue", at="targetValue"),
                Field("elementsoperator", at="elementsOperator", default="firstElementMatches"),
            )
        ),
    ),
    "validatesXPath": (
        "targetxpath",
        Object((Field("xpath", at="xPath"), Field("operator"), Field("targetvalue", at="targetValue"))),
    ),
}


def _is_numeric(type: str, operator: str) -> bool:
    """Whether the API has a number as the target of such an assertion."""
    exact_status = type == "statusCode" and operator in ("is", "isNot")
    return type in _NUMERIC_TYPES or exact_status or (operator in _ORDERINGS and type not in _VERSIONS)


def _send_object(name: str, shape: Object, assertion: Value) -> Json:
    target = shape.send(assertion.get(name) or {})
    operator = target.get("operator")
    if operator in ("lessThan", "moreThan") and not _VARIABLE.search(str(target.get("targetValue"))):
        target["targetValue"] = Number().send(target.get("targetValue"))
    if operator == "isUndefined":
        target.pop("targetValue", None)
    return target


class Assertion(Shape):
    """One assertion."""

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

    def changes(self, old: Value, new: Value, path: str) -> Changes:
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
            name, shape = _OBJECT_TARGETS[operator]
            found = shape.receive(target, None, full=True)
            if "targetvalue" in found:
                found["targetvalue"] = str(found["targetvalue"])
            value[name] = found
        elif target is not None:
            value["target"] = str(Number().send(target)) if not isinstance(target, str) else target
        return value


ASSERTION: Final = Assertion()
