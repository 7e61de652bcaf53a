"""The common parts of synthetic tests of all types: options, a request's headers and credentials, variables."""

import base64
import zlib
from typing import Any

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.lists import TEXT_SET_IN_HASH_ORDER, ListOf, SetInProgramOrder
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, NUMBER, Json, Schema
from firedrill.provider.values import Properties, Value

TESTS = "/api/v1/synthetics/tests"


def same(name: str, schema: Schema | None = None, **options: Any) -> Property:
    """Return a property that has the same name in the API."""
    return Property(name, schema or Schema(), at=options.pop("at", name), **options)


def flags(*names: str) -> tuple[Property, ...]:
    """Return flags that are sent as false when the program declares none."""
    return tuple(same(name, default=False) for name in names)


class _Compressed(Schema):
    """A text in the program, its zlib stream in Base64 in the API."""

    def send(self, value: Value) -> Json:
        return base64.b64encode(zlib.compress(str(value).encode())).decode()

    def _read(self, answer: Json) -> Value:
        try:
            return zlib.decompress(base64.b64decode(answer)).decode()
        except (ValueError, zlib.error):
            return answer


COMPRESSED = _Compressed()
_TIMEFRAME = Object((Property("day", INT), Property("from"), Property("to")))
OPTIONS = Object(
    (
        Property("tickEvery", INT),
        same("httpVersion", default="any"),
        Property("minLocationFailed", INT, default=1),
        Property("minFailureDuration", INT),
        Property("acceptSelfSigned"),
        Property("allowInsecure"),
        Property("followRedirects"),
        same("checkCertificateRevocation"),
        same("disableAiaIntermediateFetching"),
        same("ignoreCertificateValidation"),
        same("ignoreServerCertificateError"),
        Property(
            "retry",
            Object((Property("count", INT, default=0), Property("interval", NUMBER, default=300))),
            computed=True,
        ),
        Property(
            "monitorOptions",
            Object(
                (
                    Property("renotifyInterval", INT, default=0),
                    Property("renotifyOccurrences", INT, default=0),
                    Property("escalationMessage", default=""),
                    Property("notificationPresetName", zero="omit"),
                )
            ),
            computed=True,
        ),
        Property("monitorName"),
        Property("monitorPriority", INT),
        Property("restrictedRoles", TEXT_SET_IN_HASH_ORDER),
        Property("ci", Object((same("executionRule"),)), computed=True),
        Property("scheduling", Object((Property("timeframes", SetInProgramOrder(_TIMEFRAME)), Property("timezone")))),
        same("noScreenshot"),
        same("rumSettings", Object((*flags("isEnabled"), same("applicationId"), same("clientTokenId", INT)))),
        same("disableCsp"),
        same("disableCors"),
        same("initialNavigationTimeout", INT),
        same("blockedRequestPatterns"),
        same("captureNetworkPayloads"),
        Property("bitsAiAutoInvestigate", local=True),
    ),
    zero="omit",
)
_CREDENTIALS = Object(
    (
        Property("type", default="web"),
        *(
            same(name)
            for name in (
                *("username", "accessKey", "accessTokenUrl", "addClaimsExp", "addClaimsIat", "algorithm", "audience"),
                *("clientId", "domain", "expiresIn", "header", "payload", "region", "resource", "scope", "serviceName"),
                *("tokenApiAuthentication", "tokenPrefix", "workstation"),
            )
        ),
        *(same(name, write_only=True) for name in ("password", "secret", "secretKey", "clientSecret", "sessionToken")),
    ),
    zero="omit",
)
_FILE = Object(
    tuple(same(name) for name in ("name", "size", "type", "bucketKey", "content", "encoding", "originalFileName")),
    zero="omit",
)
_PEM = Object((Property("content", write_only=True), Property("filename")), zero="omit")


def request_details(place: str) -> tuple[Property, ...]:
    """Return the properties that the program has beside a request, and the API inside of it, at `place`."""
    return (
        Property("requestHeaders", at=f"{place}.headers", zero="omit"),
        Property("requestQuery", at=f"{place}.query", zero="omit"),
        Property("requestMetadata", at=f"{place}.metadata", zero="omit"),
        Property("requestBasicauth", _CREDENTIALS, at=f"{place}.basicAuth"),
        Property("requestProxy", Object((Property("url"), Property("headers", zero="omit"))), at=f"{place}.proxy"),
        Property(
            "requestClientCertificate",
            Object((Property("cert", _PEM), Property("key", _PEM))),
            at=f"{place}.certificate",
        ),
        Property("requestFiles", ListOf(_FILE), at=f"{place}.files", zero="omit"),
    )


class TestVariable(Object):
    """A variable of a test; of a global one only its id is sent."""

    def send(self, value: Value) -> Json:
        if value.get("type") == "global":
            return {key: value[key] for key in ("name", "type", "id") if value.get(key)}
        return super().send(value)


CONFIG_VARIABLE = TestVariable(
    (
        *(Property(name) for name in ("name", "type")),
        *(Property(name, default="") for name in ("pattern", "example")),
        Property("secure", default=False),
        Property("id", zero="omit", computed=True),
    )
)
COMMON = (
    Property("name", required=True),
    Property("type", required=True, replace=True),
    Property("status", required=True),
    Property("message", default=""),
    Property("tags", if_absent=[]),
    Property("locations", TEXT_SET_IN_HASH_ORDER, required=True, zero="omit"),
    Property("optionsList", OPTIONS, at="options", if_absent={}),
    Property("deviceIds", at="options.device_ids", zero="omit"),
    Property("monitorId", INT, output=True),
    Property("forceDeleteDependencies", local=True),
)


def delete(client: DatadogClient, id: str, properties: Properties) -> None:
    """Delete a test of any type, with the tests that depend on it where the program declares so."""
    force = {"force_delete_dependencies": True} if properties.get("forceDeleteDependencies") else {}
    client.call(f"POST {TESTS}/delete", {"public_ids": [id], **force})
