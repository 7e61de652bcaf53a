"""APM: span-based metrics and retention filters; metrics: metadata and tags; RUM (docs.datadoghq.com/api/latest/)."""

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.envelopes import JsonApi, Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TEXT_HASHED, Unordered
from firedrill.sandbox.providers.datadog.logs import COMPUTE, GROUP_BY, log_metric
from firedrill.sandbox.providers.datadog.objects import Field, Object, get
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, NUMBER_TEXT, Json
from firedrill.sandbox.providers.resource import CheckFailure
from firedrill.sandbox.providers.values import Properties

_QUERY = Object((Field("query", default=""),))


def _quoted_name(step: Step, body: Json) -> Json:
    """The published provider writes the id of a span-based metric in quotation marks; Datadog takes them off."""
    body = log_metric(step, body)
    return {**body, "id": f'"{step.inputs["name"]}"'} if step.doing == "create" else body


def _rum_metric(step: Step, body: Json) -> Json:
    if step.doing == "update":
        for place in ("event_type", "uniqueness"):
            body["attributes"].pop(place, None)
    return log_metric(step, body)


class _Ids(JsonApi):
    """A list of the ids of all objects of a sort, in order."""

    def wrap(self, body: Json, id: str) -> Json:
        return {"data": [{"id": one, "type": self.type} for one in body["attributes"]["ids"]]}

    def unwrap(self, answer: Json, id: str) -> Json:
        return {"id": id, "attributes": {"ids": [one["id"] for one in (answer or {}).get("data") or []]}}


class _Metadata(Plain):
    """Metadata has no id of its own: the metric's name is it."""

    def unwrap(self, answer: Json, id: str) -> Json:
        return answer if answer is not None else {}


def _tag_configuration(step: Step, body: Json) -> Json:
    """Percentiles are a distribution's alone; the type is fixed once it is there."""
    attributes = body["attributes"]
    if step.inputs.get("metricType") != "distribution":
        attributes.pop("include_percentiles", None)
    if step.doing == "update":
        attributes.pop("metric_type", None)
    return {**body, "id": step.inputs["metricName"]}


def _tag_faults(inputs: Properties) -> list[CheckFailure]:
    if inputs.get("includePercentiles") is True and inputs.get("metricType") != "distribution":
        return [CheckFailure("includePercentiles", "only a distribution has percentiles")]
    if inputs.get("excludeTagsMode") is True and inputs.get("tags") == []:
        return [CheckFailure("excludeTagsMode", "excludes tags, but none are named")]
    return []


def _from_source(_step: Step, body: Json) -> Json:
    return {**body, "meta": {"source": "terraform"}}


def _product_scales(resource: Json, _declared: Properties) -> Json:
    """An answer nests the states that a request has side by side."""
    attributes = dict(resource.get("attributes") or {})
    for name, place in (
        ("rum_event_processing_state", "rum_event_processing_scale"),
        ("product_analytics_retention_state", "product_analytics_retention_scale"),
    ):
        state = get(attributes, ["product_scales", place, "state"])
        if state is not None:
            attributes[name] = state
    return {**resource, "attributes": attributes}


