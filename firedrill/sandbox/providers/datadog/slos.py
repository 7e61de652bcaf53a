"""Service level objectives (https://docs.datadoghq.com/api/latest/service-level-objectives/) and their corrections."""

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.envelopes import Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TAG_HASHED, TEXT_HASHED, Hashed, InList, Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, TEXT, TRIMMED, Json, Number, Within
from firedrill.sandbox.providers.resource import Call, CheckFailure
from firedrill.sandbox.providers.values import Properties

_METRIC_QUERY = Object((Field("dataSource", default="metrics"), Field("name"), Field("query")))
_QUERIES = Listed(Object((Field("metricQuery", _METRIC_QUERY, at=""),)))
_FORMULA = Within(("formula",), TEXT)
_COUNT = Object(
    (
        Field("goodEventsFormula", _FORMULA),
        Field("badEventsFormula", _FORMULA),
        Field("totalEventsFormula", _FORMULA),
        Field("queries", _QUERIES),
    ),
    zero="omit",
)


_TIME_SLICE = Object(
    (
        Field("comparator"),
        Field("threshold", NUMBER, zero="send"),
        Field("queryIntervalSeconds", INT, default=300),
        Field(
            "query",
            Object(
                (
                    Field("formula", InList(Object((Field("formulaExpression", at="formula"),))), at="formulas"),
                    Field("queries", _QUERIES),
                )
            ),
        ),
    ),
    zero="omit",
)
_THRESHOLD = Object(
    (
        Field("timeframe"),
        Field("target", NUMBER),
        Field("warning", NUMBER),
        Field("targetDisplay", output=True),
        Field("warningDisplay", output=True),
    ),
    zero="omit",
)
SLO = Object(
    (
        Field("name", required=True),
        Field("type", required=True, replace=True),
        Field("description", TRIMMED),
        Field("tags", TAG_HASHED, computed=True),
        Field("thresholds", Listed(_THRESHOLD), required=True),
        Field("timeframe", computed=True),
        Field("targetThreshold", NUMBER, computed=True),
        Field("warningThreshold", NUMBER, computed=True),
        Field("query", Object((Field("numerator", TRIMMED), Field("denominator", TRIMMED))), computed=True),
        Field("monitorIds", Hashed(Number())),
        Field("groups", TEXT_HASHED),
        Field(
            "sliSpecification",
            Object((Field("timeSlice", _TIME_SLICE), Field("count", _COUNT)), zero="omit"),
            computed=True,
        ),
        Field("forceDelete", local=True),
        Field("validate", local=True),
        Field("ignoreTagKeys", local=True),
    ),
    zero="omit",
)
_OWN = {
    "metric": ("query", "sli_specification"),
    "time_slice": ("sli_specification",),
    "monitor": ("monitor_ids", "groups"),
}
"""Which parts each type of SLO has."""


def _adapt(step: Step, body: Json) -> Json:
    own = _OWN.get(body["type"], ())
    for part in ("query", "sli_specification", "monitor_ids", "groups"):
        if part not in own or (part == "query" and "sli_specification" in body):
            body.pop(part, None)
    return {**body, "id": step.id} if step.doing == "update" else body


def _faults(inputs: Properties) -> list[CheckFailure]:
    needed = {"metric": ("query", "sliSpecification"), "time_slice": ("sliSpecification",), "monitor": ("monitorIds",)}
    names = needed.get(str(inputs.get("type")), ())
    if names and not any(inputs.get(name) for name in names):
        return [CheckFailure(names[0], f"a {inputs['type']} SLO needs {' or '.join(names)}")]
    return []


def _validate(api: Api, _call: Call, _id: str, inputs: Properties, _body: Json) -> None:
    """Each monitor that the SLO counts must exist."""
    for monitor in inputs.get("monitorIds") or [] if inputs.get("validate") is not False else []:
        api.call(f"GET /api/v1/monitor/{monitor}")


def _delete(api: Api, id: str, known: Properties) -> None:
    api.call(f"DELETE /api/v1/slo/{id}" + ("?force=true" if known.get("forceDelete") else ""))


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/serviceLevelObjective:ServiceLevelObjective": plain(
            account,
            "/api/v1/slo",
            SLO,
            envelope=Plain(list_key="data"),
            adapt=_adapt,
            faults=_faults,
            validate=_validate,
            forget=_delete,
        ),
        "datadog:index/sloCorrection:SloCorrection": jsonapi(
            account,
            "correction",
            "/api/v1/slo/correction",
            Field("sloId", required=True, replace=True, create_only=True),
            Field("category", required=True),
            Field("start", INT, required=True),
            Field("end", INT),
            Field("duration", INT),
            Field("rrule"),
            Field("description"),
            Field("timezone", computed=True),
        ),
    }
