"""Monitors (https://docs.datadoghq.com/api/latest/monitors/)."""

from dataclasses import dataclass

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, plain
from firedrill.datadog.mapping.lists import TAG_SET, TEXT_SET, TEXT_SET_IN_HASH_ORDER, ListOf
from firedrill.datadog.mapping.objects import NULL, Object, Property, get
from firedrill.datadog.mapping.schema import INT, NUMBER_TEXT, TRIMMED, Converted, Extent, Json, Schema
from firedrill.provider.resource import ResourceCall
from firedrill.provider.values import Properties, Value

_TYPES_WITH_SAMPLES = ("ci-pipelines alert", "ci-tests alert")


class _MonitorType(Schema):
    """A monitor's type: the API answers "query alert" for a "metric alert", and the reverse."""

    def _key(self, value: Value) -> object:
        return "query alert" if value == "metric alert" else value


_THRESHOLDS = Object(
    (
        *(
            Property(name, NUMBER_TEXT)
            for name in ("ok", "warning", "critical", "unknown", "warningRecovery", "criticalRecovery")
        ),
        Property("criticalQuery"),
        Property("criticalRecoveryQuery"),
    ),
    zero="omit",
)
_WINDOWS = Object((Property("recoveryWindow"), Property("triggerWindow")), zero="omit")
_EVALUATION_WINDOW = Object(
    (Property("dayStarts"), Property("monthStarts", INT), Property("hourStarts", INT), Property("timezone")),
    zero="omit",
)
_SCHEDULING = Object(
    (
        Property("evaluationWindow", _EVALUATION_WINDOW),
        Property(
            "customSchedule",
            Object(
                (
                    Property(
                        "recurrence",
                        Converted(lambda value: [value], lambda answer: answer[0] if answer else None),
                        at="recurrences",
                    ),
                )
            ),
        ),
    ),
    zero="omit",
)
_COMPUTE = Object(
    (Property("aggregation"), Property("interval", INT), Property("metric"), Property("name")), zero="omit"
)
_GROUP_BY = Object(
    (
        Property("facet"),
        Property("limit", INT),
        Property("source"),
        Property("sort", Object((Property("aggregation"), Property("metric"), Property("order")), zero="omit")),
    ),
    zero="omit",
)


class _FirstOf(ListOf):
    """A list in the program, of which the API has only the first item."""

    def send(self, value: Value) -> Json:
        return self.schema.send(value[0]) if value else None

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        return super().receive([answer], declared, extent)


_EVENT_QUERY = Object(
    (
        Property("dataSource"),
        Property("name"),
        Property("indexes", if_absent=[]),
        Property("search", Object((Property("query"),))),
        Property("computes", _FirstOf(_COMPUTE), at="compute"),
        Property("groupBies", ListOf(_GROUP_BY), at="group_by", if_absent=[]),
    ),
    zero="omit",
)
_COST_QUERY = Object((Property("dataSource"), Property("name"), Property("query"), Property("aggregator")), zero="omit")
_QUALITY_OPTIONS = Object(
    tuple(Property(n) for n in ("customSql", "customWhere", "groupByColumns", "crontabOverride", "modelTypeOverride")),
    zero="omit",
)
_QUALITY_QUERY = Object(
    (
        *(Property(name) for name in ("dataSource", "name", "measure", "filter", "scope", "schemaVersion")),
        Property("groupBies", at="group_by"),
        Property("monitorOptions", _QUALITY_OPTIONS),
    ),
    zero="omit",
)
_JOBS_QUERY = Object(
    (Property("name"), Property("jobsQuery"), Property("jobType"), Property("queryDialect")), zero="omit"
)
_VARIABLES: tuple[tuple[str, Schema], ...] = (
    ("eventQueries", _EVENT_QUERY),
    ("cloudCostQueries", _COST_QUERY),
    ("dataQualityQueries", _QUALITY_QUERY),
    ("dataJobsQueries", _JOBS_QUERY),
)


def _group(query: Json) -> str:
    """Return the program's list for a formula query of an answer."""
    if "jobs_query" in query:
        return "dataJobsQueries"
    if query.get("data_source") == "data_quality_metrics":
        return "dataQualityQueries"
    return "cloudCostQueries" if query.get("data_source") in ("cloud_cost", "metrics") else "eventQueries"


@dataclass(frozen=True)
class _Variables(Schema):
    """Formula queries: a list for each data source in the program, one list in the API."""

    def send(self, value: Value) -> Json:
        return [schema.send(query) for name, schema in _VARIABLES for query in value.get(name) or []]

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        lists: dict[str, list[Value]] = {}
        for name, schema in _VARIABLES:
            queries = [query for query in answer if _group(query) == name]
            if queries:
                declared_queries = declared.get(name) if isinstance(declared, dict) else None
                lists[name] = ListOf(schema).receive(queries, declared_queries, extent)
        return lists


_ASSET = Object(
    (Property("category"), Property("name"), Property("url"), Property("resourceKey"), Property("resourceType")),
    zero="omit",
)

