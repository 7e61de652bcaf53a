"""Retention filters of traces and their order: https://docs.datadoghq.com/api/latest/apm-retention-filters/ ."""

from firedrill.sandbox.datadog.handlers.logs_pipelines import short_id
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

FILTERS = "apm_retention_filters"
CUSTOM = "spans-sampling-processor"


def check(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for a rate or type that the real API refuses."""
    if attributes.get("filter_type") != CUSTOM:
        raise ApiError(400, f"Field 'filter_type' is invalid, expected value is '{CUSTOM}'")
    for name in ("rate", "trace_rate"):
        value = attributes.get(name, 0 if name == "trace_rate" else None)
        if value is None or not 0 <= value <= 1:
            raise ApiError(400, "Invalid Pipeline", f"'{name}' must exist and be between 0 and 1")


def filter_body(call: Call, old: Body | None) -> Body:
    """Return a filter from the request. Raises :class:`ApiError` 400."""
    attributes, handle = call.body["data"]["attributes"], call.me["attributes"]["handle"]
    check(attributes)
    authorship = old["attributes"] if old else {"created_by": handle, "created_at": call.seconds}
    return {
        "id": old["id"] if old else short_id(),
        "attributes": {
            "name": attributes["name"],
            "rate": float(attributes["rate"]),
            "trace_rate": float(attributes.get("trace_rate", 0)),
            "enabled": attributes["enabled"],
            "filter_type": CUSTOM,
            "filter": {"query": attributes["filter"]["query"]},
            "editable": True,
            "modified_by": handle,
            "modified_at": call.seconds,
            "created_by": authorship["created_by"],
            "created_at": authorship["created_at"],
        },
        "type": "apm_retention_filter",
        "place": old["place"] if old else len(call.list(FILTERS)),
    }


def filter_response(body: Body) -> Body:
    """Return a filter as responses have it."""
    return {key: value for key, value in body.items() if key != "place"}


def find(call: Call) -> Body:
    """Return the filter of the path. Raises :class:`ApiError` 404."""
    retention_filter = call.get(FILTERS, call.path["filter_id"])
    if retention_filter is None:
        raise ApiError(404, f"retention filter with id: '{call.path['filter_id']}' not found")
    return retention_filter


@serves("v2.create_apm_retention_filter")
def create(call: Call) -> ApiResponse:
    """Create a filter, last in the order."""
    body = filter_body(call, None)
    call.put(FILTERS, body["id"], body)
    return ApiResponse({"data": filter_response(body)})


@serves("v2.get_apm_retention_filter")
def get(call: Call) -> ApiResponse:
    """Return one filter."""
    return ApiResponse({"data": filter_response(find(call))})


def ordered_filters(call: Call) -> list[Body]:
    """Return all filters in their order."""
    return sorted(call.list(FILTERS), key=lambda retention_filter: int(retention_filter["place"]))


@serves("v2.list_apm_retention_filters")
def list_filters(call: Call) -> ApiResponse:
    """Return all filters in their order."""
    data = []
    for place, retention_filter in enumerate(ordered_filters(call), 1):
        body = filter_response(retention_filter)
        body["attributes"]["execution_order"] = place
        data.append(body)
    return ApiResponse({"data": data})


@serves("v2.update_apm_retention_filter")
def update(call: Call) -> ApiResponse:
    """Replace a filter."""
    check(call.body["data"]["attributes"])
    body = filter_body(call, find(call))
    call.put(FILTERS, body["id"], body)
    return ApiResponse({"data": filter_response(body)})


@serves("v2.delete_apm_retention_filter")
def delete(call: Call) -> ApiResponse:
    """Delete a filter."""
    call.delete(FILTERS, find(call)["id"])
    return ApiResponse({})


@serves("v2.reorder_apm_retention_filters")
def reorder(call: Call) -> ApiResponse:
    """Put the filters in another order, which names each of them once."""
    filters = {retention_filter["id"]: retention_filter for retention_filter in ordered_filters(call)}
    order = [retention_filter["id"] for retention_filter in call.body["data"]]
    if sorted(order) != sorted(filters):
        raise ApiError(400, "All retention filters must be in the order exactly once")
    for place, identifier in enumerate(order):
        call.put(FILTERS, identifier, {**filters[identifier], "place": place})
    return ApiResponse({})
