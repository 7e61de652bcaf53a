"""Monitors (https://docs.datadoghq.com/api/latest/monitors/)."""

from dataclasses import dataclass

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, plain
from firedrill.sandbox.providers.datadog.lists import TAG_SET, TEXT_HASHED, TEXT_SET, Listed
from firedrill.sandbox.providers.datadog.objects import NULL, Field, Object, get
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER_TEXT, TRIMMED, Custom, Full, Json, Shape
from firedrill.sandbox.providers.resource import Call
from firedrill.sandbox.providers.values import Properties, Value

_TYPES_WITH_SAMPLES = ("ci-pipelines alert", "ci-tests alert")


class _MonitorType(Shape):
    """The API answers "query alert" where a "metric alert" was created, and the other way round."""

    def _key(self, value: Value) -> object:
        return "query alert" if value == "metric alert" else value


_THRESHOLDS = Object(
    (
        *(
            Field(name, NUMBER_TEXT)
            for name in ("ok", "warning", "critical", "unknown", "warningRecovery", "criticalRecovery")
        ),
        Field("criticalQuery"),
        Field("criticalRecoveryQuery"),
    ),
    zero="omit",
)
_WINDOWS = Object((Field("recoveryWindow"), Field("triggerWindow")), zero="omit")
_EVALUATION_WINDOW = Object(
    (Field("dayStarts"), Field("monthStarts", INT), Field("hourStarts", INT), Field("timezone")), zero="omit"
)
_SCHEDULING = Object(
    (
        Field("evaluationWindow", _EVALUATION_WINDOW),
        Field(
            "customSchedule",
            Object(
                (
                    Field(
                        "recurrence",
                        Custom(lambda value: [value], lambda answer: answer[0] if answer else None),
                        at="recurrences",
                    ),
                )
            ),
        ),
    ),
    zero="omit",
)
_COMPUTE = Object((Field("aggregation"), Field("interval", INT), Field("metric"), Field("name")), zero="omit")
_GROUP_BY = Object(
    (
        Field("facet"),
        Field("limit", INT),
        Field("source"),
        Field("sort", Object((Field("aggregation"), Field("metric"), Field("order")), zero="omit")),
    ),
    zero="omit",
)


class _FirstOf(Listed):
    """A list in the program, of which the API knows the first alone."""

    def send(self, value: Value) -> Json:
        return self.shape.send(value[0]) if value else None

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        return super().receive([answer], declared, full)


_EVENT_QUERY = Object(
    (
        Field("dataSource"),
        Field("name"),
        Field("indexes", empty=[]),
        Field("search", Object((Field("query"),))),
        Field("computes", _FirstOf(_COMPUTE), at="compute"),
        Field("groupBies", Listed(_GROUP_BY), at="group_by", empty=[]),
    ),
    zero="omit",
)
_COST_QUERY = Object((Field("dataSource"), Field("name"), Field("query"), Field("aggregator")), zero="omit")
_QUALITY_OPTIONS = Object(
    tuple(Field(n) for n in ("customSql", "customWhere", "groupByColumns", "crontabOverride", "modelTypeOverride")),
    zero="omit",
)
_QUALITY_QUERY = Object(
    (
        *(Field(name) for name in ("dataSource", "name", "measure", "filter", "scope", "schemaVersion")),
        Field("groupBies", at="group_by"),
        Field("monitorOptions", _QUALITY_OPTIONS),
    ),
    zero="omit",
)
_JOBS_QUERY = Object((Field("name"), Field("jobsQuery"), Field("jobType"), Field("queryDialect")), zero="omit")
_VARIABLES: tuple[tuple[str, Shape], ...] = (
    ("eventQueries", _EVENT_QUERY),
    ("cloudCostQueries", _COST_QUERY),
    ("dataQualityQueries", _QUALITY_QUERY),
    ("dataJobsQueries", _JOBS_QUERY),
)


def _group(query: Json) -> str:
    """The program's list that a formula query of an answer belongs to."""
    if "jobs_query" in query:
        return "dataJobsQueries"
    if query.get("data_source") == "data_quality_metrics":
        return "dataQualityQueries"
    return "cloudCostQueries" if query.get("data_source") in ("cloud_cost", "metrics") else "eventQueries"


