"""Runs of synthetic tests and their results: https://docs.datadoghq.com/api/latest/synthetics/ ."""

import secrets
from typing import Any

from firedrill.sandbox.datadog.account import (
    SYNTHETICS_RUNS,
    SYNTHETICS_TESTS,
)
from firedrill.sandbox.datadog.overlays.synthetics import find, runs
from firedrill.sandbox.datadog.overlays.synthetics_locations import location_number, locations
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

NO_DATA = 2
"""``status`` of a result that says neither that the test passed nor that it failed."""


@serves("v1.trigger_tests", "v1.trigger_ci_tests")
def trigger(call: Call) -> Answer:
    """Queue a run of each test in each of its locations; the runner hears of it."""
    results: list[Body] = []
    used: list[str] = []
    for one in call.body.get("tests") or []:
        test = call.get(SYNTHETICS_TESTS, one["public_id"])
        if test is None:
            raise ApiError(400, f"Test {one['public_id']} not found")
        for place in one.get("locations") or test["locations"]:
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
            if one.get("startUrl"):
                run["start_url"] = one["startUrl"]
            if one.get("variables"):
                run["variables"] = one["variables"]
            call.put(SYNTHETICS_RUNS, result_id, run)
            results.append({"result_id": result_id, "public_id": test["public_id"], "location": location_number(place)})
    return Answer(
        {
            "batch_id": None,
            "results": results,
            "triggered_check_ids": list(dict.fromkeys(one["public_id"] for one in results)),
            "locations": locations(used),
        }
    )


@serves("v1.get_api_test_latest_results", "v1.get_browser_test_latest_results")
def latest(call: Call) -> Answer:
    """The last 150 results of a test."""
    found = [run["result"] for run in runs(call, find(call)["public_id"]) if run["status"] == "done"][:150]
    since = call.integer("from_ts", 0, 0, 10**14)
    until = call.integer("to_ts", 10**14, 0, 10**14)
    found = [one for one in found if since <= one.get("check_time", 0) <= until]
    return Answer({"last_timestamp_fetched": found[-1].get("check_time", 0) if found else 0, "results": found})


@serves("v1.get_api_test_result", "v1.get_browser_test_result")
def result(call: Call) -> Answer:
    """One result with the definition that ran."""
    test = find(call)
    run = call.get(SYNTHETICS_RUNS, call.path["result_id"])
    if run is None or run["public_id"] != test["public_id"] or run["status"] != "done":
        raise ApiError(404, "Synthetics test result not found")
    checked: dict[str, Any] = {key: test[key] for key in ("type", "config", "options")}
    return Answer({**run["result"], "result_id": run["result_id"], "check": checked})


@serves("v1.fetch_uptimes")
def uptimes(call: Call) -> Answer:
    """The share of time, in percent, in which tests passed, by the results that are kept."""
    answer = []
    start, end = call.body["from_ts"], call.body["to_ts"]
    for identifier in call.body["public_ids"]:
        test = call.get(SYNTHETICS_TESTS, identifier)
        if test is None:
            raise ApiError(404, "Synthetics test not found")
        ran = [
            one for one in runs(call, identifier) if one["status"] == "done" and one["result"].get("status") != NO_DATA
        ]
        done = [run for run in ran if start <= run["created"] <= end][::-1]
        history = [[int(run["created"]), run["result"].get("status", 0)] for run in done]
        passed = sum(not state for _, state in history)
        overall = {
            "name": f"[Synthetics] {test['name']}",
            "preview": False,
            "monitor_type": "synthetics alert",
            "monitor_modified": call.seconds,
            "errors": None,
            "span_precision": 0,
            "history": history,
            "uptime": 100 * passed / len(history) if history else None,
        }
        answer.append({"from_ts": start, "to_ts": end, "overall": overall, "public_id": identifier})
    return Answer(answer)