def _leave_metadata(_api: Api, _id: str, _known: Properties) -> None:
    """Metadata cannot be deleted, as the published provider does not either."""


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    filters, orders = "/api/v2/apm/config/retention-filters", "/api/v2/apm/config/retention-filters-execution-order"
    rum_filters = "/api/v2/rum/applications/{applicationId}/retention_filters"
    tags = "/api/v2/metrics/{metricName}/tags"
    rum_order = "/api/v2/rum/applications/{applicationId}/relationships/retention_filters"
    metadata = "/api/v1/metrics/{metric}"
    return {
        "datadog:index/spansMetric:SpansMetric": jsonapi(
            account,
            "spans_metrics",
            "/api/v2/apm/config/metrics",
            Field("name", local=True, required=True, replace=True),
            Field("compute", COMPUTE, required=True),
            Field("filter", _QUERY, required=True),
            Field("groupBies", Unordered(GROUP_BY), at="group_by", zero="omit"),
            envelope=JsonApi("spans_metrics", send_id=False),
            unique=True,
            named=("name",),
            adapt=_quoted_name,
        ),
        "datadog:index/apmRetentionFilter:ApmRetentionFilter": jsonapi(
            account,
            "apm_retention_filter",
            filters,
            Field("name", required=True),
            Field("enabled", required=True),
            Field("filter", _QUERY, required=True),
            Field("filterType", required=True),
            Field("rate", NUMBER_TEXT, required=True),
            Field("traceRate", NUMBER_TEXT, server="0"),
            update_at=f"PUT {filters}/{{id}}",
        ),
        "datadog:index/apmRetentionFilterOrder:ApmRetentionFilterOrder": jsonapi(
            account,
            "apm_retention_filter",
            orders,
            Field("filterIds", at="ids", required=True),
            create_at=f"PUT {orders}",
            read_at=f"GET {filters}",
            update_at=f"PUT {orders}",
            delete_at=None,
            envelope=_Ids("apm_retention_filter"),
            identify=lambda _, _inputs: "ApmRetentionFiltersOrderID",
            reread=True,
        ),
        "datadog:index/metricMetadata:MetricMetadata": plain(
            account,
            metadata,
            Object(
                (
                    Field("metric", required=True, replace=True, local=True),
                    *(Field(name, default="") for name in ("description", "perUnit", "shortName", "type", "unit")),
                    Field("statsdInterval", INT, default=0),
                )
            ),
            envelope=_Metadata(),
            create_at=f"PUT {metadata}",
            read_at="GET /api/v1/metrics/{id}",
            update_at="PUT /api/v1/metrics/{id}",
            delete_at=None,
            identify=lambda _, inputs: str(inputs["metric"]),
            named=("metric",),
            forget=_leave_metadata,
        ),
        "datadog:index/metricTagConfiguration:MetricTagConfiguration": jsonapi(
            account,
            "manage_tags",
            tags,
            Field("metricName", local=True, required=True, replace=True),
            Field("metricType", required=True, replace=True),
            Field("tags", TEXT_HASHED, required=True),
            Field("includePercentiles", default=False),
            Field("excludeTagsMode", default=False),
            Field("aggregations", Unordered(Object((Field("time"), Field("space")))), computed=True),
            read_at="GET /api/v2/metrics/{id}/tags",
            update_at="PATCH /api/v2/metrics/{id}/tags",
            delete_at="DELETE /api/v2/metrics/{id}/tags",
            unique=True,
            adapt=_tag_configuration,
            faults=_tag_faults,
            identify=lambda _, inputs: str(inputs["metricName"]),
            named=("metricName",),
        ),
        "datadog:index/rumApplication:RumApplication": jsonapi(
            account,
            "rum_application_create",
            "/api/v2/rum/applications",
            Field("name", required=True),
            Field("type", server="browser"),
            Field("rumEventProcessingState", computed=True),
            Field("productAnalyticsRetentionState", computed=True),
            Field("clientToken", output=True, secret=True),
            Field("apiKeyId", INT, output=True),
            envelope=_RumApplication("rum_application_create"),
            normalize=_product_scales,
        ),
        "datadog:index/rumMetric:RumMetric": jsonapi(
            account,
            "rum_metrics",
            "/api/v2/rum/config/metrics",
            Field("name", local=True, required=True, replace=True),
            Field("eventType", required=True, replace=True),
            Field("compute", COMPUTE),
            Field("filter", _QUERY),
            Field("groupBies", Unordered(GROUP_BY), at="group_by", zero="omit"),
            Field("uniqueness", Object((Field("when"),)), replace=True),
            unique=True,
            named=("name",),
            adapt=_rum_metric,
        ),
        "datadog:index/rumRetentionFilter:RumRetentionFilter": jsonapi(
            account,
            "retention_filters",
            rum_filters,
            Field("applicationId", local=True, required=True, replace=True),
            Field("name", required=True),
            Field("eventType", required=True),
            Field("sampleRate", NUMBER, required=True),
            Field("query", default=""),
            Field("enabled", default=True),
            adapt=_from_source,
            within="applicationId",
        ),
        "datadog:index/rumRetentionFiltersOrder:RumRetentionFiltersOrder": jsonapi(
            account,
            "retention_filters",
            rum_order,
            Field("applicationId", local=True, required=True, replace=True),
            Field("retentionFilterIds", at="ids", required=True),
            create_at=f"PATCH {rum_order}",
            read_at="GET /api/v2/rum/applications/{id}/retention_filters",
            update_at=f"PATCH {rum_order}",
            delete_at=None,
            envelope=_Ids("retention_filters"),
            identify=lambda _, inputs: str(inputs["applicationId"]),
            named=("applicationId",),
        ),
    }


class _RumApplication(JsonApi):
    """An application is created and updated under types of their own."""

    def wrap(self, body: Json, id: str) -> Json:
        return JsonApi("rum_application_update").wrap(body, id) if id else super().wrap(body, id)
