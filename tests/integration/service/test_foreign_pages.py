"""Attacks of web pages in a real browser on the service and on the sandbox's servers: DNS rebinding and CSRF."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from firedrill.settings import API_KEY, APP_KEY, Settings
from tests.browser import needs_chromium, tab
from tests.http_server import QuietHandler, serve
from tests.integration.service.sandbox import Service
from tests.integration.service.servers import servers

pytestmark = needs_chromium

EVIL = "evil.example"
KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
ATTACKS = """(async (targets) => {
  const results = [];
  const attempt = async (name, action) => {
    try { results.push([name, await action()]) } catch (error) { results.push([name, String(error.name)]) }
  };
  for (const [url, body] of targets) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json", null]) {
      const content = type ? new Blob([body], {type}) : new TextEncoder().encode(body);
      for (const mode of ["no-cors", "cors"]) {
        await attempt(`${mode} ${type} ${url}`, async () => {
          const answer = await fetch(url, {method: "POST", mode, body: content, credentials: "include"});
          return `${answer.type} ${answer.status}`;
        });
      }
      navigator.sendBeacon(url, content);
    }
    await attempt(`empty ${url}`, async () => (await fetch(url, {method: "POST", mode: "no-cors"})).type);
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      await attempt(`${method} ${url}`, async () => {
        const headers = {"Content-Type": "application/json"};
        return (await fetch(url, {method, body, headers})).status;
      });
    }
    await attempt(`read ${url}`, async () => (await (await fetch(url)).text()).length);
    await attempt(`image ${url}`, () => new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = () => resolve("sent");
      image.src = url;
    }));
    await attempt(`form ${url}`, () => new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.name = `frame${Math.random()}`;
      document.body.append(frame);
      const form = document.createElement("form");
      Object.assign(form, {action: url, method: "POST", target: frame.name, enctype: "text/plain"});
      const input = document.createElement("input");
      Object.assign(input, {name: body.slice(0, -1) + ', "x": "', value: '"}'});
      form.append(input);
      document.body.append(form);
      frame.onload = () => resolve("sent");
      form.submit();
      setTimeout(() => resolve("sent"), 2000);
    }));
  }
  return results;
})"""


@dataclass
class World:
    """A sandbox's two servers, the service in front of them, and an attacker's page."""

    settings: Settings
    service: Service
    evil: str

    def targets(self, host: str | None = None) -> list[tuple[str, str]]:
        """Return URLs that change something, with bodies that would; by default at the names that programs use."""
        service, datadog, google = (
            f"http://{host or 'localhost'}:{port}"
            for port in (self.service.url.rpartition(":")[2], self.settings.datadog_port, self.settings.google_port)
        )
        test = json.dumps({"name": "evil", "url": "http://localhost:1/", "method": "DELETE"})
        monitor = {
            "name": "evil",
            "type": "query alert",
            "query": "sum(last_5m):sum:x{*}.as_count() > 1",
            "message": "",
        }
        return [
            (f"{service}/datadog/synthetics/tests", test),
            (f"{service}/datadog/oncall/page?message=evil", json.dumps({"message": "evil"})),
            (f"{service}/v1/control/cache", json.dumps({"enabled": True})),
            (f"{service}/v1/chat", json.dumps({"message": "evil"})),
            (f"{datadog}/-/faults", json.dumps({"faults": [{"kind": "forbidden", "path": "/api"}]})),
            (f"{datadog}/api/v1/monitor?api_key={API_KEY}&application_key={APP_KEY}", json.dumps(monitor)),
            (f"{google}/-/gemini/failures", json.dumps({"mode": "down"})),
            (f"{google}/storage/v1/b?project=x", json.dumps({"name": "evil"})),
        ]

    def damage(self) -> dict[str, object]:
        """Return what the attacks have changed."""
        datadog, google = self.settings.datadog_url, self.settings.google_url
        tests = httpx.get(f"{datadog}/api/v1/synthetics/tests", headers=KEYS).json()["tests"]
        pages = httpx.get(f"{datadog}/api/v2/on-call/pages", headers=KEYS).json()["data"]
        changed = {
            "tests": tests,
            "pages": pages,
            "monitors": httpx.get(f"{datadog}/api/v1/monitor", headers=KEYS).json(),
            "faults": httpx.get(f"{datadog}/-/faults").json().get("faults"),
            "failures": httpx.get(f"{google}/-/gemini/failures").json()["failures"],
            "buckets": httpx.get(f"{google}/storage/v1/b", params={"project": "x"}).json().get("items"),
            "chats": self.service.lines("chat"),
        }
        return {name: value for name, value in changed.items() if value}


@contextmanager
def attacker() -> Iterator[str]:
    """Provide the URL of a server with an empty page."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><body>cats</body>")

    with serve(Handler) as url:
        yield url.replace("127.0.0.1", EVIL) + "/"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Provide the servers, started once."""
    with servers(tmp_path_factory.mktemp("world")) as (settings, service), attacker() as evil:
        yield World(settings, service, evil)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """Provide a browser in which the attacker's name has this machine's address, as after DNS rebinding."""
    with tab(tmp_path, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1") as browser:
        yield browser.page


def test_a_page_of_another_origin_changes_and_reads_nothing(world: World, page: Page) -> None:
    page.goto(world.evil)
    expect(page.locator("body")).to_have_text("cats")
    results = dict(page.evaluate(ATTACKS, world.targets()))
    assert len(results) > 8 * 10
    # What a page may send without asking is opaque to it; all else fails before it is sent, or is not readable.
    readable = {name: result for name, result in results.items() if not name.startswith(("image", "form"))}
    assert set(readable.values()) <= {"opaque", "opaque 0", "TypeError"}
    assert world.damage() == {}


def test_a_page_whose_name_was_bound_to_this_machine_changes_and_reads_nothing(world: World, page: Page) -> None:
    for url, body in world.targets(EVIL):
        page.goto(url)
        assert page.evaluate("location.origin") == "/".join(url.split("/")[:3])
        results = dict(page.evaluate(ATTACKS, [[url, body]]))
        statuses = {result for name, result in results.items() if name.startswith(("cors", "PUT", "DELETE"))}
        assert statuses <= {"basic 403", "basic 404", 403, 404, "TypeError"}, results
    assert world.damage() == {}


def test_the_own_page_and_programs_still_work(world: World, page: Page) -> None:
    page.goto(f"{world.service.url}/docs")
    expect(page.locator("details").first).to_be_attached()
    assert page.evaluate("fetch('/datadog/products').then(answer => answer.status)") == 200
    # The same requests of a program are served, and what they change is seen.
    for url, body in world.targets():
        content, headers = body.encode(), {"Content-Type": "application/json"}
        httpx.request("PUT" if "faults" in url else "POST", url, content=content, headers=headers, timeout=30)
    httpx.delete(f"{world.settings.datadog_url}/-/faults")
    assert {"tests", "monitors", "failures", "buckets", "chats"} <= world.damage().keys()
