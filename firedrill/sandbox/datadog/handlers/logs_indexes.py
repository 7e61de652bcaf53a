"""Log indexes and their order: https://docs.datadoghq.com/api/latest/logs-indexes/ ."""

from firedrill.sandbox.datadog.account import LOGS_INDEXES, LOGS_ORDERS
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def index_body(body: Body, name: str) -> Body:
    """Return an index as responses have it."""
    limit = body.get("daily_limit")
    return {
        "name": name,
        "filter": body["filter"],
        "num_retention_days": body.get("num_retention_days", 15),
        "num_flex_logs_retention_days": body.get("num_flex_logs_retention_days", 0),
        "daily_limit": None if body.get("disable_daily_limit") else limit,
        "daily_limit_reset": body.get("daily_limit_reset"),
        "daily_limit_warning_threshold_percentage": body.get("daily_limit_warning_threshold_percentage"),
        "is_rate_limited": False,
        "exclusion_filters": [
            {"is_enabled": True, **exclusion_filter} for exclusion_filter in body.get("exclusion_filters") or []
        ],
        "tags": body.get("tags") or [],
    }


def find_index(call: Call) -> Body:
    """Return the index of the path. Raises :class:`ApiError` 404."""
    logs_index = call.get(LOGS_INDEXES, call.path["name"])
    if logs_index is None:
        raise ApiError(
            404, body={"error": {"code": "NotFound", "message": "Index not found"}, "errors": ["Index not found"]}
        )
    return logs_index


@serves("v1.create_logs_index")
def create_index(call: Call) -> ApiResponse:
    """Create an index. The name of a deleted index stays taken."""
    name = call.body["name"]
    if call.get(LOGS_INDEXES, name) is not None or call.get("logs_indexes_gone", name) is not None:
        raise ApiError(422, f"Index {name} already exists")
    body = index_body(call.body, name)
    call.put(LOGS_INDEXES, name, body)
    return ApiResponse(body)


@serves("v1.get_logs_index")
def get_index(call: Call) -> ApiResponse:
    """Return one index."""
    return ApiResponse(find_index(call))


@serves("v1.list_log_indexes")
def list_indexes(call: Call) -> ApiResponse:
    """Return all indexes in their order."""
    return ApiResponse({"indexes": call.list(LOGS_INDEXES)})


@serves("v1.update_logs_index")
def update_index(call: Call) -> ApiResponse:
    """Replace an index."""
    body = index_body(call.body, find_index(call)["name"])
    call.put(LOGS_INDEXES, body["name"], body)
    return ApiResponse(body)


@serves("v1.delete_logs_index")
def delete_index(call: Call) -> ApiResponse:
    """Delete an index, which is accepted for later: status 202. By one recording: TestAccDatadogLogsIndex_WithTags."""
    body = find_index(call)
    call.delete(LOGS_INDEXES, body["name"])
    call.put("logs_indexes_gone", body["name"], {})
    return ApiResponse(body, 202)


@serves("v1.get_logs_index_order")
def get_index_order(call: Call) -> ApiResponse:
    """Return the order of the indexes."""
    return ApiResponse({"index_names": [body["name"] for body in call.list(LOGS_INDEXES)]})


@serves("v1.update_logs_index_order")
def update_index_order(call: Call) -> ApiResponse:
    """Put the indexes in another order, which names each of them once."""
    index_names = call.body["index_names"]
    if sorted(index_names) != sorted(body["name"] for body in call.list(LOGS_INDEXES)):
        raise ApiError(400, "index_names must contain every index exactly once")
    call.put(LOGS_ORDERS, "indexes", {"ids": index_names})
    return ApiResponse({"index_names": index_names})
