"""Global variables of synthetic tests, and the concurrency cap."""

from firedrill.datadog.mapping.envelopes import WithoutId
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, plain
from firedrill.datadog.mapping.lists import TEXT_SET
from firedrill.datadog.mapping.objects import Object, Property, get
from firedrill.datadog.mapping.schema import INT, Json
from firedrill.provider.values import Properties

_PARSER = Object((Property("type"), Property("value", zero="omit")))
VARIABLE = Object(
    (
        Property("name", required=True),
        Property("description", default=""),
        Property("tags", if_absent=[]),
        Property("value", at="value.value"),
        Property("valueWo", at="value.value", write_only=True),
        Property("valueWoVersion", local=True),
        Property("secure", at="value.secure", default=False),
        Property("isTotp", default=False),
        Property("isFido", default=False),
        Property("restrictedRoles", TEXT_SET, at="attributes.restricted_roles"),
        Property("parseTestId", at="parse_test_public_id"),
        Property(
            "parseTestOptions",
            Object(
                (
                    Property("type"),
                    Property("field", zero="omit"),
                    Property("localVariableName", at="localVariableName", zero="omit"),
                    Property("parser", _PARSER),
                )
            ),
        ),
        Property(
            "options",
            Object(
                (
                    Property(
                        "totpParameters",
                        Object((Property("digits", INT), Property("refreshInterval", INT))),
                        at="totp_parameters",
                    ),
                )
            ),
            at="value.options",
        ),
    )
)


def _adjust_variable(_write: Write, body: Json) -> Json:
    """Remove parts that only some variables have. A FIDO variable is always secure, and has no value."""
    if body.get("is_fido"):
        body["value"] = {"secure": True}
    return body


def _with_declared_value(resource: Json, declared: Properties) -> Json:
    """Add the declared value of a secure variable, which the API never answers."""
    value = dict(resource.get("value") or {})
    if value.get("secure") and value.get("value") is None and declared.get("value") is not None:
        value["value"] = declared["value"]
    if declared.get("valueWo") is not None:
        value.pop("value", None)
    return {**resource, "value": value}


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    cap = "/api/v2/synthetics/settings/on_demand_concurrency_cap"
    return {
        "datadog:index/syntheticsGlobalVariable:SyntheticsGlobalVariable": plain(
            account,
            "/api/v1/synthetics/variables",
            VARIABLE,
            adjust_body=_adjust_variable,
            normalize_answer=_with_declared_value,
        ),
        "datadog:index/syntheticsConcurrencyCap:SyntheticsConcurrencyCap": plain(
            account,
            cap,
            Object((Property("onDemandConcurrencyCap", INT, required=True),)),
            envelope=WithoutId(),
            read_at=f"GET {cap}",
            update_at=f"POST {cap}",
            delete_at=None,
            id_of=lambda _, _inputs: "this",
            normalize_answer=lambda answer, _: get(answer, ["data", "attributes"]) or answer,
        ),
    }
