"""Service level objectives (https://docs.datadoghq.com/api/latest/service-level-objectives/) and their corrections."""

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.envelopes import JsonApi, Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import (
    TAG_SET_IN_HASH_ORDER,
    TEXT_SET,
    TEXT_SET_IN_HASH_ORDER,
    InListOfOne,
    ListOf,
    SetInHashOrder,
)
from firedrill.datadog.mapping.objects import Object, Property, snake
from firedrill.datadog.mapping.schema import INT, NUMBER, TEXT, TRIMMED, Inside, Json, Number
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties

_METRIC_QUERY = Object((Property("dataSource", default="metrics"), Property("name"), Property("query")))
_QUERIES = ListOf(Object((Property("metricQuery", _METRIC_QUERY, at=""),)))
_FORMULA = Inside(("formula",), TEXT)
_COUNT = Object(
    (
        Property("goodEventsFormula", _FORMULA),
        Property("badEventsFormula", _FORMULA),
        Property("totalEventsFormula", _FORMULA),
        Property("queries", _QUERIES),
    ),
    zero="omit",
)


_TIME_SLICE = Object(
    (
        Property("comparator"),
        Property("threshold", NUMBER, zero="send"),
        Property("queryIntervalSeconds", INT, default=300),
        Property(
            "query",
            Object(
                (
                    Property(
                        "formula", InListOfOne(Object((Property("formulaExpression", at="formula"),))), at="formulas"
                    ),
                    Property("queries", _QUERIES),
                )
            ),
        ),
    ),
    zero="omit",
)
_THRESHOLD = Object(
    (
        Property("timeframe"),
        Property("target", NUMBER),
        Property("warning", NUMBER),
        Property("targetDisplay", output=True),
        Property("warningDisplay", output=True),
    ),
    zero="omit",
)
SLO = Object(
    (
        Property("name", required=True),
        Property("type", required=True, replace=True),
        Property("description", TRIMMED),
        Property("tags", TAG_SET_IN_HASH_ORDER, computed=True),
        Property("thresholds", ListOf(_THRESHOLD), required=True),
        Property("timeframe", computed=True),
        Property("targetThreshold", NUMBER, computed=True),
        Property("warningThreshold", NUMBER, computed=True),
        Property("query", Object((Property("numerator", TRIMMED), Property("denominator", TRIMMED))), computed=True),
        Property("monitorIds", SetInHashOrder(Number())),
        Property("groups", TEXT_SET_IN_HASH_ORDER),
        Property(
            "sliSpecification",
            Object((Property("timeSlice", _TIME_SLICE), Property("count", _COUNT)), zero="omit"),
            computed=True,
        ),
        Property("forceDelete", local=True),
        Property("validate", local=True),
        Property("ignoreTagKeys", TEXT_SET, local=True),
    ),
    zero="omit",
)
_PARTS_OF_TYPE = {
    "metric": ("query", "sli_specification"),
    "time_slice": ("sli_specification",),
    "monitor": ("monitor_ids", "groups"),
}
"""The parts of each type of SLO."""


def _adapt(write: Write, body: Json) -> Json:
    allowed = _PARTS_OF_TYPE.get(body["type"], ())
    for part in ("query", "sli_specification", "monitor_ids", "groups"):
        if part not in allowed or (part == "query" and "sli_specification" in body):
            body.pop(part, None)
    if write.action == "create":
        return body
    undeclared = {"timeframe", "targetThreshold", "warningThreshold"} - set(write.declared)
    return {name: value for name, value in body.items() if name not in map(snake, undeclared)} | {"id": write.id}


def _for_import(resource: Json, declared: Properties) -> Json:
    """Return an answer as an import reads it: the specification of a metric SLO replaces its query, whose rival it is.

    From ``metricSLOUsesSliSpecInState`` in datadog/resource_datadog_service_level_objective.go of
    DataDog/terraform-provider-datadog.
    """
    if declared or not resource.get("sli_specification"):
        return resource
    return {name: value for name, value in resource.items() if name != "query"}


_NEEDED = {
    "metric": (("query", "sliSpecification"), "query or sli_specification is required for metric SLOs"),
    "time_slice": (("sliSpecification",), "sli_specification is required for time slice SLOs"),
}


def _check_type(write: Write) -> None:
    """Raise ProviderError for an SLO without the part of its type, which the published provider finds as late."""
    names, reason = _NEEDED.get(str(write.inputs.get("type")), ((), ""))
    if names and not any(write.inputs.get(name) for name in names):
        raise ProviderError(reason)


def _validate(client: DatadogClient, _call: ResourceCall, _id: str, inputs: Properties, _body: Json) -> None:
    """Check that each monitor of the SLO exists."""
    for monitor in inputs.get("monitorIds") or [] if inputs.get("validate") is not False else []:
        client.call(f"GET /api/v1/monitor/{monitor}")


def _delete(client: DatadogClient, id: str, properties: Properties) -> None:
    client.call(f"DELETE /api/v1/slo/{id}" + ("?force=true" if properties.get("forceDelete") else ""))


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/serviceLevelObjective:ServiceLevelObjective": plain(
            account,
            "/api/v1/slo",
            SLO,
            envelope=Plain(list_key="data"),
            adjust_body=_adapt,
            before_write=_check_type,
            normalize_answer=_for_import,
            validate_body=_validate,
            delete_with=_delete,
        ),
        "datadog:index/sloCorrection:SloCorrection": jsonapi(
            account,
            "correction",
            "/api/v1/slo/correction",
            Property("sloId", required=True, replace=True, create_only=True),
            Property("category", required=True),
            Property("start", INT, required=True),
            Property("end", INT),
            Property("duration", INT),
            Property("rrule"),
            Property("description"),
            Property("timezone", computed=True),
            envelope=JsonApi("correction", update_id="none"),
        ),
    }
