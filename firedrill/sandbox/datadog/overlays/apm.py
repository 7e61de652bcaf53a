"""Trace retention filters and metrics from spans: https://docs.datadoghq.com/api/latest/apm-retention-filters/ ."""

import copy

from firedrill.sandbox.datadog.overlays.logs_config import short_id
from firedrill.sandbox.datadog.overlays.logs_more import compute_fault, grouped, metric_name
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

FILTERS = "apm_retention_filters"
METRICS = "spans_metrics"
CUSTOM = "spans-sampling-processor"


def check(given: Body) -> None:
    """Raise :class:`ApiError` 400 for a rate or type that the real API refuses."""
    if given.get("filter_type") != CUSTOM:
        raise ApiError(400, f"Field 'filter_type' is invalid, expected value is '{CUSTOM}'")
    for name in ("rate", "trace_rate"):
        value = given.get(name, 0 if name == "trace_rate" else None)
        if value is None or not 0 <= value <= 1:
            raise ApiError(400, "Invalid Pipeline", f"'{name}' must exist and be between 0 and 1")


def filter_body(call: Call, old: Body | None) -> Body:
    """A filter from a body. Raises :class:`ApiError` 400."""
    given, handle = call.body["data"]["attributes"], call.me["attributes"]["handle"]
    check(given)
    known = old["attributes"] if old else {"created_by": handle, "created_at": call.seconds}
    return {
        "id": old["id"] if old else short_id(),
        "attributes": {
            "name": given["name"],
            "rate": float(given["rate"]),
            "trace_rate": float(given.get("trace_rate", 0)),
            "enabled": given["enabled"],
            "filter_type": CUSTOM,
            "filter": {"query": given["filter"]["query"]},
            "editable": True,
            "modified_by": handle,
            "modified_at": call.seconds,
            "created_by": known["created_by"],
            "created_at": known["created_at"],
        },
        "type": "apm_retention_filter",
        "place": old["place"] if old else len(call.list(FILTERS)),
    }


def public(body: Body) -> Body:
    """A filter as it is answered."""
    return {key: value for key, value in body.items() if key != "place"}


def find(call: Call) -> Body:
    """The filter of the path. Raises :class:`ApiError` 404."""
    found = call.get(FILTERS, call.path["filter_id"])
    if found is None:
        raise ApiError(404, f"retention filter with id: '{call.path['filter_id']}' not found")
    return found


@serves("v2.create_apm_retention_filter", checked=True)
def create(call: Call) -> Answer:
    """Create a filter, last in the order."""
    body = filter_body(call, None)
    call.put(FILTERS, body["id"], body)
    return Answer({"data": public(body)})


@serves("v2.get_apm_retention_filter")
def get(call: Call) -> Answer:
    """One filter."""
    return Answer({"data": public(find(call))})


def ordered(call: Call) -> list[Body]:
    """All filters in their order."""
    return sorted(call.list(FILTERS), key=lambda one: int(one["place"]))


@serves("v2.list_apm_retention_filters")
def list_filters(call: Call) -> Answer:
    """All filters in their order."""
    data = []
    for place, one in enumerate(ordered(call), 1):
        body = public(one)
        body["attributes"]["execution_order"] = place
        data.append(body)
    return Answer({"data": data})


@serves("v2.update_apm_retention_filter")
def update(call: Call) -> Answer:
    """Replace a filter."""
    check(call.body["data"]["attributes"])
    body = filter_body(call, find(call))
    call.put(FILTERS, body["id"], body)
    return Answer({"data": public(body)})


@serves("v2.delete_apm_retention_filter")
def delete(call: Call) -> Answer:
    """Delete a filter."""
    call.delete(FILTERS, find(call)["id"])
    return Answer({})


@serves("v2.reorder_apm_retention_filters")
def reorder(call: Call) -> Answer:
    """Put the filters in another order: all of them, each once."""
    known = {one["id"]: one for one in ordered(call)}
    wanted = [one["id"] for one in call.body["data"]]
    if sorted(wanted) != sorted(known):
        raise ApiError(400, "All retention filters must be in the order exactly once")
    for place, identifier in enumerate(wanted):
        call.put(FILTERS, identifier, {**known[identifier], "place": place})
    return Answer({})


@serves("v2.create_spans_metric")
def create_metric(call: Call) -> Answer:
    """Create a metric from spans; its name is its id."""
    data = call.body["data"]
    # The published provider sends the name in quotation marks, and what it made is found without them.
    given, identifier = copy.deepcopy(data["attributes"]), metric_name(data["id"].strip('"'))
    fault = compute_fault(given["compute"])
    if fault is not None:
        raise ApiError(400, fault)
    if call.get(METRICS, identifier) is not None:
        raise ApiError(409, f"Metric with name '{identifier}' already exists")
    if given["compute"]["aggregation_type"] == "distribution":
        given["compute"].setdefault("include_percentiles", False)
    attributes = {
        "filter": given.get("filter") or {"query": "*"},
        "group_by": grouped(given.get("group_by")),
        "compute": given["compute"],
    }
    body = {"id": identifier, "attributes": attributes, "type": "spans_metrics"}
    call.put(METRICS, identifier, body)
    return Answer({"data": body})


def find_metric(call: Call) -> Body:
    """The metric of the path. Raises :class:`ApiError` 404."""
    found = call.get(METRICS, call.path["metric_id"])
    if found is None:
        raise ApiError(404, f"not_found(Metric with name '{call.path['metric_id']}' not found)")
    return found


@serves("v2.get_spans_metric")
def get_metric(call: Call) -> Answer:
    """One metric."""
    return Answer({"data": find_metric(call)})


@serves("v2.list_spans_metrics")
def list_metrics(call: Call) -> Answer:
    """All metrics."""
    return Answer({"data": call.list(METRICS)})


@serves("v2.update_spans_metric")
def update_metric(call: Call) -> Answer:
    """Change filter, groups or percentiles."""
    body, given = find_metric(call), copy.deepcopy(call.body["data"]["attributes"])
    body["attributes"]["compute"] |= given.get("compute") or {}
    if given.get("filter") is not None:
        body["attributes"]["filter"] = given["filter"]
    if given.get("group_by") is not None:
        body["attributes"]["group_by"] = grouped(given["group_by"])
    call.put(METRICS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_spans_metric")
def delete_metric(call: Call) -> Answer:
    """Delete a metric."""
    call.delete(METRICS, find_metric(call)["id"])
    return NO_CONTENT