@dataclass(frozen=True)
class _Variables(Shape):
    """Formula queries: a list for each sort in the program, one list in the API."""

    def send(self, value: Value) -> Json:
        return [shape.send(query) for name, shape in _VARIABLES for query in value.get(name) or []]

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        found: dict[str, list[Value]] = {}
        for name, shape in _VARIABLES:
            queries = [query for query in answer if _group(query) == name]
            if queries:
                said = declared.get(name) if isinstance(declared, dict) else None
                found[name] = Listed(shape).receive(queries, said, full)
        return found


_ASSET = Object(
    (Field("category"), Field("name"), Field("url"), Field("resourceKey"), Field("resourceType")), zero="omit"
)

MONITOR = Object(
    (
        Field("name", required=True, zero="send"),
        Field("type", _MonitorType(), required=True, replace=True),
        Field("query", TRIMMED, required=True),
        Field("message", TRIMMED, required=True, zero="send"),
        Field("tags", TAG_SET, empty=[], computed=True),
        Field("priority", NUMBER_TEXT, empty=NULL),
        Field("restrictedRoles", TEXT_SET, empty=NULL),
        Field("draftStatus", default="published"),
        Field("assets", Listed(_ASSET)),
        Field("evaluationDelay", INT, at="options.evaluation_delay", computed=True),
        Field("newGroupDelay", INT, at="options.new_group_delay"),
        Field("noDataTimeframe", INT, at="options.no_data_timeframe"),
        Field("renotifyInterval", INT, at="options.renotify_interval"),
        Field("renotifyOccurrences", INT, at="options.renotify_occurrences"),
        Field("newHostDelay", INT, at="options.new_host_delay", default=300, zero="send"),
        Field("timeoutH", INT, at="options.timeout_h"),
        Field("escalationMessage", TRIMMED, at="options.escalation_message"),
        Field("includeTags", at="options.include_tags", default=True, zero="send"),
        Field("notifyNoData", at="options.notify_no_data", default=False, zero="send"),
        Field("requireFullWindow", at="options.require_full_window", default=True, zero="send"),
        Field("notifyAudit", at="options.notify_audit"),
        Field("onMissingData", at="options.on_missing_data"),
        Field("groupRetentionDuration", at="options.group_retention_duration"),
        Field("renotifyStatuses", TEXT_HASHED, at="options.renotify_statuses"),
        Field("notifyBies", TEXT_SET, at="options.notify_by"),
        Field("notificationPresetName", at="options.notification_preset_name", server="show_all"),
        Field("enableLogsSample", at="options.enable_logs_sample"),
        Field("enableSamples", at="options.enable_samples"),
        Field("groupbySimpleMonitor", at="options.groupby_simple_monitor"),
        Field("monitorThresholds", _THRESHOLDS, at="options.thresholds", empty={}, computed=True),
        Field("monitorThresholdWindows", _WINDOWS, at="options.threshold_windows"),
        Field("schedulingOptions", _SCHEDULING, at="options.scheduling_options"),
        Field("variables", _Variables(), at="options.variables"),
        Field("forceDelete", local=True),
        Field("validate", local=True),
        Field("ignoreTagKeys", local=True),
    ),
    zero="omit",
)


def _adapt(_step: Step, body: Json) -> Json:
    """Options that only some monitors have."""
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
    """Hide what the API answers though the program cannot have meant it."""
    options = dict(resource.get("options") or {})
    if get(options, ["scheduling_options", "custom_schedule"]):
        options.pop("require_full_window", None)
    if not options.get("notify_no_data"):
        options.pop("no_data_timeframe", None)  # kept from earlier settings, and without effect
    return {**resource, "options": options}


def _validate(api: Api, _call: Call, id: str, inputs: Properties, body: Json) -> None:
    """Datadog's own judgement at preview, as the published provider asks for it."""
    if inputs.get("validate") is not False:
        api.call(f"POST /api/v1/monitor/{id}/validate" if id else "POST /api/v1/monitor/validate", body)


def _delete(api: Api, id: str, known: Properties) -> None:
    api.call(f"DELETE /api/v1/monitor/{id}" + ("?force=true" if known.get("forceDelete") else ""))


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    monitor = plain(
        account,
        "/api/v1/monitor",
        MONITOR,
        read_at="GET /api/v1/monitor/{id}?with_assets=true",
        adapt=_adapt,
        normalize=_normalize,
        validate=_validate,
        forget=_delete,
    )
    return {"datadog:index/monitor:Monitor": monitor}
