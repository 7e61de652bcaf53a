"""Synthetic API tests (https://docs.datadoghq.com/api/latest/synthetics/): one endpoint for each type of test."""

from dataclasses import dataclass

from firedrill.datadog.client import DatadogError, escape
from firedrill.datadog.mapping.envelopes import Plain
from firedrill.datadog.mapping.kind import NOT_FOUND, ConfiguredAccount, DatadogKind, Write, plain
from firedrill.datadog.mapping.lists import ListOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, JSON_TEXT, NUMBER, Differences, Extent, Json, Schema
from firedrill.datadog.resources import synthetics_browser, synthetics_mobile
from firedrill.datadog.resources.synthetics_assertions import ASSERTION
from firedrill.datadog.resources.synthetics_common import (
    COMMON,
    COMPRESSED,
    CONFIG_VARIABLE,
    TESTS,
    delete,
    flags,
    request_details,
    same,
)
from firedrill.provider.difference import Difference
from firedrill.provider.resource import CheckFailure, ProviderError, ResourceCall, ResourceKind
from firedrill.provider.values import Properties, Value

_REQUEST = Object(
    (
        *(
            same(name)
            for name in ("method", "url", "body", "bodyType", "form", "host", "port", "dnsServer", "callType")
        ),
        *(same(name) for name in ("dnsServerPort", "servername", "message", "service", "certificateDomains")),
        *(
            same(name)
            for name in ("noSavingResponseBody", "shouldTrackHops", "isMessageBase64Encoded", "persistCookies")
        ),
        same("timeout", NUMBER),
        same("numberOfPackets", INT),
        same("httpVersion", local=True),
        same("mcpProtocolVersion"),
        same("toolName"),
        same("toolArgs", JSON_TEXT),
        same("plainProtoFile", COMPRESSED, at="compressedProtoFile"),
        same("protoJsonDescriptor", COMPRESSED, at="compressedJsonDescriptor"),
    ),
    zero="omit",
)
_STEP_REQUESTS = {
    "http": (("url", "method"), ("persistCookies", "noSavingResponseBody"), ("body", "bodyType", "form")),
    "grpc": (("host", "method", "service", "message"), (), ("port", "callType")),
    "ssl": (("host",), ("checkCertificateRevocation", "disableAiaIntermediateFetching"), ("port", "servername")),
    "tcp": (("host",), ("shouldTrackHops",), ("port",)),
    "websocket": (("url",), ("isMessageBase64Encoded",), ("message",)),
    "dns": (("host",), (), ("dnsServer", "dnsServerPort")),
    "udp": (("host",), (), ("port", "message")),
    "icmp": (("host",), ("shouldTrackHops",), ()),
    "mcp": (("url",), (), ("callType", "mcpProtocolVersion", "toolName")),
}
"""By subtype of a step: the texts and flags that are always sent, and those that are sent when declared."""


def _step_request(subtype: str) -> Object:
    texts, switches, others = _STEP_REQUESTS[subtype]
    special: dict[str, tuple[Property, ...]] = {
        "http": (same("httpVersion", default="any"), Property("followRedirects", default=False)),
        "grpc": (same("plainProtoFile", COMPRESSED, at="compressedProtoFile", zero="omit"),),
        "icmp": (same("numberOfPackets", INT, default=0),),
        "mcp": (same("toolArgs", JSON_TEXT),),
        "ssl": (Property("acceptSelfSigned", at="allow_insecure"),),
    }
    return Object(
        (
            same("timeout", NUMBER, default=0),
            *(() if subtype == "ssl" else (Property("allowInsecure", default=False),)),
            *(same(name, default="") for name in texts),
            *flags(*switches),
            *(same(name, zero="omit") for name in others),
            *special.get(subtype, ()),
        )
    )


_EXTRACTED = Object(
    (
        *(Property(name) for name in ("name", "type")),
        Property("field", zero="omit"),
        Property("parser", Object((Property("type"), Property("value", zero="omit")))),
        Property("secure", default=False),
    )
)


def _api_step(subtype: str) -> Object:
    return Object(
        (
            Property("name"),
            Property("subtype", default="http"),
            Property("id", computed=True, zero="omit"),
            *flags("allowFailure", "exitIfSucceed", "isCritical"),
            Property("assertions", ListOf(ASSERTION), if_absent=[]),
            same("extractedValues", ListOf(_EXTRACTED), if_absent=[]),
            same("extractedValuesFromScript", default=""),
            Property("requestDefinition", _step_request(subtype), at="request"),
            *request_details("request"),
            Property("retry", Object((Property("count", INT, default=0), Property("interval", NUMBER, default=300)))),
        )
    )


_WAIT = Object(
    (Property("name"), Property("subtype"), Property("id", computed=True), Property("value", INT, default=0))
)
_SUBTEST = Object((Property("name"), Property("subtype"), Property("id", computed=True), same("subtestPublicId")))


