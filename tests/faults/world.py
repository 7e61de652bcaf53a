"""What surrounds the service: the sandbox's Datadog and Google as processes, a proxy before each, a team to page."""

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

from firedrill.sandbox.settings import API_KEY, APP_KEY, Settings
from tests.conftest import ROOT, free_ports
from tests.faults.proxy import Proxy, proxy
from tests.service.sandbox import BUCKET, TOKEN, eventually

KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
SCHEDULE = "Primary LLM On-Call"
EVER = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
MARKER = re.compile(r"write_id:([0-9a-f-]{36})")


@dataclass
class World:
    """``datadog`` and ``google`` are what an instance talks to; the account and the bucket are read past them."""

    settings: Settings
    datadog: Proxy
    google: Proxy

    @property
    def environment(self) -> dict[str, str]:
        """What an instance is told."""
        host = self.google.url.removeprefix("http://")
        return {
            "DD_API_KEY": API_KEY, "DD_APP_KEY": APP_KEY, "DD_API_URL": self.datadog.url, "DD_SERVICE": "llm-api",
            "DD_ENV": "test", "DD_VERSION": "1", "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{self.settings.statsd_port}",
            "GOOGLE_CLOUD_PROJECT": "sandbox", "STORAGE_EMULATOR_HOST": self.google.url, "STATE_BUCKET": BUCKET,
            "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "GOOGLE_GENAI_USE_VERTEXAI": "true",
            "GOOGLE_VERTEX_BASE_URL": self.google.url, "OPERATOR_TOKEN": TOKEN, "API_AUTH": "loopback",
        }  # fmt: skip

    def api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A call of the account itself, not through the proxy."""
        url = f"http://127.0.0.1:{self.settings.datadog_port}{path}"
        answer = httpx.request(method, url, headers=KEYS, json=body, params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def pages(self) -> list[Any]:
        """The account's pages, in the order in which they were made."""
        found: list[Any] = self.api("GET", "/api/v2/on-call/pages", **{"page[size]": 1000})["data"]
        return found

    def incidents(self) -> list[Any]:
        """The account's incidents."""
        found: list[Any] = self.api("GET", "/api/v2/incidents", **{"page[size]": 100})["data"]
        return found

    def deployments(self) -> list[Any]:
        """The account's deployments, in the order in which they were made."""
        attributes = {"query": "*", "limit": 1000, **EVER}
        body = {"data": {"type": "dora_deployments_list_request", "attributes": attributes}}
        found: list[Any] = self.api("POST", "/api/v2/dora/deployments", body)["data"]
        return found[::-1]

    def events(self) -> list[Any]:
        """The account's events."""
        search = {"filter": {"query": "event_type:deployment", **EVER}, "page": {"limit": 1000}}
        found: list[Any] = self.api("POST", "/api/v2/events/search", search)["data"]
        return found

    def copies(self) -> Counter[str]:
        """By write id: how many objects of the account carry it."""
        objects = [*self.pages(), *self.incidents(), *self.deployments(), *self.events()]
        return Counter(one for made in objects for one in set(MARKER.findall(str(made))))

    def pending(self) -> list[str]:
        """The outbox's entries that wait."""
        return self._stored("outbox/pending/")

    def done(self) -> list[str]:
        """Its entries that have ended."""
        return self._stored("outbox/done/")

    def _stored(self, prefix: str) -> list[str]:
        url = f"http://127.0.0.1:{self.settings.google_port}/storage/v1/b/{BUCKET}/o"
        answer = httpx.get(url, params={"prefix": prefix}, timeout=30)
        answer.raise_for_status()
        return [one["name"] for one in answer.json().get("items", ())]

    def declare_team(self) -> None:
        """A team with a schedule, so that somebody can be paged."""
        [ada, *_] = self.api("GET", "/api/v2/users")["data"]
        team = self._make("/api/v2/team", "team", {"handle": "llm-platform", "name": "LLM platform"})
        start = "2026-01-05T00:00:00Z"
        layer = {"name": "weekly", "effective_date": start, "rotation_start": start,
                 "interval": {"days": 7, "seconds": 0}, "members": [{"user": {"id": ada["id"]}}]}  # fmt: skip
        schedule = self._make(
            "/api/v2/on-call/schedules", "schedules", {"name": SCHEDULE, "time_zone": "UTC", "layers": [layer]}
        )
        step = {"assignment": "default", "escalate_after_seconds": 300,
                "targets": [{"id": schedule, "type": "schedules"}]}  # fmt: skip
        policy = {"name": "page", "retries": 0, "resolve_page_on_policy_end": False, "steps": [step]}
        rule = {"policy_id": self._make("/api/v2/on-call/escalation-policies", "policies", policy), "urgency": "high",
                "query": ""}  # fmt: skip
        body = {"data": {"type": "team_routing_rules", "attributes": {"rules": [rule]}}}
        self.api("PUT", f"/api/v2/on-call/teams/{team}/routing-rules", body)

    def _make(self, path: str, kind: str, attributes: Any) -> str:
        made = self.api("POST", path, {"data": {"type": kind, "attributes": attributes}})
        return str(made["data"]["id"])


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A fresh account and bucket."""
    settings = Settings(ROOT, folder / "sandbox", free_ports(4))
    with ExitStack() as stack:
        for name, port in (("datadog", settings.datadog_port), ("google", settings.google_port)):
            stack.enter_context(_process(name, settings, folder))
            eventually(partial(_answers, f"http://127.0.0.1:{port}/-/health"), 60, f"the start of {name}")
        made = World(
            settings,
            stack.enter_context(proxy(f"http://127.0.0.1:{settings.datadog_port}")),
            stack.enter_context(proxy(f"http://127.0.0.1:{settings.google_port}")),
        )
        bucket = {"properties": {"name": BUCKET, "location": "EU", "project": "sandbox"}}
        resource = f"http://127.0.0.1:{settings.google_port}/-/resources/gcp:storage/bucket:Bucket/{BUCKET}"
        httpx.post(resource, json=bucket, timeout=30).raise_for_status()
        made.declare_team()
        yield made


@contextmanager
def _process(name: str, settings: Settings, folder: Path) -> Iterator[None]:
    variables = {
        "FIREDRILL_ROOT": str(settings.root),
        "FIREDRILL_HOME": str(settings.home),
        "FIREDRILL_PORT": str(settings.port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    with (folder / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"firedrill.sandbox.{name}"], stdout=output, stderr=output, cwd=ROOT,
            env=os.environ | variables,
        )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
