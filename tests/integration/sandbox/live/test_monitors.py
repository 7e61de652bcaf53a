"""Transitions, notifications and pages, minute by minute, when telemetry turns bad and recovers."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from firedrill.evaluate import Event, Series
from firedrill.sandbox.datadog.account import (
    ESCALATION_POLICIES,
    MONITOR_STATES,
    MONITORS,
    PAGES,
    ROUTING_RULES,
    SCHEDULES,
    TEAMS,
    USERS,
    WORKFLOW_INSTANCES,
    WORKFLOWS,
    Directory,
    user_body,
    utc_now,
)
from firedrill.sandbox.datadog.handlers.incidents import INCIDENTS
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import ERRORS, NOTIFICATIONS, Journal
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator
from firedrill.sandbox.datadog.live.notifications import NotificationTargets
from firedrill.sandbox.datadog.live.pages import TEAM_MEMBERSHIPS, Pages, routing_directory
from firedrill.sandbox.datadog.live.status_report import report
from firedrill.sandbox.datadog.live.workflows.runner import WorkflowRunner
from firedrill.sandbox.datadog.store import Store

ORG = "org"
START = 1_790_000_040.0
"""A full minute, in epoch seconds."""
MESSAGE = """{{#is_alert}}{{value}} over {{threshold}}
@oncall-llm @workflow-fix(model="small") @incident-main{{/is_alert}}
{{#is_recovery}}fine again @oncall-llm{{/is_recovery}} @someone@example.com"""
MONITOR = {
    "id": 1,
    "name": "too many errors",
    "type": "metric alert",
    "query": "sum(last_5m):sum:app.errors{env:t}.as_count() > 10",
    "message": MESSAGE,
    "tags": ["service:llm"],
    "priority": 2,
    "options": {"thresholds": {"critical": 10.0}},
}
REFUSED = {**MONITOR, "id": 2, "name": "cannot", "query": "avg(last_5m):no_such_function(avg:app.errors{*}) > 1"}
FIX = {
    "id": "w-1",
    "type": "workflows",
    "attributes": {
        "name": "fix",
        "published": True,
        "spec": {
            "handle": "fix",
            "triggers": [{"monitorTrigger": {}, "startStepNames": ["A"]}, {"apiTrigger": {}, "startStepNames": ["A"]}],
            "inputSchema": {"parameters": [{"name": "model", "type": "STRING"}]},
            "steps": [
                {
                    "name": "A",
                    "actionId": "com.datadoghq.core.noop",
                    "parameters": [{"name": "note", "value": "{{ Source.monitor.name }} {{ Trigger.model }}"}],
                }
            ],
        },
    },
}
LAYER: dict[str, Any] = {
    "type": "layers",
    "id": "l-1",
    "attributes": {
        "name": "weekly",
        "effective_date": "2026-01-05T00:00:00Z",
        "rotation_start": "2026-01-05T00:00:00Z",
        "interval": {"days": 7},
        "members": [{"user": {"id": "u-1"}}],
    },
}
POLICY_STEPS = [
    {
        "type": "steps",
        "id": f"s-{number}",
        "attributes": {"assignment": "default", "escalate_after_seconds": 300, "targets": [target]},
    }
    for number, target in enumerate(({"type": "schedules", "id": "sch"}, {"type": "teams", "id": "t-1"}))
]


def related(name: str, *ids: tuple[str, str]) -> dict[str, Any]:
    return {name: {"data": [{"type": kind, "id": item} for kind, item in ids]}}


class Sandbox:
    """The live behaviour with a clock that the test sets."""

    def __init__(self, home: Path) -> None:
        self.now = START
        self.directory = Directory(Store(home / "datadog.sqlite"))
        self.receiver = Receiver(home / "datadog.sqlite", ORG, self.directory.objects, self.clock)
        self.journal = Journal(self.directory, ORG, self.clock)
        self.workflows = WorkflowRunner(self.directory, ORG, self.journal, httpx.Client(), self.clock)
        self.pages = Pages(self.directory, ORG, self.journal, self.clock)
        targets = NotificationTargets(
            lambda: routing_directory(self.directory, ORG),
            self.pages,
            self.workflows.start_by_monitor,
            self.workflows.declare_incident,
        )
        self.evaluator = MonitorEvaluator(self.directory, self.receiver, self.journal, targets, self.clock)

    def clock(self) -> float:
        return self.now

    def declare(self, kind: str, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            self.directory.put(ORG, kind, str(body.get("id") or body.get("data", {}).get("id")), body)

    def minute(self, errors: float) -> None:
        """Let a minute with a number of errors pass and evaluate it."""
        points = np.array([self.now + 30]), np.array([errors])
        self.receiver.store(ORG).append_series([Series("app.errors", "count", frozenset({"env:t"}), *points)])
        self.now += 60
        self.evaluator.evaluate_minute(self.now)
        self.pages.progress(self.now)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return self.directory.objects(ORG, kind)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return declared(Sandbox(tmp_path))


def declared(sandbox: Sandbox) -> Sandbox:
    sandbox.declare(MONITORS, MONITOR)
    sandbox.declare(WORKFLOWS, FIX)
    sandbox.declare(TEAMS, {"id": "t-1", "type": "team", "attributes": {"handle": "llm", "name": "LLM"}})
    people = (("u-1", "ada"), ("u-2", "bo"))
    sandbox.declare(USERS, *(user_body(item, ORG, f"{name}@x.com", name, None, utc_now()) for item, name in people))
    for user in ("u-1", "u-2"):
        sandbox.directory.put(ORG, TEAM_MEMBERSHIPS, f"t-1:{user}", {"team": "t-1", "user": user})
    sandbox.declare(
        SCHEDULES,
        {"data": {"id": "sch", "type": "schedules", "attributes": {"name": "s", "time_zone": "UTC"},
                  "relationships": related("layers", ("layers", "l-1"))}, "included": [LAYER]},
    )  # fmt: skip
    steps = [("steps", str(step["id"])) for step in POLICY_STEPS]
    sandbox.declare(
        ESCALATION_POLICIES,
        {"data": {"id": "pol", "type": "policies", "attributes": {"name": "page", "retries": 0},
                  "relationships": related("steps", *steps)}, "included": POLICY_STEPS},
    )  # fmt: skip
    rule = {"type": "team_routing_rules_rules", "id": "r-1", "attributes": {"query": "", "urgency": "high"},
            "relationships": {"policy": {"data": {"type": "policies", "id": "pol"}}}}  # fmt: skip
    sandbox.declare(
        ROUTING_RULES,
        {"data": {"id": "t-1", "type": "team_routing_rules",
                  "relationships": related("rules", ("team_routing_rules_rules", "r-1"))}, "included": [rule]},
    )  # fmt: skip
    return sandbox


def iso_of(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()


def finished(sandbox: Sandbox, wait_until: Callable[[Callable[[], bool]], None]) -> dict[str, Any]:
    wait_until(
        lambda: all(
            workflow_instance["status"] in ("succeeded", "failed")
            for workflow_instance in sandbox.objects(WORKFLOW_INSTANCES)
        )
    )
    [instance] = sandbox.objects(WORKFLOW_INSTANCES)
    return instance


def test_an_alert_pages_who_is_on_call_starts_its_workflow_and_recovers(
    sandbox: Sandbox, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    for errors in (1, 1, 20):
        sandbox.minute(errors)
    assert sandbox.objects(MONITOR_STATES)[0]["overall_state"] == "Alert"
    [page] = sandbox.objects(PAGES)
    assert page["attributes"]["status"] == "triggered"
    assert [[item["name"] for item in step["who"]] for step in page["attributes"]["paged"]] == [["ada"]]
    instance = finished(sandbox, wait_until)
    assert (instance["status"], instance["trigger"], instance["inputs"]) == ("succeeded", "monitor", {"model": "small"})
    assert sandbox.objects(INCIDENTS)[0]["attributes"]["title"] == "[Triggered] too many errors"
    outcomes = {entry["handle"]: entry["outcome"] for entry in sandbox.journal.entries(NOTIFICATIONS)}
    assert outcomes["@workflow-fix"] == "workflow started"
    assert "recorded, not sent" in outcomes["@someone@example.com"]
    assert "22 over 10" in sandbox.journal.entries(NOTIFICATIONS)[-1]["text"]

    for _ in range(5):
        sandbox.minute(0)
    assert sandbox.objects(MONITOR_STATES)[0]["overall_state"] == "OK"
    [page] = sandbox.objects(PAGES)
    assert page["attributes"]["status"] == "resolved"
    events = sandbox.receiver.store(ORG).events("events", 0, np.inf)
    assert [event.attributes["attributes"]["monitor"]["transition"]["to"] for event in events] == ["ALERT", "OK"]
    assert sandbox.journal.entries(ERRORS) == []


def test_a_page_escalates_until_it_is_acknowledged(sandbox: Sandbox) -> None:
    for _ in range(5):
        sandbox.minute(20)
    [page] = sandbox.objects(PAGES)
    assert len(page["attributes"]["paged"]) == 1
    sandbox.minute(20)
    [page] = sandbox.objects(PAGES)
    assert [step["step"] for step in page["attributes"]["paged"]] == [1, 2]
    assert [item["name"] for item in page["attributes"]["paged"][1]["who"]] == ["ada", "bo"]
    assert page["attributes"]["paged"][1]["time"] - page["attributes"]["paged"][0]["time"] == 300


def test_an_acknowledged_page_does_not_escalate(sandbox: Sandbox) -> None:
    sandbox.minute(20)
    [page] = sandbox.objects(PAGES)
    page["attributes"] |= {"status": "acknowledged", "acknowledged_at": iso_of(sandbox.now + 10)}
    sandbox.declare(PAGES, page)
    for _ in range(7):
        sandbox.minute(20)
    [page] = sandbox.objects(PAGES)
    assert (len(page["attributes"]["paged"]), page["attributes"]["status"]) == (1, "acknowledged")


def test_who_was_paged_stays_when_the_schedule_is_edited(sandbox: Sandbox) -> None:
    sandbox.minute(20)
    moved = {**LAYER, "attributes": {**LAYER["attributes"], "members": [{"user": {"id": "u-2"}}]}}
    [schedule] = sandbox.objects(SCHEDULES)
    sandbox.declare(SCHEDULES, {**schedule, "included": [moved]})
    sandbox.minute(20)
    [page] = sandbox.objects(PAGES)
    assert [[item["name"] for item in step["who"]] for step in page["attributes"]["paged"]] == [["ada"]]


def test_a_page_of_the_api_is_escalated_by_hand(sandbox: Sandbox) -> None:
    attributes = {"title": "help", "target": {"type": "team_handle", "identifier": "llm"}, "urgency": "low",
                  "status": "triggered", "created_at": iso_of(START)}  # fmt: skip
    sandbox.declare(PAGES, {"id": "p-1", "type": "pages", "attributes": attributes})
    sandbox.pages.progress(START + 1)
    [page] = sandbox.objects(PAGES)
    assert [step["urgency"] for step in page["attributes"]["paged"]] == ["low"]
    page["attributes"] |= {"status": "escalated", "escalated_at": iso_of(START + 20)}
    sandbox.declare(PAGES, page)
    sandbox.pages.progress(START + 21)
    [page] = sandbox.objects(PAGES)
    assert [step["time"] - START for step in page["attributes"]["paged"]] == [0, 20]


def test_a_restart_goes_on_where_it_was(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.minute(20)
    again = Sandbox(tmp_path)
    again.now = sandbox.now
    again.minute(20)
    assert len(again.objects(PAGES)) == 1
    assert len(again.receiver.store(ORG).events("events", 0, np.inf)) == 1


def test_a_workflow_that_was_running_when_the_sandbox_stopped_has_failed(sandbox: Sandbox) -> None:
    sandbox.directory.store.put(ORG, WORKFLOW_INSTANCES, "i", {"id": "i", "workflow_id": "w-1", "status": "running"})
    sandbox.workflows.resume()
    assert sandbox.objects(WORKFLOW_INSTANCES)[0]["status"] == "failed"


def test_an_instance_that_the_api_queued_is_run(
    sandbox: Sandbox, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    queued = {"id": "i-1", "workflow_id": "w-1", "status": "queued", "inputs": {"model": "x"}, "trigger": "api",
              "created": START, "steps": []}  # fmt: skip
    sandbox.declare(WORKFLOW_INSTANCES, queued)
    instance = finished(sandbox, wait_until)
    assert instance["status"] == "failed"
    assert "Source.monitor.name" in instance["error"]


def test_what_cannot_be_evaluated_is_named_and_does_not_stop_the_others(sandbox: Sandbox) -> None:
    sandbox.declare(MONITORS, REFUSED)
    sandbox.minute(20)
    sandbox.minute(20)
    assert len(sandbox.objects(PAGES)) == 1
    [error] = sandbox.journal.entries(ERRORS)
    assert "monitor 2 is not evaluated" in error["where"]
    shown = report(sandbox.directory, sandbox.receiver, sandbox.evaluator, sandbox.journal, START)
    assert [(monitor["id"], monitor["state"], monitor["last_value"]) for monitor in shown["monitors"]] == [
        (1, "ALERT", 40.0),
        (2, "REFUSED", None),
    ]
    assert shown["monitors"][0]["since"] == START + 60
    assert shown["objects"][MONITORS] == 2


def test_a_handle_that_reaches_nothing_is_an_error_and_the_others_are_served(sandbox: Sandbox) -> None:
    sandbox.declare(MONITORS, {**MONITOR, "message": "@oncall-nobody @workflow-none @oncall-llm"})
    sandbox.minute(20)
    errors = " ".join(entry["error"] for entry in sandbox.journal.entries(ERRORS))
    assert "no team has this handle" in errors and "no workflow has this handle" in errors
    assert len(sandbox.objects(PAGES)) == 1


def test_a_message_that_cannot_be_rendered_is_an_error(sandbox: Sandbox) -> None:
    sandbox.declare(MONITORS, {**MONITOR, "message": "{{#is_alert}} @oncall-llm"})
    sandbox.minute(20)
    assert "not sent" in sandbox.journal.entries(ERRORS)[0]["error"]


def test_service_checks_that_arrived_over_dogstatsd_alert(sandbox: Sandbox) -> None:
    check = {"id": 5, "name": "app", "type": "service check", "message": "", "tags": [],
             "query": '"app.ok".over("env:t").by("host").last(4).count_by_status()',
             "options": {"thresholds": {"critical": 2, "ok": 1, "warning": 1}}}  # fmt: skip
    sandbox.declare(MONITORS, check)
    for _ in range(3):
        sandbox.receiver.datagram(b"_sc|app.ok|2|h:box|#env:t,host:box")
        sandbox.minute(0)
    assert sandbox.directory.get(ORG, MONITOR_STATES, "5") is not None
    assert (sandbox.directory.get(ORG, MONITOR_STATES, "5") or {})["overall_state"] == "Alert"


def test_synthetic_results_alert(sandbox: Sandbox) -> None:
    test = {"public_id": "abc-def-ghi", "monitor_id": 6, "type": "api", "subtype": "http", "status": "live",
            "options": {"min_location_failed": 2}}  # fmt: skip
    sandbox.directory.put(ORG, "synthetics_tests", "abc-def-ghi", test)
    monitor = {"id": 6, "name": "health", "type": "synthetics alert", "query": "no_query", "message": "", "tags": []}
    sandbox.declare(MONITORS, {**monitor, "options": {"synthetics_check_id": "abc-def-ghi"}})

    def results(*passed: bool) -> None:
        sandbox.receiver.store(ORG).append_events(
            Event(sandbox.now + 20, "synthetics", {"public_id": "abc-def-ghi", "location": str(at), "passed": item})
            for at, item in enumerate(passed)
        )
        sandbox.minute(0)

    def state() -> str:
        return str((sandbox.directory.get(ORG, MONITOR_STATES, "6") or {})["overall_state"])

    results(True, False)
    assert state() == "OK"
    results(False, False)
    assert state() == "Alert"
    results(True, True)
    assert state() == "OK"
