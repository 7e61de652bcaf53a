"""Around synthetic tests: global variables, private locations, the concurrency cap, suites."""

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.envelopes import JsonApi, Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Listed
from firedrill.sandbox.providers.datadog.logs import Whole
from firedrill.sandbox.providers.datadog.objects import Field, Object, get
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, Json
from firedrill.sandbox.providers.values import Properties

_PARSER = Object((Field("type"), Field("value", zero="omit")))
VARIABLE = Object(
    (
        Field("name", required=True),
        Field("description", default=""),
        Field("tags", empty=[]),
        Field("value", at="value.value"),
        Field("valueWo", at="value.value", write_only=True),
        Field("valueWoVersion", local=True),
        Field("secure", at="value.secure", default=False),
        Field("isTotp", default=False),
        Field("isFido", default=False),
        Field("restrictedRoles", TEXT_SET, at="attributes.restricted_roles"),
        Field("parseTestId", at="parse_test_public_id"),
        Field(
            "parseTestOptions",
            Object(
                (
                    Field("type"),
                    Field("field", zero="omit"),
                    Field("localVariableName", at="localVariableName", zero="omit"),
                    Field("parser", _PARSER),
                )
            ),
        ),
        Field(
            "options",
            Object(
                (
                    Field(
                        "totpParameters",
                        Object((Field("digits", INT), Field("refreshInterval", INT))),
                        at="totp_parameters",
                    ),
                )
            ),
            at="value.options",
        ),
    )
)


def _variable(_step: Step, body: Json) -> Json:
    """A variable that a test fills has no value; a FIDO one is secure whatever the program says."""
    if body.get("is_fido"):
        body["value"] = {"secure": True}
    if not body.get("is_totp"):
        body.pop("is_totp", None)
        (body.get("value") or {}).pop("options", None)
    if not body.get("is_fido"):
        body.pop("is_fido", None)
    return body


def _keep_secret(resource: Json, declared: Properties) -> Json:
    """A secure value is never answered."""
    value = dict(resource.get("value") or {})
    if value.get("secure") and value.get("value") is None and declared.get("value") is not None:
        value["value"] = declared["value"]
    if declared.get("valueWo") is not None:
        value.pop("value", None)
    return {**resource, "value": value}


class _Location(Plain):
    """A create answers the location and, once only, the configuration of its workers."""

    def unwrap(self, answer: Json, id: str) -> Json:
        if not isinstance(answer, dict):
            return None
        found = answer.get("private_location", answer)
        return {**found, "config": answer["config"]} if "config" in answer else found


def _delete_suite(api: Api, id: str, _known: Properties) -> None:
    body = {"data": {"type": "delete_suites_request", "attributes": {"public_ids": [id]}}}
    api.call("POST /api/v2/synthetics/suites/bulk-delete", body)


def _suite_kind(_step: Step, body: Json) -> Json:
    return {**body, "attributes": {**body["attributes"], "type": "suite"}}


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    cap = "/api/v2/synthetics/settings/on_demand_concurrency_cap"
    return {
        "datadog:index/syntheticsGlobalVariable:SyntheticsGlobalVariable": plain(
            account,
            "/api/v1/synthetics/variables",
            VARIABLE,
            adapt=_variable,
            normalize=_keep_secret,
        ),
        "datadog:index/syntheticsPrivateLocation:SyntheticsPrivateLocation": plain(
            account,
            "/api/v1/synthetics/private-locations",
            Object(
                (
                    Field("name", required=True),
                    Field("description", default=""),
                    Field("tags", empty=[]),
                    Field("metadata", Object((Field("restrictedRoles", TEXT_SET),)), empty={}),
                    Field("apiKey", local=True),
                    Field("config", output=True, secret=True),
                    Field("restrictionPolicyResourceId", output=True),
                )
            ),
            envelope=_Location(),
        ),
        "datadog:index/syntheticsConcurrencyCap:SyntheticsConcurrencyCap": plain(
            account,
            cap,
            Object((Field("onDemandConcurrencyCap", INT, required=True),)),
            envelope=Whole(),
            read_at=f"GET {cap}",
            update_at=f"POST {cap}",
            delete_at=None,
            identify=lambda _, _inputs: "this",
            normalize=lambda answer, _: get(answer, ["data", "attributes"]) or answer,
        ),
        "datadog:index/syntheticsSuite:SyntheticsSuite": jsonapi(
            account,
            "suites",
            "/api/v2/synthetics/suites",
            Field("name", required=True),
            Field("message", default=""),
            Field("tags", empty=[]),
            Field("tests", Listed(Object((Field("publicId"), Field("alertingCriticality")))), empty=[]),
            Field("options", Listed(Object((Field("alertingThreshold", NUMBER),))), local=True),
            update_at="PUT /api/v2/synthetics/suites/{id}",
            envelope=_Suite("suites", send_id=False),
            adapt=_suite_kind,
            forget=_delete_suite,
        ),
    }


class _Suite(JsonApi):
    """A suite is known by its public id."""

    def identify(self, resource: Json) -> str:
        return str((resource.get("attributes") or {}).get("public_id") or resource["id"])
