"""Metrics from spans and retention filters of APM (https://docs.datadoghq.com/api/latest/spans-metrics/)."""

from firedrill.datadog.mapping.envelopes import IdList, JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import NUMBER_TEXT, Json
from firedrill.datadog.published.check import Fault
from firedrill.datadog.resources.logs import COMPUTE, GROUP_BY, adjust_event_metric
from firedrill.provider.values import Properties

_QUERY = Object((Property("query", default=""),))


def _check_percentiles(inputs: Properties) -> list[Fault]:
    compute = inputs.get("compute") or {}
    if compute.get("includePercentiles") is None or compute.get("aggregationType") == "distribution":
        return []
    reason = "include_percentiles can only be set when aggregation_type is 'distribution'"
    return [(f"Invalid configuration. {reason}", "compute.includePercentiles")]


def _crossed(write: Write) -> list[Json]:
    """Return the groups in the order of their paths, with the tags in the program's order.

    The published provider crosses them so: its plan sorts the groups, and takes the tag at the same place of the
    program's list. A group without a tag in the program keeps the one that the state has for its path.
    """
    declared = write.inputs.get("groupBies") or []
    known = {group.get("path"): group.get("tagName") for group in write.old_state.get("groupBies") or []}
    groups = []
    for path, at_place in zip(sorted(group["path"] for group in declared), declared, strict=True):
        tag = at_place.get("tagName") or known.get(path)
        groups.append({"path": path, **({"tag_name": tag} if tag else {})})
    return groups


def _quoted_name(write: Write, body: Json) -> Json:
    """Quote the id of a new span-based metric, as the published provider does; Datadog removes the quotation marks."""
    groups = body["attributes"]["group_by"] = _crossed(write)
    body = adjust_event_metric(write, body)
    if write.action == "create" and not groups:
        del body["attributes"]["group_by"]
    return {**body, "id": f'"{write.inputs["name"]}"'} if write.action == "create" else body


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    filters, orders = "/api/v2/apm/config/retention-filters", "/api/v2/apm/config/retention-filters-execution-order"
    return {
        "datadog:index/spansMetric:SpansMetric": jsonapi(
            account,
            "spans_metrics",
            "/api/v2/apm/config/metrics",
            Property("name", local=True, required=True, replace=True),
            Property("compute", COMPUTE, required=True),
            Property("filter", _QUERY, required=True),
            Property("groupBies", SetOf(GROUP_BY), at="group_by", if_absent=[]),
            envelope=JsonApi("spans_metrics", update_id="none"),
            id_properties=("name",),
            check_inputs=_check_percentiles,
            adjust_body=_quoted_name,
        ),
        "datadog:index/apmRetentionFilter:ApmRetentionFilter": jsonapi(
            account,
            "apm_retention_filter",
            filters,
            Property("name", required=True),
            Property("enabled", required=True),
            Property("filter", _QUERY, required=True),
            Property("filterType", required=True),
            Property("rate", NUMBER_TEXT, required=True),
            Property("traceRate", NUMBER_TEXT, server_default="0"),
            envelope=JsonApi("apm_retention_filter", update_id="empty"),
            update_at=f"PUT {filters}/{{id}}",
        ),
        "datadog:index/apmRetentionFilterOrder:ApmRetentionFilterOrder": jsonapi(
            account,
            "apm_retention_filter",
            orders,
            Property("filterIds", at="ids", required=True),
            create_at=f"PUT {orders}",
            read_at=f"GET {filters}",
            update_at=f"PUT {orders}",
            delete_at=None,
            envelope=IdList("apm_retention_filter"),
            id_of=lambda _, _inputs: "ApmRetentionFiltersOrderID",
            reads_after=frozenset({"create", "update"}),
            reads_after_failure=True,
        ),
    }
