"""RUM applications, their metrics and retention filters (https://docs.datadoghq.com/api/latest/rum/)."""

from firedrill.datadog.mapping.envelopes import IdList, JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import SetOf
from firedrill.datadog.mapping.objects import Object, Property, get
from firedrill.datadog.mapping.schema import INT, NUMBER, Json
from firedrill.datadog.resources.logs import COMPUTE, GROUP_BY, adjust_event_metric
from firedrill.provider.values import Properties

_QUERY = Object((Property("query", default=""),))


def _rum_metric(write: Write, body: Json) -> Json:
    if write.action == "update":
        for place in ("event_type", "uniqueness"):
            body["attributes"].pop(place, None)
    elif not body["attributes"]["group_by"]:
        del body["attributes"]["group_by"]
    return adjust_event_metric(write, body)


def _from_source(_write: Write, body: Json) -> Json:
    return {**body, "meta": {"source": "terraform"}}


def _flat_states(resource: Json, _declared: Properties) -> Json:
    """Return an answer with its nested states beside each other, as a request has them."""
    attributes = dict(resource.get("attributes") or {})
    for name, place in (
        ("rum_event_processing_state", "rum_event_processing_scale"),
        ("product_analytics_retention_state", "product_analytics_retention_scale"),
    ):
        state = get(attributes, ["product_scales", place, "state"])
        if state is not None:
            attributes[name] = state
    return {**resource, "attributes": attributes}


class _RumApplication(JsonApi):
    """An application, whose creates and updates have different types."""

    def wrap(self, body: Json, id: str) -> Json:
        return JsonApi("rum_application_update").wrap(body, id) if id else super().wrap(body, id)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    rum_filters = "/api/v2/rum/applications/{applicationId}/retention_filters"
    rum_order = "/api/v2/rum/applications/{applicationId}/relationships/retention_filters"
    return {
        "datadog:index/rumApplication:RumApplication": jsonapi(
            account,
            "rum_application_create",
            "/api/v2/rum/applications",
            Property("name", required=True),
            Property("type", server_default="browser"),
            Property("rumEventProcessingState", computed=True),
            Property("productAnalyticsRetentionState", computed=True),
            Property("clientToken", output=True, secret=True),
            Property("apiKeyId", INT, output=True),
            envelope=_RumApplication("rum_application_create"),
            normalize_answer=_flat_states,
        ),
        "datadog:index/rumMetric:RumMetric": jsonapi(
            account,
            "rum_metrics",
            "/api/v2/rum/config/metrics",
            Property("name", local=True, required=True, replace=True),
            Property("eventType", required=True, replace=True),
            Property("compute", COMPUTE),
            Property("filter", _QUERY),
            Property("groupBies", SetOf(GROUP_BY), at="group_by", if_absent=[]),
            Property("uniqueness", Object((Property("when"),)), replace=True),
            id_properties=("name",),
            adjust_body=_rum_metric,
        ),
        "datadog:index/rumRetentionFilter:RumRetentionFilter": jsonapi(
            account,
            "retention_filters",
            rum_filters,
            Property("applicationId", local=True, required=True, replace=True),
            Property("name", required=True),
            Property("eventType", required=True),
            Property("sampleRate", NUMBER, required=True),
            Property("query", default=""),
            Property("enabled", default=True),
            adjust_body=_from_source,
            parent="applicationId",
        ),
        "datadog:index/rumRetentionFiltersOrder:RumRetentionFiltersOrder": jsonapi(
            account,
            "retention_filters",
            rum_order,
            Property("applicationId", local=True, required=True, replace=True),
            Property("retentionFilterIds", at="ids", required=True),
            create_at=f"PATCH {rum_order}",
            read_at="GET /api/v2/rum/applications/{id}/retention_filters",
            update_at=f"PATCH {rum_order}",
            delete_at=None,
            envelope=IdList("retention_filters"),
            id_of=lambda _, inputs: str(inputs["applicationId"]),
            id_properties=("applicationId",),
        ),
    }
