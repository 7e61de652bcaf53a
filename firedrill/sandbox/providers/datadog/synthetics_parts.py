"""What synthetic tests of all types share: options, what surrounds a request, variables."""

import base64
import zlib
from typing import Any

from firedrill.sandbox.providers.datadog import go_zlib
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.lists import TEXT_HASHED, Listed, Sequenced
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, Json, Shape
from firedrill.sandbox.providers.values import Properties, Value

TESTS = "/api/v1/synthetics/tests"


def same(name: str, shape: Shape | None = None, **options: Any) -> Field:
    """A property that the API spells as the program does."""
    return Field(name, shape or Shape(), at=options.pop("at", name), **options)


def flags(*names: str) -> tuple[Field, ...]:
    """Flags that are sent when the program leaves them out."""
    return tuple(same(name, default=False) for name in names)


class _Compressed(Shape):
    """Text in the program, its zlib stream in Base64 in the API."""

    def send(self, value: Value) -> Json:
        return base64.b64encode(go_zlib.compress(str(value).encode())).decode()

    def _read(self, answer: Json) -> Value:
        try:
            return zlib.decompress(base64.b64decode(answer)).decode()
        except (ValueError, zlib.error):
            return answer


COMPRESSED = _Compressed()
_TIMEFRAME = Object((Field("day", INT), Field("from"), Field("to")))
OPTIONS = Object(
    (
        Field("tickEvery", INT),
        same("httpVersion", default="any"),
        Field("minLocationFailed", INT, default=1),
        Field("minFailureDuration", INT),
        Field("acceptSelfSigned"),
        Field("allowInsecure"),
        Field("followRedirects"),
        same("checkCertificateRevocation"),
        same("disableAiaIntermediateFetching"),
        same("ignoreCertificateValidation"),
        same("ignoreServerCertificateError"),
        Field(
            "retry",
            Object((Field("count", INT, default=0), Field("interval", NUMBER, default=300))),
            computed=True,
        ),
        Field(
            "monitorOptions",
            Object(
                (
                    Field("renotifyInterval", INT, default=0),
                    Field("renotifyOccurrences", INT, default=0),
                    Field("escalationMessage", default=""),
                    Field("notificationPresetName", zero="omit"),
                )
            ),
            computed=True,
        ),
        Field("monitorName"),
        Field("monitorPriority", INT),
        Field("restrictedRoles", TEXT_HASHED),
        Field("ci", Object((same("executionRule"),)), computed=True),
        Field("scheduling", Object((Field("timeframes", Sequenced(_TIMEFRAME)), Field("timezone")))),
        same("noScreenshot"),
        same("rumSettings", Object((*flags("isEnabled"), same("applicationId"), same("clientTokenId", INT)))),
        same("disableCsp"),
        same("disableCors"),
        same("initialNavigationTimeout", INT),
        same("blockedRequestPatterns"),
        same("captureNetworkPayloads"),
        Field("bitsAiAutoInvestigate", local=True),
    ),
    zero="omit",
)
_CREDENTIALS = Object(
    (
        Field("type", default="web"),
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
_PEM = Object((Field("content", write_only=True), Field("filename")), zero="omit")


def around(place: str) -> tuple[Field, ...]:
    """What surrounds a request in the program, and is within it in the API."""
    return (
        Field("requestHeaders", at=f"{place}.headers", zero="omit"),
        Field("requestQuery", at=f"{place}.query", zero="omit"),
        Field("requestMetadata", at=f"{place}.metadata", zero="omit"),
        Field("requestBasicauth", _CREDENTIALS, at=f"{place}.basicAuth"),
        Field("requestProxy", Object((Field("url"), Field("headers", zero="omit"))), at=f"{place}.proxy"),
        Field("requestClientCertificate", Object((Field("cert", _PEM), Field("key", _PEM))), at=f"{place}.certificate"),
        Field("requestFiles", Listed(_FILE), at=f"{place}.files", zero="omit"),
    )


class Variable(Object):
    """A variable of a test: a global one has its id alone."""

    def send(self, value: Value) -> Json:
        if value.get("type") == "global":
            return {key: value[key] for key in ("name", "type", "id") if value.get(key)}
        return super().send(value)


CONFIG_VARIABLE = Variable(
    (
        *(Field(name) for name in ("name", "type")),
        *(Field(name, default="") for name in ("pattern", "example")),
        Field("secure", default=False),
        Field("id", zero="omit", computed=True),
    )
)
COMMON = (
    Field("name", required=True),
    Field("type", required=True, replace=True),
    Field("status", required=True),
    Field("message", default=""),
    Field("tags", empty=[]),
    Field("locations", TEXT_HASHED, required=True, zero="omit"),
    Field("optionsList", OPTIONS, at="options", empty={}),
    Field("deviceIds", at="options.device_ids", zero="omit"),
    Field("monitorId", INT, output=True),
    Field("forceDeleteDependencies", local=True),
)


def delete(api: Api, id: str, known: Properties) -> None:
    """Delete a test of any type; forced when others depend on it and the program says so."""
    force = {"force_delete_dependencies": True} if known.get("forceDeleteDependencies") else {}
    api.call(f"POST {TESTS}/delete", {"public_ids": [id], **force})
