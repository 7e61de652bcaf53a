"""Log indexes, archives and their orders, and metrics from logs (https://docs.datadoghq.com/api/latest/logs-indexes/)."""

from typing import Any

from firedrill.datadog.mapping.envelopes import JsonApi, Plain, WithoutId
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import TAG_SET_IN_HASH_ORDER, ListOf, ListOfOne, SetInHashOrder
from firedrill.datadog.mapping.objects import NULL, Object, Property, Variant
from firedrill.datadog.mapping.schema import INT, NUMBER, Json
from firedrill.provider.resource import ProviderError
from firedrill.provider.values import Properties

_FILTER = Object((Property("query", default=""),))
_EXCLUSION_FILTER = Object(
    (Property("query", default=""), Property("sampleAttribute", zero="omit"), Property("sampleRate", NUMBER, default=0))
)
_EXCLUSION = Object(
    (
        Property("name", default=""),
        Property("isEnabled", default=False),
        Property("filters", ListOfOne(_EXCLUSION_FILTER), at="filter"),
    )
)
INDEX = Object(
    (
        Property("name", required=True, replace=True, create_only=True),
        Property("filters", ListOfOne(_FILTER), at="filter", required=True),
        Property("dailyLimit", INT, zero="omit", computed=True),
        Property("dailyLimitReset", Object((Property("resetTime"), Property("resetUtcOffset"))), computed=True),
        Property("dailyLimitWarningThresholdPercentage", NUMBER, zero="omit", computed=True),
        Property("disableDailyLimit", zero="omit", write_only=True),
        Property("retentionDays", INT, at="num_retention_days", computed=True),
        Property("flexRetentionDays", INT, at="num_flex_logs_retention_days", computed=True),
        Property("exclusionFilters", ListOf(_EXCLUSION), if_absent=[]),
        Property("tags", TAG_SET_IN_HASH_ORDER, if_absent=[]),
    )
)


def _suppressed(plan: Properties) -> frozenset[str]:
    """Return what the published provider ignores of an index without a daily limit."""
    limits = ("dailyLimit", "dailyLimitReset", "dailyLimitWarningThresholdPercentage")
    return frozenset(limits if plan.get("disableDailyLimit") else ())


def _adjust_index(write: Write, body: Json) -> Json:
    for name, place in (("retentionDays", "num_retention_days"), ("flexRetentionDays", "num_flex_logs_retention_days")):
        if name not in write.declared:
            body.pop(place, None)
    if write.action == "create":
        body.pop("disable_daily_limit", None)
        if "num_flex_logs_retention_days" in body:
            body.setdefault("num_retention_days", 0)
    return body


def _check_destination(write: Write) -> None:
    """Raise ProviderError unless there is exactly one destination, as the published provider does before a request."""
    names = [name for name in ("azureArchive", "gcsArchive", "s3Archive") if write.inputs.get(name)]
    if len(names) != 1:
        raise ProviderError(f"more than one or no destination type defined: {names}")


def _destination(type: str, *fields: Property, **constants: str) -> Variant:
    return Variant(fields, constants={"type": type, **constants}, matches=lambda answer: answer.get("type") == type)


_S3 = _destination(
    "s3",
    Property("bucket"),
    Property("path", default=""),
    Property("accountId", at="integration.account_id", zero="omit"),
    Property("roleName", at="integration.role_name", zero="omit"),
    Property("accessKeyId", at="integration.access_key_id", zero="omit"),
    Property("encryptionType", at="encryption.type", default="NO_OVERRIDE"),
    Property("encryptionKey", at="encryption.key", zero="omit"),
    Property("storageClass", default="STANDARD"),
)
_GCS = _destination(
    "gcs",
    Property("bucket"),
    Property("path", default=""),
    Property("clientEmail", at="integration.client_email"),
    Property("projectId", at="integration.project_id", zero="omit", computed=True),
)
_AZURE = _destination(
    "azure",
    Property("container"),
    Property("storageAccount"),
    Property("path", default=""),
    Property("clientId", at="integration.client_id"),
    Property("tenantId", at="integration.tenant_id"),
)
COMPUTE = Object(
    (
        Property("aggregationType", replace=True),
        Property("path", replace=True),
        Property("includePercentiles"),
    )
)
GROUP_BY = Object((Property("path"), Property("tagName", computed=True)))


