"""Metadata and tags of metrics (https://docs.datadoghq.com/api/latest/metrics/)."""

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.envelopes import Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import TEXT_SET_IN_HASH_ORDER, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, Json
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties


class _Metadata(Plain):
    """A metric's metadata, whose id is the metric's name."""

    def unwrap(self, answer: Json, id: str) -> Json:
        return answer if answer is not None else {}


def _tag_configuration(write: Write, body: Json) -> Json:
    """Remove percentiles from other metrics than distributions, and the fixed type from an update."""
    attributes = body["attributes"]
    if write.inputs.get("metricType") != "distribution":
        attributes.pop("include_percentiles", None)
    if write.action == "update":
        attributes.pop("metric_type", None)
    return {**body, "id": write.inputs["metricName"]}


def _check_tags(_client: DatadogClient, _call: ResourceCall, _id: str, inputs: Properties, _body: Json) -> None:
    """Raise ProviderError for properties that exclude each other, which a plan refuses."""
    type = inputs.get("metricType")
    if inputs.get("includePercentiles") is not None and type != "distribution":
        raise ProviderError(
            f"cannot use include_percentiles with a metric_type of {type}, must use metric_type of 'distribution'"
        )
    if inputs.get("aggregations") and type == "distribution":
        raise ProviderError("cannot use aggregations with a metric_type of distribution")
    if inputs.get("excludeTagsMode") is True and not inputs.get("tags"):
        raise ProviderError("cannot use exclude_tags_mode without configuring any tags")


def _without_zeros_in_update(write: Write, body: Json) -> Json:
    """Send in a create a zero for what is not declared, and nothing in an update."""
    return body if write.action == "create" else {name: value for name, value in body.items() if value}


def _read_first(write: Write) -> None:
    """Read a configuration before an update, as the published provider does to learn the metric's type."""
    if write.action == "update":
        write.client.call(f"GET /api/v2/metrics/{escape(write.id)}/tags")


def _leave_metadata(_client: DatadogClient, _id: str, _properties: Properties) -> None:
    """Leave metadata as they are: the API cannot delete them."""


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    tags = "/api/v2/metrics/{metricName}/tags"
    metadata = "/api/v1/metrics/{metric}"
    return {
        "datadog:index/metricMetadata:MetricMetadata": plain(
            account,
            metadata,
            Object(
                (
                    Property("metric", required=True, replace=True, local=True),
                    *(Property(name, default="") for name in ("description", "perUnit", "shortName", "type", "unit")),
                    Property("statsdInterval", INT, default=0),
                )
            ),
            envelope=_Metadata(),
            adjust_body=_without_zeros_in_update,
            create_at=f"PUT {metadata}",
            read_at="GET /api/v1/metrics/{id}",
            update_at="PUT /api/v1/metrics/{id}",
            delete_at=None,
            id_of=lambda _, inputs: str(inputs["metric"]),
            id_properties=("metric",),
            delete_with=_leave_metadata,
        ),
        "datadog:index/metricTagConfiguration:MetricTagConfiguration": jsonapi(
            account,
            "manage_tags",
            tags,
            Property("metricName", local=True, required=True, replace=True),
            Property("metricType", required=True, replace=True),
            Property("tags", TEXT_SET_IN_HASH_ORDER, required=True),
            Property("includePercentiles", default=False),
            Property("excludeTagsMode", default=False),
            Property("aggregations", SetOf(Object((Property("time"), Property("space")))), computed=True),
            read_at="GET /api/v2/metrics/{id}/tags",
            update_at="PATCH /api/v2/metrics/{id}/tags",
            delete_at="DELETE /api/v2/metrics/{id}/tags",
            adjust_body=_tag_configuration,
            before_write=_read_first,
            validate_body=_check_tags,
            id_of=lambda _, inputs: str(inputs["metricName"]),
            id_properties=("metricName",),
        ),
    }
