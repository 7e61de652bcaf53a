"""Log indexes, archives, destinations, metrics, restriction queries and their orders."""

from typing import Any

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import JsonApi, Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TAG_HASHED, TEXT_HASHED, TEXT_SET, Listed, Sequenced, Single
from firedrill.sandbox.providers.datadog.objects import NULL, Field, Object, Variant
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, Json

_FILTER = Object((Field("query", default=""),))
_EXCLUSION_FILTER = Object(
    (Field("query", default=""), Field("sampleAttribute", zero="omit"), Field("sampleRate", NUMBER, default=0))
)
_EXCLUSION = Object(
    (
        Field("name", default=""),
        Field("isEnabled", default=False),
        Field("filters", Single(_EXCLUSION_FILTER), at="filter"),
    )
)
INDEX = Object(
    (
        Field("name", required=True, replace=True, create_only=True),
        Field("filters", Single(_FILTER), at="filter", required=True),
        Field("dailyLimit", INT, zero="omit", computed=True),
        Field("dailyLimitReset", Object((Field("resetTime"), Field("resetUtcOffset"))), computed=True),
        Field("dailyLimitWarningThresholdPercentage", NUMBER, zero="omit", computed=True),
        Field("disableDailyLimit", zero="omit", write_only=True),
        Field("retentionDays", INT, at="num_retention_days", computed=True),
        Field("flexRetentionDays", INT, at="num_flex_logs_retention_days", computed=True),
        Field("exclusionFilters", Listed(_EXCLUSION), empty=[]),
        Field("tags", TAG_HASHED, empty=[]),
    )
)


def _index(step: Step, body: Json) -> Json:
    if step.doing == "create":
        body.pop("disable_daily_limit", None)
        if "num_flex_logs_retention_days" in body:
            body.setdefault("num_retention_days", 0)
    return body


def _destination(type: str, *fields: Field, **constants: str) -> Variant:
    return Variant(fields, constants={"type": type, **constants}, own=lambda answer: answer.get("type") == type)


_S3 = _destination(
    "s3",
    Field("bucket"),
    Field("path", default=""),
    Field("accountId", at="integration.account_id", zero="omit"),
    Field("roleName", at="integration.role_name", zero="omit"),
    Field("accessKeyId", at="integration.access_key_id", zero="omit"),
    Field("encryptionType", at="encryption.type", default="NO_OVERRIDE"),
    Field("encryptionKey", at="encryption.key", zero="omit"),
    Field("storageClass", default="STANDARD"),
)
_GCS = _destination(
    "gcs",
    Field("bucket"),
    Field("path", default=""),
    Field("clientEmail", at="integration.client_email"),
    Field("projectId", at="integration.project_id", zero="omit", computed=True),
)
_AZURE = _destination(
    "azure",
    Field("container"),
    Field("storageAccount"),
    Field("path", default=""),
    Field("clientId", at="integration.client_id"),
    Field("tenantId", at="integration.tenant_id"),
)
_BASIC = Variant(
    (Field("username", write_only=True), Field("password", write_only=True)),
    constants={"type": "basic"},
    own=lambda answer: answer.get("type") == "basic",
)
_HEADER = Variant(
    (Field("headerName"), Field("headerValue", write_only=True)),
    constants={"type": "custom_header"},
    own=lambda answer: answer.get("type") == "custom_header",
)
_FORWARDERS = (
    Field(
        "httpDestination",
        _destination(
            "http",
            Field("endpoint"),
            Field("basicAuth", _BASIC, at="auth"),
            Field("customHeaderAuth", _HEADER, at="auth"),
        ),
        at="forwarder_destination",
    ),
    Field(
        "splunkDestination",
        _destination(
            "splunk_hec",
            Field("endpoint"),
            Field("accessToken", write_only=True),
            Field("sourcetype", Object((Field("value"),)), local=True),
        ),
        at="forwarder_destination",
    ),
    Field(
        "elasticsearchDestination",
        _destination(
            "elasticsearch",
            Field("endpoint"),
            Field("indexName"),
            Field("indexRotation", zero="omit"),
            Field(
                "basicAuth", Object((Field("username", write_only=True), Field("password", write_only=True))), at="auth"
            ),
        ),
        at="forwarder_destination",
    ),
    Field(
        "microsoftSentinelDestination",
        _destination(
            "microsoft_sentinel",
            *(
                Field(n)
                for n in ("clientId", "tenantId", "dataCollectionEndpoint", "dataCollectionRuleId", "streamName")
            ),
        ),
        at="forwarder_destination",
    ),
)
COMPUTE = Object(
    (
        Field("aggregationType", replace=True),
        Field("path", replace=True),
        Field("includePercentiles"),
    )
)
GROUP_BY = Object((Field("path"), Field("tagName", computed=True)))


def log_metric(step: Step, body: Json) -> Json:
    """The name is the id; only a distribution has percentiles, all that an update changes of the computation."""
    compute = body["attributes"].get("compute") or {}
    if compute.get("aggregation_type") == "distribution":
        compute.setdefault("include_percentiles", False)
    if step.doing == "update":
        kept = {key: value for key, value in compute.items() if key == "include_percentiles"}
        body["attributes"].pop("compute", None)
        return {**body, "attributes": {**body["attributes"], **({"compute": kept} if kept else {})}}
    return {**body, "id": step.inputs["name"]}