def adjust_event_metric(write: Write, body: Json) -> Json:
    """Set the name as the id. An update changes only the percentiles of `compute`, which only distributions have."""
    compute = body["attributes"].get("compute") or {}
    if compute.get("aggregation_type") == "distribution":
        compute.setdefault("include_percentiles", False)
    if write.action == "update":
        updatable = {key: value for key, value in compute.items() if key == "include_percentiles"}
        body["attributes"].pop("compute", None)
        return {**body, "attributes": {**body["attributes"], "compute": updatable}}
    return {**body, "id": write.inputs["name"]}


def _order(account: ConfiguredAccount, path: str, field: Property, id: str, **options: Any) -> DatadogKind:
    """Return the entry of an order: an organisation has exactly one, which is neither created nor deleted."""
    return plain(
        account,
        path,
        Object((Property("name", local=True, replace=True), field)),
        create_at=f"PUT {path}",
        read_at=f"GET {path}",
        update_at=f"PUT {path}",
        delete_at=None,
        id_of=lambda _, inputs: str(inputs.get("name") or id),
        id_properties=("name",),
        envelope=WithoutId(),
        reads_after_failure=True,
        **options,
    )


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/logsIndex:LogsIndex": plain(
            account,
            "/api/v1/logs/config/indexes",
            INDEX,
            envelope=Plain(id="name"),
            adjust_body=_adjust_index,
            suppressed=_suppressed,
        ),
        "datadog:index/logsIndexOrder:LogsIndexOrder": _order(
            account,
            "/api/v1/logs/config/index-order",
            Property("indexes", at="index_names", required=True),
            "logs-index-order",
        ),
        "datadog:index/logsPipelineOrder:LogsPipelineOrder": _order(
            account,
            "/api/v1/logs/config/pipeline-order",
            Property("pipelines", at="pipeline_ids", required=True),
            "pipelines",
        ),
        "datadog:index/logsArchiveOrder:LogsArchiveOrder": jsonapi(
            account,
            "archive_order",
            "/api/v2/logs/config/archive-order",
            Property("archiveIds", computed=True),
            create_at="PUT /api/v2/logs/config/archive-order",
            read_at="GET /api/v2/logs/config/archive-order",
            update_at="PUT /api/v2/logs/config/archive-order",
            delete_at=None,
            envelope=JsonApi("archive_order", update_id="none"),
            id_of=lambda _, _inputs: "archiveOrderID",
            reads_after_failure=True,
        ),
        "datadog:index/logsArchive:LogsArchive": jsonapi(
            account,
            "archives",
            "/api/v2/logs/config/archives",
            Property("name", required=True),
            Property("query", required=True),
            Property("s3Archive", _S3, at="destination"),
            Property("gcsArchive", _GCS, at="destination"),
            Property("azureArchive", _AZURE, at="destination"),
            Property("compressionMethod", default="GZIP"),
            Property("includeTags", default=False),
            Property("rehydrationMaxScanSizeInGb", INT, if_absent=NULL, zero="omit"),
            Property("rehydrationTags", if_absent=[]),
            Property("partitioningAttributes", zero="omit"),
            Property("lookupAttributes", zero="omit"),
            update_at="PUT /api/v2/logs/config/archives/{id}",
            before_write=_check_destination,
            envelope=JsonApi("archives", update_id="none"),
        ),
        "datadog:index/logsMetric:LogsMetric": jsonapi(
            account,
            "logs_metrics",
            "/api/v2/logs/config/metrics",
            Property("name", local=True, required=True, replace=True),
            Property("compute", COMPUTE, required=True),
            Property("filter", _FILTER, required=True),
            Property("groupBies", SetInHashOrder(GROUP_BY, hashed=("path", "tag_name")), at="group_by", if_absent=[]),
            envelope=JsonApi("logs_metrics", update_id="none"),
            id_properties=("name",),
            adjust_body=adjust_event_metric,
        ),
    }
