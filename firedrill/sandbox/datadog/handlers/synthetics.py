"""Synthetic tests: https://docs.datadoghq.com/api/latest/synthetics/ ."""

import copy
import secrets

from firedrill.sandbox.datadog.account import (
    MONITOR_STATES,
    MONITORS,
    SYNTHETICS_RUNS,
    SYNTHETICS_TESTS,
    iso,
    org_number,
)
from firedrill.sandbox.datadog.handlers.dashboards import short_id
from firedrill.sandbox.datadog.handlers.monitors import person_number
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

NO_DATA = 2
OVERALL_STATES = {"OK": 0, "Alert": 1, "No Data": NO_DATA}
"""The numbers of a test's state in responses to updates."""
NESTED_STEPS = 0
"""Steps of the subtests of a browser test, which are not counted here.
By one recording: TestAccDatadogSyntheticsBrowserTest_importBasic."""
DEFAULT_STATUS = {"api": "live", "browser": "paused"}


def author(call: Call) -> Body:
    """Return the caller as the author of a test."""
    me = call.me["attributes"]
    return {key: me[key] for key in ("name", "handle", "email")}


def config_body(requested: Body, old: Body) -> Body:
    """Return a configuration as responses have it.

    Steps get ids, those of the ``old`` configuration place by place; files and certificates lose their content.
    """
    config = copy.deepcopy(requested)
    for request in [config.get("request"), *(step.get("request") for step in config.get("steps") or [])]:
        if not isinstance(request, dict):
            continue
        certificate = request.get("certificate")
        for part in certificate.values() if isinstance(certificate, dict) else ():
            if isinstance(part, dict):
                part.pop("content", None)
        for n, file in enumerate(request.get("files") or []):
            if isinstance(file, dict) and file.pop("content", None) is not None:
                file["bucketKey"] = f"api-upload-file/{secrets.token_hex(8)}-{n}"
    before = [step["id"] for step in old.get("steps") or []]
    for place, step in enumerate(config.get("steps") or []):
        step.setdefault("id", before[place] if place < len(before) else short_id())
    return config


def steps_with_ids(steps: list[Body]) -> list[Body]:
    """Return the steps of a browser test with an id each."""
    return [{**copy.deepcopy(step), "public_id": step.get("public_id") or short_id()} for step in steps]


def test_body(kind: str, requested: Body, identifier: str, old: Body | None = None) -> Body:
    """Return the stored members of a test; ``old`` is the test that it replaces."""
    body: Body = {
        "public_id": identifier,
        "name": requested["name"],
        "status": requested.get("status") or DEFAULT_STATUS[kind],
        "type": kind,
        **({"subtype": requested["subtype"]} if requested.get("subtype") else {}),
        "tags": requested.get("tags") or [],
        "config": config_body(requested.get("config") or {}, (old or {}).get("config") or {}),
        "message": requested.get("message") or "",
        "options": {"bits_ai_auto_investigate": False, **copy.deepcopy(requested.get("options") or {})},
        "locations": requested.get("locations") or ["aws:us-west-2"],
    }
    monitor_options = body["options"].get("monitor_options")
    if isinstance(monitor_options, dict):
        defaults: Body = {"notify_audit": False, "locked": False, "include_tags": True, "new_host_delay": 300}
        defaults["on_missing_data"] = "show_no_data"
        body["options"]["monitor_options"] = {**defaults, "notify_no_data": False, **monitor_options}
    if kind != "api":
        body["steps"] = steps_with_ids(requested.get("steps") or [])
    return body


def check(kind: str, body: Body) -> None:
    """Raise :class:`ApiError` 400 for what the real API refuses."""
    if not body["name"].strip():
        raise ApiError(400, "name: cannot be empty")
    if kind == "api" and body.get("subtype") != "multi" and not (body.get("config") or {}).get("assertions"):
        raise ApiError(400, "config.assertions: cannot be empty")
    every = (body.get("options") or {}).get("tick_every")
    if every is not None and not 30 <= every <= 604_800:
        raise ApiError(400, "options.tick_every: must be between 30 and 604800")
    if not body.get("locations"):
        raise ApiError(400, "locations: cannot be empty")


def put_monitor(call: Call, test: Body) -> None:
    """Store the monitor that belongs to a test."""
    options, identifier = test["options"], test["monitor_id"]
    old = call.get(MONITORS, str(identifier))
    monitor: Body = {
        "id": identifier,
        "org_id": org_number(call.org),
        "type": "synthetics alert",
        "name": options.get("monitor_name") or test["name"],
        "message": test["message"],
        "tags": [
            *test["tags"],
            *(f"probe_dc:{location}" for location in test["locations"]),
            f"check_type:{test['type']}",
            f"check_status:{test['status']}",
            f"ci_execution_rule:{(options.get('ci') or {}).get('executionRule', 'blocking')}",
        ],
        "query": "no_query",
        "options": {
            "on_missing_data": "show_no_data",
            "notify_audit": False,
            "new_host_delay": 300,
            "include_tags": True,
            "synthetics_check_id": test["public_id"],
            "silenced": {},
        },
        "multi": False,
        "created_at": old["created_at"] if old else call.seconds * 1000,
        "created": old["created"] if old else iso(call.now),
        "modified": iso(call.now),
        "deleted": None,
        "restricted_roles": None,
        "priority": options.get("monitor_priority"),
        "creator": {**author(call), "id": person_number(call.me)},
    }
    call.put(MONITORS, str(identifier), monitor)