MONITOR = Object(
    (
        Property("name", required=True, zero="send"),
        Property("type", _MonitorType(), required=True, replace=True),
        Property("query", TRIMMED, required=True),
        Property("message", TRIMMED, required=True, zero="send"),
        Property("tags", TAG_SET, if_absent=[], computed=True),
        Property("priority", NUMBER_TEXT, if_absent=NULL),
        Property("restrictedRoles", TEXT_SET, if_absent=NULL),
        Property("draftStatus", default="published"),
        Property("assets", ListOf(_ASSET)),
        Property("evaluationDelay", INT, at="options.evaluation_delay", computed=True),
        Property("newGroupDelay", INT, at="options.new_group_delay"),
        Property("noDataTimeframe", INT, at="options.no_data_timeframe"),
        Property("renotifyInterval", INT, at="options.renotify_interval"),
        Property("renotifyOccurrences", INT, at="options.renotify_occurrences"),
        Property("newHostDelay", INT, at="options.new_host_delay", default=300, zero="send"),
        Property("timeoutH", INT, at="options.timeout_h"),
        Property("escalationMessage", TRIMMED, at="options.escalation_message"),
        Property("includeTags", at="options.include_tags", default=True, zero="send"),
        Property("notifyNoData", at="options.notify_no_data", default=False, zero="send"),
        Property("requireFullWindow", at="options.require_full_window", default=True, zero="send"),
        Property("notifyAudit", at="options.notify_audit"),
        Property("onMissingData", at="options.on_missing_data"),
        Property("groupRetentionDuration", at="options.group_retention_duration"),
        Property("renotifyStatuses", TEXT_SET_IN_HASH_ORDER, at="options.renotify_statuses"),
        Property("notifyBies", TEXT_SET, at="options.notify_by"),
        Property("notificationPresetName", at="options.notification_preset_name", server_default="show_all"),
        Property("enableLogsSample", at="options.enable_logs_sample"),
        Property("enableSamples", at="options.enable_samples"),
        Property("groupbySimpleMonitor", at="options.groupby_simple_monitor"),
        Property("monitorThresholds", _THRESHOLDS, at="options.thresholds", if_absent={}, computed=True),
        Property("monitorThresholdWindows", _WINDOWS, at="options.threshold_windows"),
        Property("schedulingOptions", _SCHEDULING, at="options.scheduling_options"),
        Property("variables", _Variables(), at="options.variables"),
        Property("forceDelete", local=True),
        Property("validate", local=True),
        Property("ignoreTagKeys", TEXT_SET, local=True),
    ),
    zero="omit",
)


def _suppressed(plan: Properties) -> frozenset[str]:
    """Return what the published provider ignores: a timeframe of missing data without a notification of it."""
    custom = get(plan.get("schedulingOptions") or {}, ["customSchedule"])
    names = ("noDataTimeframe",) if not plan.get("notifyNoData") else ()
    return frozenset((*names, "requireFullWindow") if custom else names)


def _adapt(write: Write, body: Json) -> Json:
    """Add and remove options that only monitors of some types have, and add the id in an update."""
    if write.action == "update":
        body["id"] = int(write.id)
    options = body["options"]
    if body["type"] == "log alert":
        options.setdefault("enable_logs_sample", False)
    else:
        options.pop("enable_logs_sample", None)
        options.pop("groupby_simple_monitor", None)
    if body["type"] in _TYPES_WITH_SAMPLES:
        options.setdefault("enable_samples", False)
    else:
        options.pop("enable_samples", None)
    if get(options, ["scheduling_options", "custom_schedule"]):
        options.pop("notify_no_data", None)
        options.pop("no_data_timeframe", None)
        options["require_full_window"] = False
    if "on_missing_data" in options:
        options.pop("no_data_timeframe", None)
    return body


def _normalize(resource: Json, _declared: Properties) -> Json:
    """Remove options that the API answers although no program can have declared them."""
    options = dict(resource.get("options") or {})
    if get(options, ["scheduling_options", "custom_schedule"]):
        options.pop("require_full_window", None)
    if not options.get("notify_no_data"):
        options.pop("no_data_timeframe", None)  # left from earlier settings, without effect
    return {**resource, "options": options}


def _validate(client: DatadogClient, _call: ResourceCall, id: str, inputs: Properties, body: Json) -> None:
    """Let Datadog validate the monitor in a preview, as the published provider does."""
    if inputs.get("validate") is not False:
        client.call(f"POST /api/v1/monitor/{id}/validate" if id else "POST /api/v1/monitor/validate", body)


def _delete(client: DatadogClient, id: str, properties: Properties) -> None:
    client.call(f"DELETE /api/v1/monitor/{id}" + ("?force=true" if properties.get("forceDelete") else ""))


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    monitor = plain(
        account,
        "/api/v1/monitor",
        MONITOR,
        read_at="GET /api/v1/monitor/{id}?with_assets=true",
        adjust_body=_adapt,
        suppressed=_suppressed,
        normalize_answer=_normalize,
        validate_body=_validate,
        delete_with=_delete,
    )
    return {"datadog:index/monitor:Monitor": monitor}
