"""Retention filters of RUM applications: https://docs.datadoghq.com/api/latest/rum-retention-filters/ ."""

from firedrill.sandbox.datadog.handlers.rum_applications import FILTERS, find, put_filter
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import titled_error
from firedrill.sandbox.datadog.store import Body

SAMPLING: Body = {
    "session_replay_sample_rate": 100,
    "trace_sample_rate": 100,
    "session_replay_enabled": True,
    "trace_enabled": False,
}
"""Sampling of replays and traces of a new filter. By one recording: TestAccRumRetentionFilterDecimalSampleRate."""


def filter_response(body: Body) -> Body:
    """Return a filter as responses have it."""
    return {key: value for key, value in body.items() if key not in ("application", "place")}


def filters_of(call: Call) -> list[Body]:
    """Return the filters of the application of the path in their order."""
    filters = [
        retention_filter
        for retention_filter in call.list(FILTERS)
        if retention_filter["application"] == call.path["app_id"]
    ]
    return sorted(filters, key=lambda retention_filter: int(retention_filter["place"]))


@serves("v2.create_retention_filter")
def create_filter(call: Call) -> ApiResponse:
    """Add a filter, last in the order."""
    find(call, "app_id")
    requested = call.body["data"]["attributes"]
    attributes = {"cross_product_sampling": dict(SAMPLING), "enabled": True, "query": "", **requested}
    source = str((call.body["data"].get("meta") or {}).get("source") or "api")
    body = put_filter(call, call.path["app_id"], attributes, len(filters_of(call)), source)
    return ApiResponse({"data": filter_response(body)}, 201)


def find_filter(call: Call) -> Body:
    """Return the filter of the path. Raises :class:`ApiError` 404."""
    retention_filter = call.get(FILTERS, call.path["rf_id"])
    if retention_filter is None or retention_filter["application"] != call.path["app_id"]:
        raise titled_error(404, "rpc error: code = NotFound desc = NotFound: This retention filter does not exist")
    return retention_filter


@serves("v2.get_retention_filter")
def get_filter(call: Call) -> ApiResponse:
    """Return one filter."""
    return ApiResponse({"data": filter_response(find_filter(call))})


@serves("v2.list_retention_filters")
def list_filters(call: Call) -> ApiResponse:
    """Return the filters of an application."""
    find(call, "app_id")
    return ApiResponse({"data": [filter_response(retention_filter) for retention_filter in filters_of(call)]})


@serves("v2.update_retention_filter")
def update_filter(call: Call) -> ApiResponse:
    """Change a filter."""
    body = find_filter(call)
    body["attributes"] |= call.body["data"].get("attributes") or {}
    call.put(FILTERS, body["id"], body)
    return ApiResponse({"data": filter_response(body)})


@serves("v2.delete_retention_filter")
def delete_filter(call: Call) -> ApiResponse:
    """Delete a filter."""
    call.delete(FILTERS, find_filter(call)["id"])
    return NO_CONTENT


@serves("v2.order_retention_filters")
def order_filters(call: Call) -> ApiResponse:
    """Put the filters in another order, which names each of them once."""
    find(call, "app_id")
    order = [entry["id"] for entry in call.body["data"]]
    filters = {entry["id"]: entry for entry in filters_of(call)}
    if sorted(order) != sorted(filters):
        raise titled_error(400, "all retention filters must be in the order exactly once")
    for place, identifier in enumerate(order):
        call.put(FILTERS, identifier, {**filters[identifier], "place": place})
    return ApiResponse({"data": [{"id": entry, "type": "retention_filters"} for entry in order]})
