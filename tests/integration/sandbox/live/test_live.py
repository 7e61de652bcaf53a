"""The whole process: receive, run, report, and end without losing the last flush."""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.store import Store
from tests.integration.sandbox.live.target import serving

KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}


class Process:
    """Start the server once on the folder's database."""

    def __init__(self, home: Path) -> None:
        directory = Directory(Store(home / "datadog.sqlite"))
        directory.open("org", datetime.now(UTC))
        self.receiver = Receiver(home / "datadog.sqlite", "org", directory.objects)
        self.statsd = StatsdSocket(self.receiver, 0)
        live = Live(directory, self.receiver, self.statsd)
        self.client = TestClient(
            create_app(directory, [*live.routes(), *routes(self.receiver, self.statsd.port)], live.lifespan)
        )


def test_what_arrives_is_shown_and_survives_a_restart(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    process = Process(tmp_path)
    with process.client as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        monitor = {"type": "query alert", "query": "avg(last_5m):avg:a{*} > 1", "name": "n", "message": "m"}
        assert client.post("/api/v1/monitor", json=monitor, headers=KEYS).status_code == 200
        sender.sendto(b"a:5|d\nbroken", ("127.0.0.1", process.statsd.port))
        wait_until(lambda: client.get("/-/status").json()["intake"].get("statsd.messages") == 1)
        shown = client.get("/-/status").json()
        assert shown["intake"]["statsd.malformed"] == 1
        assert [(monitor["name"], monitor["state"]) for monitor in shown["monitors"]] == [("n", None)]
        assert shown["objects"]["monitors"] == 1
    [series] = process.receiver.store("org").series("a", 0, np.inf)
    assert series.values.tolist() == [5]
    with Process(tmp_path).client as client:
        shown = client.get("/-/status").json()
        assert (shown["objects"]["monitors"], shown["metrics"]) == (1, {"a": "distribution"})


def test_a_taken_port_is_an_error_at_once(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "datadog.sqlite", "org", lambda *_: [])

    async def twice() -> None:
        async with StatsdSocket(receiver, 0) as first:
            StatsdSocket(receiver, first.port)

    with pytest.raises(OSError, match="in use"):
        asyncio.run(twice())


def test_a_workflow_declared_and_started_over_the_api_calls_its_target(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with serving() as target, Process(tmp_path).client as client:
        credentials = {
            "type": "HTTPTokenAuth",
            "tokens": [{"name": "Token", "type": "SECRET", "value": "s3cret"}],
            "headers": [{"name": "Authorization", "value": "Bearer {{ Token }}"}],
        }
        integration = {"type": "HTTP", "base_url": target.url, "credentials": credentials}
        connection = client.post(
            "/api/v2/actions/connections",
            json={"data": {"type": "action_connection", "attributes": {"name": "c", "integration": integration}}},
            headers=KEYS,
        ).json()["data"]
        assert "s3cret" not in str(connection)
        spec = {
            "handle": "switch",
            "triggers": [{"apiTrigger": {}, "startStepNames": ["Switch"]}],
            "inputSchema": {"parameters": [{"name": "model", "type": "STRING"}]},
            "connectionEnvs": [
                {"env": "default", "connections": [{"connectionId": connection["id"], "label": "HTTP"}]}
            ],
            "steps": [
                {
                    "name": "Switch",
                    "actionId": "com.datadoghq.http.request",
                    "connectionLabel": "HTTP",
                    "parameters": [
                        {"name": "verb", "value": "POST"},
                        {"name": "url", "value": "/v1/control/model"},
                        {"name": "body", "value": {"model": "{{ Trigger.model }}"}},
                    ],
                }
            ],
        }
        attributes = {"name": "w", "description": "", "published": True, "tags": [], "spec": spec}
        workflow = client.post(
            "/api/v2/workflows", json={"data": {"type": "workflows", "attributes": attributes}}, headers=KEYS
        ).json()["data"]
        path = f"/api/v2/workflows/{workflow['id']}/instances"
        started = client.post(path, json={"meta": {"payload": {"model": "small"}}}, headers=KEYS).json()["data"]
        wait_until(lambda: client.get("/-/status").json()["workflow_runs"][-1]["status"] == "succeeded")
        assert client.get(f"{path}/{started['id']}", headers=KEYS).status_code == 200
        [(verb, path, headers, body)] = target.requests
        assert (verb, path, body) == ("POST", "/v1/control/model", {"model": "small"})
        assert headers["Authorization"] == "Bearer s3cret"
        runs = client.get("/-/status").json()["workflow_runs"]
        assert (runs[0]["id"], runs[0]["workflow_name"], runs[0]["steps"][0]["name"]) == (started["id"], "w", "Switch")


def test_a_page_over_the_api_reaches_who_is_on_call_until_it_is_acknowledged(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with Process(tmp_path).client as client:

        def post(path: str, kind: str, attributes: Any, relationships: Any = None, method: str = "POST") -> Any:
            data = {"type": kind, "attributes": attributes}
            body = {"data": data if relationships is None else {**data, "relationships": relationships}}
            answer = client.request(method, path, json=body, headers=KEYS)
            assert answer.status_code in (200, 201), answer.text
            return answer.json()["data"]

        [ada, *_] = client.get("/api/v2/users", headers=KEYS).json()["data"]
        team = post("/api/v2/team", "team", {"handle": "llm-platform", "name": "LLM platform"})
        layer = {
            "name": "weekly",
            "effective_date": "2026-01-05T00:00:00Z",
            "rotation_start": "2026-01-05T00:00:00Z",
            "interval": {"days": 7, "seconds": 0},
            "members": [{"user": {"id": ada["id"]}}],
        }
        schedule = post(
            "/api/v2/on-call/schedules", "schedules", {"name": "Primary", "time_zone": "UTC", "layers": [layer]}
        )
        targets = [{"id": schedule["id"], "type": "schedules"}]
        step = {"assignment": "default", "escalate_after_seconds": 300, "targets": targets}
        policy = post(
            "/api/v2/on-call/escalation-policies",
            "policies",
            {"name": "page", "retries": 0, "resolve_page_on_policy_end": False, "steps": [step]},
        )
        rule = {"policy_id": policy["id"], "urgency": "high", "query": ""}
        post(f"/api/v2/on-call/teams/{team['id']}/routing-rules", "team_routing_rules", {"rules": [rule]}, None, "PUT")
        target = {"type": "team_handle", "identifier": "llm-platform"}
        page = post("/api/v2/on-call/pages", "pages", {"title": "help", "urgency": "low", "target": target})

        def pages() -> Any:
            return client.get("/-/status").json()["pages"]

        wait_until(lambda: bool(pages()[0]["attributes"].get("paged")))
        [paged] = pages()[0]["attributes"]["paged"]
        assert ([person["email"] for person in paged["who"]], paged["urgency"]) == ([ada["attributes"]["email"]], "low")
        answer = client.post(f"/api/v2/on-call/pages/{page['id']}/acknowledge", headers=KEYS)
        assert answer.status_code == 202
        assert pages()[0]["attributes"]["status"] == "acknowledged"
        assert client.get("/-/status").json()["errors"] == []
