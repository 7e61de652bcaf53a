"""Runs of synthetic tests and their results: https://docs.datadoghq.com/api/latest/synthetics/ ."""

import secrets
from typing import Any

from firedrill.sandbox.datadog.account import (
    SYNTHETICS_RUNS,
    SYNTHETICS_TESTS,
)
from firedrill.sandbox.datadog.handlers.synthetics import find, runs
from firedrill.sandbox.datadog.handlers.synthetics_locations import location_number, locations
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


@serves("v1.trigger_tests", "v1.trigger_ci_tests")
def trigger(call: Call) -> ApiResponse:
    """Queue a run of each test in each of its locations; the runner is notified."""
    results: list[Body] = []
    used: list[str] = []
    for requested in call.body.get("tests") or []:
        test = call.get(SYNTHETICS_TESTS, requested["public_id"])
        if test is None:
            raise ApiError(400, f"Test {requested['public_id']} not found")
        for place in requested.get("locations") or test["locations"]:
            used.append(place)
            result_id = str(secrets.randbelow(2**62))
            run = {
                "result_id": result_id,
                "public_id": test["public_id"],
                "location": place,
                "status": "queued",
                "trigger": "api",
                "created": call.now.timestamp(),
                "result": {},
            }
            if requested.get("startUrl"):
                run["start_url"] = requested["startUrl"]
            if requested.get("variables"):
                run["variables"] = requested["variables"]
            call.put(SYNTHETICS_RUNS, result_id, run)
            results.append({"result_id": result_id, "public_id": test["public_id"], "location": location_number(place)})
    return ApiResponse(
        {
            "batch_id": None,
            "results": results,
            "triggered_check_ids": list(dict.fromkeys(requested["public_id"] for requested in results)),
            "locations": locations(used),
        }
    )


@serves("v1.get_api_test_latest_results", "v1.get_browser_test_latest_results")
def list_latest_results(call: Call) -> ApiResponse:
    """Return the last 150 results of a test."""
    results = [_short(run["result"]) for run in runs(call, find(call)["public_id"]) if run["status"] == "done"][:150]
    since = call.integer("from_ts", 0, 0, 10**14)
    until = call.integer("to_ts", 10**14, 0, 10**14)
    results = [result for result in results if since <= result.get("check_time", 0) <= until]
    return ApiResponse(
        {"last_timestamp_fetched": results[-1].get("check_time", 0) if results else 0, "results": results}
    )


def _short(result: Body) -> Body:
    """Return a result without the details of a browser test's steps, which only its own page has."""
    return {**result, "result": {key: value for key, value in result["result"].items() if key != "stepDetails"}}


@serves("v1.get_api_test_result", "v1.get_browser_test_result")
def get_result(call: Call) -> ApiResponse:
    """Return one result with the configuration that ran."""
    test = find(call)
    run = call.get(SYNTHETICS_RUNS, call.path["result_id"])
    if run is None or run["public_id"] != test["public_id"] or run["status"] != "done":
        raise ApiError(404, "Synthetics test result not found")
    checked: dict[str, Any] = {key: test[key] for key in ("type", "config", "options")}
    return ApiResponse({**run["result"], "result_id": run["result_id"], "check": checked})