def _grant_roles(step: Step) -> None:
    """The roles that a restriction query holds for."""
    now, before = (step.inputs.get("roleIds") or [], step.old_inputs.get("roleIds") or [])
    path = f"/api/v2/logs/config/restriction_queries/{escape(step.id)}/roles"
    for role in (role for role in sorted(now) if role not in before):
        step.api.call(f"POST {path}", {"data": {"id": role, "type": "roles"}})
    for role in (role for role in sorted(before) if role not in now):
        step.api.call(f"DELETE {path}", {"data": {"id": role, "type": "roles"}})


def _with_roles(api: Api, id: str, resource: Json) -> Json:
    roles = api.call(f"GET /api/v2/logs/config/restriction_queries/{escape(id)}/roles").get("data") or []
    return {**resource, "attributes": {**resource["attributes"], "role_ids": [role["id"] for role in roles]}}


def _order(account: Account, path: str, field: Field, id: str, **options: Any) -> Kind:
    """The order of all objects of a sort: one for the whole organisation, never created nor deleted."""
    return plain(
        account,
        path,
        Object((Field("name", local=True, replace=True), field)),
        create_at=f"PUT {path}",
        read_at=f"GET {path}",
        update_at=f"PUT {path}",
        delete_at=None,
        identify=lambda _, inputs: str(inputs.get("name") or id),
        named=("name",),
        envelope=Whole(),
        **options,
    )


class Whole(Plain):
    """An answer that is the resource, whatever its id."""

    def unwrap(self, answer: Json, id: str) -> Json:
        return answer


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/logsIndex:LogsIndex": plain(
            account,
            "/api/v1/logs/config/indexes",
            INDEX,
            envelope=Plain(id="name"),
            adapt=_index,
            unique=True,
        ),
        "datadog:index/logsIndexOrder:LogsIndexOrder": _order(
            account,
            "/api/v1/logs/config/index-order",
            Field("indexes", at="index_names", required=True),
            "logs-index-order",
        ),
        "datadog:index/logsPipelineOrder:LogsPipelineOrder": _order(
            account,
            "/api/v1/logs/config/pipeline-order",
            Field("pipelines", at="pipeline_ids", required=True),
            "pipelines",
        ),
        "datadog:index/logsArchiveOrder:LogsArchiveOrder": jsonapi(
            account,
            "archive_order",
            "/api/v2/logs/config/archive-order",
            Field("archiveIds", computed=True),
            create_at="PUT /api/v2/logs/config/archive-order",
            read_at="GET /api/v2/logs/config/archive-order",
            update_at="PUT /api/v2/logs/config/archive-order",
            delete_at=None,
            envelope=JsonApi("archive_order", send_id=False),
            identify=lambda _, _inputs: "archiveOrderID",
        ),
        "datadog:index/logsArchive:LogsArchive": jsonapi(
            account,
            "archives",
            "/api/v2/logs/config/archives",
            Field("name", required=True),
            Field("query", required=True),
            Field("s3Archive", _S3, at="destination"),
            Field("gcsArchive", _GCS, at="destination"),
            Field("azureArchive", _AZURE, at="destination"),
            Field("compressionMethod", default="GZIP"),
            Field("includeTags", default=False),
            Field("rehydrationMaxScanSizeInGb", INT, empty=NULL, zero="omit"),
            Field("rehydrationTags", empty=[]),
            Field("partitioningAttributes", zero="omit"),
            Field("lookupAttributes", zero="omit"),
            update_at="PUT /api/v2/logs/config/archives/{id}",
            envelope=JsonApi("archives", send_id=False),
        ),
        "datadog:index/logsCustomDestination:LogsCustomDestination": jsonapi(
            account,
            "custom_destination",
            "/api/v2/logs/config/custom-destinations",
            Field("name", required=True),
            Field("query", server="", computed=True),
            Field("enabled", default=True),
            Field("forwardTags", default=True),
            Field("forwardTagsRestrictionListType", default="ALLOW_LIST"),
            Field("forwardTagsRestrictionLists", TEXT_SET, at="forward_tags_restriction_list"),
            *_FORWARDERS,
        ),
        "datadog:index/logsMetric:LogsMetric": jsonapi(
            account,
            "logs_metrics",
            "/api/v2/logs/config/metrics",
            Field("name", local=True, required=True, replace=True),
            Field("compute", COMPUTE, required=True),
            Field("filter", _FILTER, required=True),
            Field("groupBies", Sequenced(GROUP_BY), at="group_by", zero="omit"),
            envelope=JsonApi("logs_metrics", send_id=False),
            unique=True,
            named=("name",),
            adapt=log_metric,
        ),
        "datadog:index/logsRestrictionQuery:LogsRestrictionQuery": jsonapi(
            account,
            "logs_restriction_queries",
            "/api/v2/logs/config/restriction_queries",
            Field("restrictionQuery", required=True),
            Field("roleIds", TEXT_HASHED, computed=True),
            Field("createdAt", output=True),
            Field("modifiedAt", output=True),
            envelope=JsonApi("logs_restriction_queries", send_id=False),
            adapt=_query_only,
            after=_grant_roles,
            complete=_with_roles,
            reread=True,
        ),
    }


def _query_only(_step: Step, body: Json) -> Json:
    body["attributes"].pop("role_ids", None)
    return body
