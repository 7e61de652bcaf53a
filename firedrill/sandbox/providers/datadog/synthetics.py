"""Synthetic API tests (https://docs.datadoghq.com/api/latest/synthetics/): one endpoint for each type of test."""

from dataclasses import dataclass

from firedrill.sandbox.providers.datadog import synthetics_browser, synthetics_mobile
from firedrill.sandbox.providers.datadog.api import ApiError, escape
from firedrill.sandbox.providers.datadog.assertions import ASSERTION
from firedrill.sandbox.providers.datadog.envelopes import Plain
from firedrill.sandbox.providers.datadog.kind import NOT_FOUND, Account, Kind, Step, plain
from firedrill.sandbox.providers.datadog.lists import Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, JSON_TEXT, NUMBER, Changes, Full, Json, Shape
from firedrill.sandbox.providers.datadog.synthetics_parts import (
    COMMON,
    COMPRESSED,
    CONFIG_VARIABLE,
    TESTS,
    around,
    delete,
    flags,
    same,
)
from firedrill.sandbox.providers.difference import Difference
from firedrill.sandbox.providers.resource import Call, CheckFailure, ResourceKind
from firedrill.sandbox.providers.values import Properties, Value

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
"""Subtype of a step -> its texts and flags that are always sent, and those that are sent when given."""


def _step_request(subtype: str) -> Object:
    texts, switches, others = _STEP_REQUESTS[subtype]
    special: dict[str, tuple[Field, ...]] = {
        "http": (same("httpVersion", default="any"), Field("followRedirects", default=False)),
        "grpc": (same("plainProtoFile", COMPRESSED, at="compressedProtoFile", zero="omit"),),
        "icmp": (same("numberOfPackets", INT, default=0),),
        "mcp": (same("toolArgs", JSON_TEXT),),
        "ssl": (Field("acceptSelfSigned", at="allow_insecure"),),
    }
    return Object(
        (
            same("timeout", NUMBER, default=0),
            *(() if subtype == "ssl" else (Field("allowInsecure", default=False),)),
            *(same(name, default="") for name in texts),
            *flags(*switches),
            *(same(name, zero="omit") for name in others),
            *special.get(subtype, ()),
        )
    )


_EXTRACTED = Object(
    (
        *(Field(name) for name in ("name", "type")),
        Field("field", zero="omit"),
        Field("parser", Object((Field("type"), Field("value", zero="omit")))),
        Field("secure", default=False),
    )
)


def _api_step(subtype: str) -> Object:
    return Object(
        (
            Field("name"),
            Field("subtype", default="http"),
            Field("id", computed=True, zero="omit"),
            *flags("allowFailure", "exitIfSucceed", "isCritical"),
            Field("assertions", Listed(ASSERTION), empty=[]),
            same("extractedValues", Listed(_EXTRACTED), empty=[]),
            same("extractedValuesFromScript", default=""),
            Field("requestDefinition", _step_request(subtype), at="request"),
            *around("request"),
            Field("retry", Object((Field("count", INT, default=0), Field("interval", NUMBER, default=300)))),
        )
    )


_WAIT = Object((Field("name"), Field("subtype"), Field("id", computed=True), Field("value", INT, default=0)))
_SUBTEST = Object((Field("name"), Field("subtype"), Field("id", computed=True), same("subtestPublicId")))


@dataclass(frozen=True)
class Cases(Shape):
    """An object whose fields depend on one of its own values, which both sides have at `key`."""

    key: str
    cases: dict[str, Object]
    otherwise: str

    def send(self, value: Value) -> Json:
        return self._case(value).send(value)

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        return self._case(answer).receive(answer, declared, full)

    def changes(self, old: Value, new: Value, path: str) -> Changes:
        yield from self._case(new or old or {}).changes(old, new, path)

    def _case(self, value: Value) -> Object:
        return self.cases.get(str(value.get(self.key))) or self.cases[self.otherwise]


API_STEPS = Listed(
    Cases(
        "subtype",
        {**{subtype: _api_step(subtype) for subtype in _STEP_REQUESTS}, "wait": _WAIT, "playSubTest": _SUBTEST},
        "http",
    )
)


API_TEST = Object(
    (
        *COMMON,
        Field("subtype", default="http"),
        Field("requestDefinition", _REQUEST, at="config.request", empty={}),
        *around("config.request"),
        Field("assertions", Listed(ASSERTION), at="config.assertions", empty=[]),
        Field("configVariables", Listed(CONFIG_VARIABLE), at="config.configVariables", empty=[]),
        Field("variablesFromScript", at="config.variablesFromScript", zero="omit"),
        Field("apiSteps", API_STEPS, at="config.steps", zero="omit"),
    )
)


def _adapt(_step: Step, body: Json) -> Json:
    """A multistep test has its requests in its steps; some methods have no body."""
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
    """A resource that is a different one for each value of its property `type`."""

    kinds: dict[str, Kind]
    typed_at: str
    """Where an import, which knows the id alone, asks for the type."""

    def check(self, call: Call, inputs: Properties, old_inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
        if inputs.get("type") not in self.kinds:
            return inputs, [CheckFailure("type", f"is {inputs.get('type')!r}: must be one of {', '.join(self.kinds)}")]
        return self._of(inputs).check(call, inputs, old_inputs)

    def diff(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        return self._of(inputs).diff(call, id, old_inputs, old_state, inputs)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        return self._of(inputs).create(call, inputs)

    def read(self, call: Call, id: str, inputs: Properties, state: Properties) -> tuple[Properties, Properties] | None:
        known = {**state, **inputs}
        if "type" not in known:
            try:
                known = self.kinds["api"].account.api.call(self.typed_at.format(id=escape(id))) or {}
            except ApiError as error:
                if error.status != NOT_FOUND:
                    raise
                return None
        return self._of(known).read(call, id, inputs, state)

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        return self._of(inputs).update(call, id, old_inputs, old_state, inputs)

    def delete(self, call: Call, id: str, inputs: Properties, state: Properties) -> None:
        self._of({**state, **inputs}).delete(call, id, inputs, state)

    def _of(self, properties: Properties) -> Kind:
        return self.kinds.get(str(properties.get("type"))) or self.kinds["api"]


def kinds(account: Account) -> dict[str, ResourceKind]:
    """The family's entries."""
    api_test = plain(account, f"{TESTS}/api", API_TEST, envelope=Plain(id="public_id"), adapt=_adapt, forget=delete)
    others = {**synthetics_browser.kinds(account), "mobile": synthetics_mobile.kind(account)}
    return {"datadog:index/syntheticsTest:SyntheticsTest": ByType({"api": api_test, **others}, f"GET {TESTS}/{{id}}")}