def create_test(call: Call, kind: str) -> ApiResponse:
    """Create a test of a type, and its monitor."""
    check(kind, call.body)
    test = {
        **test_body(kind, call.body, short_id()),
        "created_at": iso(call.now),
        "modified_at": iso(call.now),
        "monitor_id": call.number("monitors", 150_000_001),
        "created_by": author(call),
        "modified_by": author(call),
    }
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    return ApiResponse({**write_response(call, test), "deleted_at": None})


def write_response(call: Call, test: Body) -> Body:
    """Return a test as responses to writes have it."""
    body = {**test, "org_id": org_number(call.org), **creation_source(call)}
    if test["type"] != "api":
        steps = body.get("steps") or []
        body["stepCount"] = {
            "assertions": sum(str(step.get("type", "")).startswith("assert") for step in steps),
            "subtests": sum(step.get("type") == "playSubTest" for step in steps),
            "total": len(steps),
            "nested_steps": NESTED_STEPS,
        }
    return body


def creation_source(call: Call) -> Body:
    """Return the ``creation_source`` of a response to a write.

    Recordings of the Terraform provider have it since May 2025, those of the plain API clients do not.
    """
    plain = "datadog-api-client" in call.user_agent and "terraform" not in call.user_agent
    return {} if plain else {"creation_source": "terraform"}


@serves("v1.create_synthetics_api_test")
def create_api(call: Call) -> ApiResponse:
    """Create an API test."""
    return create_test(call, "api")


@serves("v1.create_synthetics_browser_test")
def create_browser(call: Call) -> ApiResponse:
    """Create a browser test."""
    return create_test(call, "browser")


def find(call: Call, kind: str | None = None) -> Body:
    """Return the test of the path. Raises :class:`ApiError` 404."""
    test = call.get(SYNTHETICS_TESTS, call.path["public_id"])
    if test is None or kind not in (None, test["type"]):
        raise ApiError(404, "Synthetics test not found")
    return test


def read_response(test: Body, with_steps: bool = True) -> Body:
    """Return a test as responses to reads have it."""
    hidden = {"created_by", "modified_by"} | (set() if with_steps else {"steps"})
    return {**{key: value for key, value in test.items() if key not in hidden}, "creator": test["created_by"]}


@serves("v1.get_api_test")
def get_api(call: Call) -> ApiResponse:
    """Return one API test."""
    return ApiResponse(read_response(find(call, "api")))


@serves("v1.get_browser_test")
def get_browser(call: Call) -> ApiResponse:
    """Return one browser test."""
    return ApiResponse(read_response(find(call, "browser")))


@serves("v1.get_test")
def get(call: Call) -> ApiResponse:
    """Return one test of any type, without its steps."""
    return ApiResponse(read_response(find(call), with_steps=False))


@serves("v1.list_tests")
def list_tests(call: Call) -> ApiResponse:
    """Return tests whose name contains ``text``, a page of them."""
    size, number = call.integer("page_size", 100, 1, 1000), call.integer("page_number", 0, 0, 10**6)
    words = call.query.get("text", "").lower()
    tests = [
        read_response(test, with_steps=False) for test in call.list(SYNTHETICS_TESTS) if words in test["name"].lower()
    ]
    return ApiResponse({"tests": tests[number * size : (number + 1) * size]})


def update_test(call: Call, kind: str) -> ApiResponse:
    """Replace a test of a type."""
    old = find(call, kind)
    check(kind, call.body)
    unchanged = {key: old[key] for key in ("created_at", "created_by", "monitor_id")}
    body = {**test_body(kind, call.body, old["public_id"], old), **unchanged}
    test = {**body, "modified_at": iso(call.now), "modified_by": author(call)}
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    state = call.get(MONITOR_STATES, str(test["monitor_id"])) or {}
    overall = {
        "overall_state": OVERALL_STATES.get(str(state.get("overall_state")), NO_DATA),
        "overall_state_modified": state.get("overall_state_modified") or "1970-01-01T00:00:00+00:00",
    }
    return ApiResponse({**write_response(call, test), **overall})


@serves("v1.update_api_test")
def update_api(call: Call) -> ApiResponse:
    """Replace an API test."""
    return update_test(call, "api")


@serves("v1.update_browser_test")
def update_browser(call: Call) -> ApiResponse:
    """Replace a browser test."""
    return update_test(call, "browser")


@serves("v1.delete_tests")
def delete(call: Call) -> ApiResponse:
    """Delete tests with their monitors and results."""
    deleted = []
    for identifier in call.body.get("public_ids") or []:
        test = call.get(SYNTHETICS_TESTS, identifier)
        if test is None:
            raise ApiError(404, "Synthetics test not found")
        call.delete(MONITORS, str(test["monitor_id"]))
        call.delete(MONITOR_STATES, str(test["monitor_id"]))
        for run in runs(call, identifier):
            call.delete(SYNTHETICS_RUNS, run["result_id"])
        call.delete(SYNTHETICS_TESTS, identifier)
        deleted.append({"public_id": identifier, "deleted_at": iso(call.now)})
    return ApiResponse({"deleted_tests": deleted})


def runs(call: Call, identifier: str) -> list[Body]:
    """Return the runs of a test, newest first."""
    return [run for run in call.list(SYNTHETICS_RUNS) if run["public_id"] == identifier][::-1]
