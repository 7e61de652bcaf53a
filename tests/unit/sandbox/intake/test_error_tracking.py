"""Error Tracking: which errors count, how they are grouped, and how issues change."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.intake.error_tracking import ISSUES, NEW_SECONDS, Issues, read_errors
from firedrill.sandbox.datadog.store import Store

Json = dict[str, Any]
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}
STACK = 'Traceback\n  File "app.py", line 3, in view\n  File "chat.py", line {line}, in {function}\nKeyError'


def span(
    message: str = "no model 'x'", *, time: float = 1000.0, line: int = 9, function: str = "ask", **changed: Any
) -> Event:
    error = {"type": "KeyError", "message": message, "stack": STACK.format(line=line, function=function)}
    body = {"service": "llm-api", "status": "error", "entry": True, "tags": ["env:dev", "version:7"]}
    return Event(time, "spans", {**body, "attributes": {"error": error}, **changed})


def log(status: str = "error", **error: str) -> Event:
    inner = {"error": {"kind": "KeyError", "message": "m", "stack": STACK.format(line=1, function="f"), **error}}
    return Event(1000.0, "logs", {"service": "llm-api", "status": status, "tags": [], "attributes": inner})


def rum(kind: str, stack: str) -> Event:
    inner = {"type": kind, "error": {"type": "TypeError", "message": "x is undefined", "stack": stack}}
    return Event(1000.0, "rum", {"service": "llm-web", "tags": [], "attributes": inner})


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (span(), True),
        (span(entry=False), False),
        (span(status="ok"), False),
        (span(attributes={"error": {"type": "KeyError", "message": "m"}}), False),
        (log(), True),
        (log("emergency"), True),
        (log("warn"), False),
        (log(stack=""), False),
        (log(kind=""), False),
        (rum("error", "at send (https://page/app.js:3:7)"), True),
        (rum("view", "at send (https://page/app.js:3:7)"), False),
        (Event(1.0, "events", {"attributes": {"error": {"stack": "s", "type": "t"}}}), False),
    ],
)  # fmt: skip
def test_which_errors_are_taken(event: Event, taken: bool) -> None:
    assert bool(list(read_errors([event]))) == taken


def ids(*events: Event) -> list[str]:
    return [error.issue for error in read_errors(events)]


def test_an_issue_is_of_a_service_type_words_and_the_frame_that_threw() -> None:
    first, *same = ids(span(), span("no model 'another one'"), span("no model (7) 42!"), span(line=123))
    assert same == [first] * 3
    others = ids(span("no other model"), span(function="answer"), span(service="llm-web"))
    assert len({first, *others}) == 4


def test_an_errors_own_fingerprint_decides() -> None:
    first_error, second_error = (
        log(fingerprint="quota"),
        log(fingerprint="quota", message="quite another text", kind="ValueError"),
    )
    assert len(set(ids(first_error, second_error))) == 1


def test_frames_are_read_from_pythons_and_browsers_stacks() -> None:
    [python] = read_errors([span()])
    assert python.frame == ("chat.py", "ask")
    [script] = read_errors(
        [rum("error", "TypeError: x is undefined\n  at send (https://page/app.js:3:7)\n  at main @ b.js")]
    )
    assert script.frame == ("https://page/app.js", "send")


class StoredIssues:
    """A stand-in for the objects of an account."""

    def __init__(self) -> None:
        self.issues: dict[str, Json] = {}
        self.group: Callable[[str, Sequence[Event]], list[Event]] = Issues(self.objects, self.put).group

    def objects(self, _org: str, kind: str) -> list[Json]:
        assert kind == ISSUES
        return list(self.issues.values())

    def put(self, _org: str, _kind: str, identifier: str, body: Json) -> None:
        self.issues[identifier] = body


def test_an_issue_counts_and_is_new_for_a_while() -> None:
    store = StoredIssues()
    [first] = store.group("org", [span()])
    [second] = store.group("org", [span(time=1000.0 + NEW_SECONDS, tags=["version:8"])])
    assert (first.attributes["attributes"]["new"], second.attributes["attributes"]["new"]) == (True, False)
    [issue] = store.issues.values()
    assert issue["total_count"] == 2
    assert issue["attributes"]["first_seen_version"] == "7"
    assert (issue["attributes"]["last_seen"], issue["attributes"]["last_seen_version"]) == (173_800_000, "8")


def test_what_was_resolved_comes_back_and_what_is_excluded_does_not() -> None:
    store = StoredIssues()
    store.group("org", [span()])
    [issue] = store.issues.values()
    issue["attributes"]["state"] = "RESOLVED"
    assert len(store.group("org", [span(time=1100.0)])) == 1
    assert issue["attributes"]["state"] == "RESOLVED"  # an instance of the version that is going away
    store.group("org", [span(time=1100.0, tags=["version:8"])])
    assert issue["attributes"]["state"] == "OPEN"
    issue["attributes"]["state"] = "EXCLUDED"
    assert store.group("org", [span(time=1200.0)]) == []
    assert issue["total_count"] == 3


def test_an_error_that_arrives_is_found_by_the_api_and_not_while_a_drill_records(tmp_path: Path) -> None:
    directory = Directory(Store(tmp_path / "datadog.sqlite"))
    receiver = Receiver(tmp_path / "datadog.sqlite", "org", directory.objects, put=directory.put)
    client = TestClient(create_app(directory, routes(receiver, 8125)))
    line = {
        "message": "failed",
        "status": "error",
        "service": "llm-api",
        "error": log().attributes["attributes"]["error"],
    }
    receiver.record("drill", 60)
    client.post("/api/v2/logs", json=[line], headers=KEYS).raise_for_status()
    assert directory.objects("org", ISSUES) == []
    receiver.record("drill", 0)
    client.post("/api/v2/logs", json=[line, line], headers=KEYS).raise_for_status()

    search = {"query": "service:llm-api", "from": 0, "to": 4_000_000_000_000, "track": "logs"}
    body = {"data": {"type": "search_request", "attributes": search}}
    answer = client.post("/api/v2/error-tracking/issues/search?include=issue", json=body, headers=KEYS).json()
    [result] = answer["data"]
    [issue] = answer["included"]
    assert result["attributes"]["total_count"] == 2
    assert result["id"] == issue["id"]
    assert (issue["attributes"]["error_type"], issue["attributes"]["state"]) == ("KeyError", "OPEN")
    at = f"/api/v2/error-tracking/issues/{issue['id']}"
    for state, status in (("RESOLVED", 200), ("gone", 400)):
        change = {"data": {"type": "error_tracking_issue", "id": issue["id"], "attributes": {"state": state}}}
        assert client.put(f"{at}/state", json=change, headers=KEYS).status_code == status
    assert client.get(at, headers=KEYS).json()["data"]["attributes"]["state"] == "RESOLVED"
    body["data"]["attributes"] = search | {"track": "trace"}
    assert client.post("/api/v2/error-tracking/issues/search", json=body, headers=KEYS).json()["data"] == []
