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
from firedrill.sandbox.datadog.overlays.dashboards import short_id
from firedrill.sandbox.datadog.overlays.monitors import person_number
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

KINDS = ("api", "browser", "mobile")
DEFAULT_STATUS = {"api": "live", "browser": "paused", "mobile": "paused"}


def person(call: Call) -> Body:
    """Who made or changed a test."""
    me = call.me["attributes"]
    return {key: me[key] for key in ("name", "handle", "email")}


def config(given: Body, old: Body) -> Body:
    """A configuration as it is answered: steps with ids (those of the ``old`` one, place by place), files and
    certificates without their content."""
    found = copy.deepcopy(given)
    for request in [found.get("request"), *(step.get("request") for step in found.get("steps") or [])]:
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
    for place, step in enumerate(found.get("steps") or []):
        step.setdefault("id", before[place] if place < len(before) else short_id())
    return found


def steps_of_browser(given: list[Body]) -> list[Body]:
    """Steps of a browser or mobile test with their ids."""
    return [{**copy.deepcopy(step), "public_id": step.get("public_id") or short_id()} for step in given]


def definition(kind: str, sent: Body, identifier: str, old: Body | None = None) -> Body:
    """What a test keeps of a body; ``old`` is the test that it replaces."""
    body: Body = {
        "public_id": identifier,
        "name": sent["name"],
        "status": sent.get("status") or DEFAULT_STATUS[kind],
        "type": kind,
        **({"subtype": sent["subtype"]} if sent.get("subtype") else {}),
        "tags": sent.get("tags") or [],
        "config": config(sent.get("config") or {}, (old or {}).get("config") or {}),
        "message": sent.get("message") or "",
        "options": copy.deepcopy(sent.get("options") or {}),
        "locations": sent.get("locations") or ["aws:us-west-2"],
    }
    monitor_options = body["options"].get("monitor_options")
    if isinstance(monitor_options, dict):
        defaults = {"notify_audit": False, "locked": False, "include_tags": True, "new_host_delay": 300}
        body["options"]["monitor_options"] = {**defaults, "notify_no_data": False, **monitor_options}
    if kind != "api":
        body["steps"] = steps_of_browser(sent.get("steps") or [])
    return body


def check(kind: str, sent: Body) -> None:
    """Raise :class:`ApiError` 400 for what the real API refuses."""
    if not sent["name"].strip():
        raise ApiError(400, "name: cannot be empty")
    if kind == "api" and sent.get("subtype") == "multi" and not (sent.get("config") or {}).get("steps"):
        raise ApiError(400, "config.steps: a multistep test needs steps")
    every = (sent.get("options") or {}).get("tick_every")
    if every is not None and not 30 <= every <= 604_800:
        raise ApiError(400, "options.tick_every: must be between 30 and 604800")
    if kind != "mobile" and not sent.get("locations"):
        raise ApiError(400, "locations: cannot be empty")


def put_monitor(call: Call, test: Body) -> None:
    """Keep the monitor that belongs to a test."""
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
            *(f"probe_dc:{one}" for one in test["locations"]),
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
        "creator": {**person(call), "id": person_number(call.me)},
    }
    call.put(MONITORS, str(identifier), monitor)


def created(call: Call, kind: str) -> Answer:
    """Create a test of a kind, and its monitor."""
    check(kind, call.body)
    test = {
        **definition(kind, call.body, short_id()),
        "created_at": iso(call.now),
        "modified_at": iso(call.now),
        "monitor_id": call.number("monitors", 150_000_001),
        "created_by": person(call),
        "modified_by": person(call),
    }
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    return Answer({**whole(call, test), "deleted_at": None})


def whole(call: Call, test: Body) -> Body:
    """A test as writes answer it."""
    found = {**test, "org_id": org_number(call.org)}
    if test["type"] != "api":
        steps = found.get("steps") or []
        found["stepCount"] = {
            "assertions": sum(str(step.get("type", "")).startswith("assert") for step in steps),
            "subtests": sum(step.get("type") == "playSubTest" for step in steps),
            "total": len(steps),
        }
    return found


@serves("v1.create_synthetics_api_test")
def create_api(call: Call) -> Answer:
    """Create an API test."""
    return created(call, "api")