@dataclass(frozen=True)
class ByValue(Schema):
    """An object whose schema depends on one of its values, which both sides have at `key`."""

    key: str
    cases: dict[str, Object]
    otherwise: str

    def send(self, value: Value) -> Json:
        return self._case(value).send(value)

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        return self._case(answer).receive(answer, declared, extent)

    def differences(self, old: Value, new: Value, path: str) -> Differences:
        yield from self._case(new or old or {}).differences(old, new, path)

    def _case(self, value: Value) -> Object:
        return self.cases.get(str(value.get(self.key))) or self.cases[self.otherwise]


API_STEPS = ListOf(
    ByValue(
        "subtype",
        {**{subtype: _api_step(subtype) for subtype in _STEP_REQUESTS}, "wait": _WAIT, "playSubTest": _SUBTEST},
        "http",
    )
)


API_TEST = Object(
    (
        *COMMON,
        Property("subtype", default="http"),
        Property("requestDefinition", _REQUEST, at="config.request", if_absent={}),
        *request_details("config.request"),
        Property("assertions", ListOf(ASSERTION), at="config.assertions", if_absent=[]),
        Property("configVariables", ListOf(CONFIG_VARIABLE), at="config.configVariables", if_absent=[]),
        Property("variablesFromScript", at="config.variablesFromScript", zero="omit"),
        Property("apiSteps", API_STEPS, at="config.steps", zero="omit"),
    )
)


def _check_steps(write: Write) -> None:
    """Raise ProviderError for steps of a test with one request, as the published provider does before a request."""
    subtype = write.inputs.get("subtype") or "http"
    if write.inputs.get("apiSteps") and subtype != "multi" and not write.inputs.get("requestDefinition"):
        text = "`api_step` blocks can only be set for multistep API tests."
        raise ProviderError(f'{text} Expected test subtype: "multi", got "{subtype}"')


def _adapt(_write: Write, body: Json) -> Json:
    """Remove the request of a multistep test, which has requests in its steps, and the bodies of some methods."""
    config, options = body["config"], body["options"]
    if body["subtype"] == "multi":
        config.pop("request", None)
        for step in config.get("steps") or []:
            _drop_body(step.get("request") or {}, (step.get("request") or {}).get("httpVersion"))
    else:
        config.pop("steps", None)
        _drop_body(config["request"], options.get("httpVersion"))
        if body["subtype"] == "grpc":
            config["request"].setdefault("service", "")
    return body


def _drop_body(request: Json, http_version: str | None) -> None:
    if request.get("method") in ("GET", "HEAD", "DELETE") and http_version != "http1":
        request.pop("body", None)


@dataclass(frozen=True)
class ByType(ResourceKind):
    """A resource with a different entry for each value of its property `type`."""

    kinds: dict[str, DatadogKind]
    read_at: str
    """The endpoint from which an import, which has only the id, reads the type."""

    def check(
        self, call: ResourceCall, inputs: Properties, old_inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        return self._entry(inputs).check(call, inputs, old_inputs)

    def diff(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        return self._entry(inputs).diff(call, id, old_inputs, old_state, inputs)

    def create(self, call: ResourceCall, inputs: Properties) -> tuple[str, Properties]:
        return self._entry(inputs).create(call, inputs)

    def read(
        self, call: ResourceCall, id: str, inputs: Properties, state: Properties
    ) -> tuple[Properties, Properties] | None:
        properties = {**state, **inputs}
        if "type" not in properties:
            try:
                properties = self.kinds["api"].account.client.call(self.read_at.format(id=escape(id))) or {}
            except DatadogError as error:
                if error.status != NOT_FOUND:
                    raise
                return None
        return self._entry(properties).read(call, id, inputs, state)

    def update(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        return self._entry(inputs).update(call, id, old_inputs, old_state, inputs)

    def delete(self, call: ResourceCall, id: str, inputs: Properties, state: Properties) -> None:
        self._entry({**state, **inputs}).delete(call, id, inputs, state)

    def _entry(self, properties: Properties) -> DatadogKind:
        return self.kinds.get(str(properties.get("type"))) or self.kinds["api"]


def kinds(account: ConfiguredAccount) -> dict[str, ResourceKind]:
    """Return the family's entries."""
    api_test = plain(
        account,
        f"{TESTS}/api",
        API_TEST,
        envelope=Plain(id="public_id"),
        adjust_body=_adapt,
        delete_with=delete,
        reads_after=frozenset({"create"}),
        before_write=_check_steps,
    )
    others = {**synthetics_browser.kinds(account), "mobile": synthetics_mobile.kind(account)}
    return {"datadog:index/syntheticsTest:SyntheticsTest": ByType({"api": api_test, **others}, f"GET {TESTS}/{{id}}")}
