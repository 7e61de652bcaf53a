"""Settings of synthetic tests: https://docs.datadoghq.com/api/latest/synthetics/ ."""

from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves

CAP = "synthetics_cap"


@serves("v2.get_on_demand_concurrency_cap")
def get_cap(call: Call) -> ApiResponse:
    """Return how many on-demand tests may run at once."""
    value = (call.get(CAP, "cap") or {"value": 1})["value"]
    data = {"type": "on_demand_concurrency_cap", "attributes": {"on_demand_concurrency_cap": value}}
    return ApiResponse({"data": data})


@serves("v2.set_on_demand_concurrency_cap")
def set_cap(call: Call) -> ApiResponse:
    """Set how many on-demand tests may run at once."""
    value = call.body.get("on_demand_concurrency_cap")
    if value is None or value < 0:
        raise ApiError(400, "on_demand_concurrency_cap: must be a number from 0 up")
    call.put(CAP, "cap", {"value": value})
    return get_cap(call)