@serves("v1.create_synthetics_browser_test")
def create_browser(call: Call) -> Answer:
    """Create a browser test."""
    return created(call, "browser")


@serves("v1.create_synthetics_mobile_test")
def create_mobile(call: Call) -> Answer:
    """Create a mobile test."""
    return created(call, "mobile")


def find(call: Call, kind: str | None = None) -> Body:
    """The test of the path. Raises :class:`ApiError` 404."""
    found = call.get(SYNTHETICS_TESTS, call.path["public_id"])
    if found is None or kind not in (None, found["type"]):
        raise ApiError(404, "Synthetics test not found")
    return found


def read(test: Body, with_steps: bool = True) -> Body:
    """A test as reads answer it."""
    hidden = {"created_by", "modified_by"} | (set() if with_steps else {"steps"})
    return {**{key: value for key, value in test.items() if key not in hidden}, "creator": test["created_by"]}


@serves("v1.get_api_test")
def get_api(call: Call) -> Answer:
    """One API test."""
    return Answer(read(find(call, "api")))


@serves("v1.get_browser_test")
def get_browser(call: Call) -> Answer:
    """One browser test."""
    return Answer(read(find(call, "browser")))


@serves("v1.get_mobile_test")
def get_mobile(call: Call) -> Answer:
    """One mobile test."""
    return Answer(read(find(call, "mobile")))


@serves("v1.get_test")
def get(call: Call) -> Answer:
    """One test of any kind, without its steps."""
    return Answer(read(find(call), with_steps=False))


@serves("v1.list_tests", "v1.search_tests")
def list_tests(call: Call) -> Answer:
    """All tests, paged."""
    size, number = call.integer("page_size", 100, 1, 1000), call.integer("page_number", 0, 0, 10**6)
    words = call.query.get("text", "").lower()
    tests = [read(test, with_steps=False) for test in call.list(SYNTHETICS_TESTS) if words in test["name"].lower()]
    return Answer({"tests": tests[number * size : (number + 1) * size]})


def updated(call: Call, kind: str) -> Answer:
    """Replace a test of a kind."""
    old = find(call, kind)
    check(kind, call.body)
    kept = {key: old[key] for key in ("created_at", "created_by", "monitor_id")}
    body = {**definition(kind, call.body, old["public_id"], old), **kept}
    test = {**body, "modified_at": iso(call.now), "modified_by": person(call)}
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    return Answer({**whole(call, test), "overall_state_modified": None})


@serves("v1.update_api_test")
def update_api(call: Call) -> Answer:
    """Replace an API test."""
    return updated(call, "api")


@serves("v1.update_browser_test")
def update_browser(call: Call) -> Answer:
    """Replace a browser test."""
    return updated(call, "browser")


@serves("v1.update_mobile_test")
def update_mobile(call: Call) -> Answer:
    """Replace a mobile test."""
    return updated(call, "mobile")


@serves("v1.update_test_pause_status")
def pause(call: Call) -> Answer:
    """Pause or start a test."""
    test = find(call)
    test["status"] = call.body["new_status"]
    call.put(SYNTHETICS_TESTS, test["public_id"], test)
    put_monitor(call, test)
    return Answer(True)


@serves("v1.delete_tests")
def delete(call: Call) -> Answer:
    """Delete tests with their monitors and results."""
    gone = []
    for identifier in call.body.get("public_ids") or []:
        test = call.get(SYNTHETICS_TESTS, identifier)
        if test is None:
            raise ApiError(404, "Synthetics test not found")
        call.delete(MONITORS, str(test["monitor_id"]))
        call.delete(MONITOR_STATES, str(test["monitor_id"]))
        for run in runs(call, identifier):
            call.delete(SYNTHETICS_RUNS, run["result_id"])
        call.delete(SYNTHETICS_TESTS, identifier)
        gone.append({"public_id": identifier, "deleted_at": iso(call.now)})
    return Answer({"deleted_tests": gone})


def runs(call: Call, identifier: str) -> list[Body]:
    """The runs of a test, latest first."""
    return [run for run in call.list(SYNTHETICS_RUNS) if run["public_id"] == identifier][::-1]
