"""The service's surroundings: the sandbox's Datadog and Google as processes, a proxy before each, a team to page."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from firedrill.settings import API_KEY, APP_KEY, Settings
from tests.conftest import ROOT, free_ports
from tests.faults.proxy import Proxy, proxy
from tests.integration.service.sandbox import BUCKET, TOKEN, answers, eventually

KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
SCHEDULE = "Primary LLM On-Call"
EVER = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
MARKER = re.compile(r"write_id:([0-9a-f-]{36})")


@dataclass
class World:
    """An account and a bucket; ``datadog`` and ``google`` are the proxies that instances call."""

    settings: Settings
    datadog: Proxy
    google: Proxy
    sandbox: "Sandbox"
    """The account's process."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an instance."""
        host = self.google.url.removeprefix("http://")
        return {
            "DD_API_KEY": API_KEY, "DD_APP_KEY": APP_KEY, "DD_API_URL": self.datadog.url, "DD_SERVICE": "llm-api",
            "DD_ENV": "test", "DD_VERSION": "1", "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{self.settings.statsd_port}",
            "GOOGLE_CLOUD_PROJECT": "sandbox", "STORAGE_EMULATOR_HOST": self.google.url, "STATE_BUCKET": BUCKET,
            "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "GOOGLE_GENAI_USE_VERTEXAI": "true",
            "GOOGLE_VERTEX_BASE_URL": self.google.url, "OPERATOR_TOKEN": TOKEN, "API_AUTH": "loopback",
            "CONVERSATION_KEYS": "a-key",
        }  # fmt: skip

    def kill_datadog(self) -> None:
        """Kill the account's process with SIGKILL: connections are refused. What is stored stays."""
        self.datadog.close()
        self.sandbox.kill()

    def start_datadog(self) -> None:
        """Start the account's process again, and let calls through when it answers."""
        self.sandbox.start()
        self.datadog.listen()

    def api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the account itself, not through the proxy, and return the JSON response."""
        url = f"http://127.0.0.1:{self.settings.datadog_port}{path}"
        answer = httpx.request(method, url, headers=KEYS, json=body, params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def pages(self) -> list[Any]:
        """Return the account's pages, the oldest first."""
        pages: list[Any] = self.api("GET", "/api/v2/on-call/pages", **{"page[size]": 1000})["data"]
        return pages

    def incidents(self) -> list[Any]:
        """Return the account's incidents."""
        incidents: list[Any] = self.api("GET", "/api/v2/incidents", **{"page[size]": 100})["data"]
        return incidents

    def deployments(self) -> list[Any]:
        """Return the account's deployments, the oldest first."""
        attributes = {"query": "*", "limit": 1000, **EVER}
        body = {"data": {"type": "dora_deployments_list_request", "attributes": attributes}}
        deployments: list[Any] = self.api("POST", "/api/v2/dora/deployments", body)["data"]
        return deployments[::-1]

    def events(self) -> list[Any]:
        """Return the account's events."""
        search = {"filter": {"query": "event_type:deployment", **EVER}, "page": {"limit": 1000}}
        events: list[Any] = self.api("POST", "/api/v2/events/search", search)["data"]
        return events

    def copies(self) -> Counter[str]:
        """Return how many objects of the account carry each write id."""
        objects = [*self.pages(), *self.incidents(), *self.deployments(), *self.events()]
        return Counter(write_id for item in objects for write_id in set(MARKER.findall(str(item))))

    def pending(self) -> list[str]:
        """Return the names of the outbox's entries that wait."""
        return self._stored("outbox/pending/")

    def done(self) -> list[str]:
        """Return the names of the outbox's outcomes."""
        return self._stored("outbox/done/")

    def _stored(self, prefix: str) -> list[str]:
        url = f"http://127.0.0.1:{self.settings.google_port}/storage/v1/b/{BUCKET}/o"
        answer = httpx.get(url, params={"prefix": prefix}, timeout=30)
        answer.raise_for_status()
        return [item["name"] for item in answer.json().get("items", ())]

    def declare_team(self) -> None:
        """Declare a team with a schedule, so that somebody can be paged."""
        [ada, *_] = self.api("GET", "/api/v2/users")["data"]
        team = self._create("/api/v2/team", "team", {"handle": "llm-platform", "name": "LLM platform"})
        start = "2026-01-05T00:00:00Z"
        layer = {"name": "weekly", "effective_date": start, "rotation_start": start,
                 "interval": {"days": 7, "seconds": 0}, "members": [{"user": {"id": ada["id"]}}]}  # fmt: skip
        schedule = self._create(
            "/api/v2/on-call/schedules", "schedules", {"name": SCHEDULE, "time_zone": "UTC", "layers": [layer]}
        )
        step = {"assignment": "default", "escalate_after_seconds": 300,
                "targets": [{"id": schedule, "type": "schedules"}]}  # fmt: skip
        policy = {"name": "page", "retries": 0, "resolve_page_on_policy_end": False, "steps": [step]}
        rule = {"policy_id": self._create("/api/v2/on-call/escalation-policies", "policies", policy), "urgency": "high",
                "query": ""}  # fmt: skip
        body = {"data": {"type": "team_routing_rules", "attributes": {"rules": [rule]}}}
        self.api("PUT", f"/api/v2/on-call/teams/{team}/routing-rules", body)

    def _create(self, path: str, kind: str, attributes: Any) -> str:
        answer = self.api("POST", path, {"data": {"type": kind, "attributes": attributes}})
        return str(answer["data"]["id"])


@dataclass
class Sandbox:
    """A server of the sandbox as a process, which can be killed and started again."""

    name: str
    settings: Settings
    port: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        variables = {
            "FIREDRILL_ROOT": str(self.settings.root),
            "FIREDRILL_HOME": str(self.settings.home),
            "FIREDRILL_PORT": str(self.settings.port),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        with (self.folder / f"{self.name}.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"firedrill.sandbox.{self.name}"], stdout=output, stderr=output, cwd=ROOT,
                env=os.environ | variables,
            )  # fmt: skip
        eventually(partial(answers, f"http://127.0.0.1:{self.port}/-/health"), 60, f"the start of {self.name}")

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Let it end."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Provide a fresh account and bucket."""
    settings = Settings(ROOT, folder / "sandbox", free_ports(4))
    datadog = Sandbox("datadog", settings, settings.datadog_port, folder)
    google = Sandbox("google", settings, settings.google_port, folder)
    with ExitStack() as stack:
        for sandbox in (datadog, google):
            stack.callback(sandbox.stop)
            sandbox.start()
        surroundings = World(
            settings,
            stack.enter_context(proxy(f"http://127.0.0.1:{settings.datadog_port}")),
            stack.enter_context(proxy(f"http://127.0.0.1:{settings.google_port}")),
            datadog,
        )
        bucket = {"properties": {"name": BUCKET, "location": "EU", "project": "sandbox"}}
        resource = f"http://127.0.0.1:{settings.google_port}/-/resources/gcp:storage/bucket:Bucket/{BUCKET}"
        httpx.post(resource, json=bucket, timeout=30).raise_for_status()
        surroundings.declare_team()
        yield surroundings
