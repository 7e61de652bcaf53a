"""A sandbox's Datadog with a few objects and telemetry, evaluated at chosen minutes, and a browser on its console."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from firedrill import settings
from firedrill.sandbox.datadog import console as console_routes
from firedrill.sandbox.datadog.__main__ import BROWSER_INTAKE
from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.console.shell import PAGES
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket, routes
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.foreign_requests import ForeignRequests
from tests.browser import Tab, tab
from tests.integration.service.sandbox import eventually

Json = dict[str, Any]
KEYS = {"DD-API-KEY": settings.API_KEY, "DD-APPLICATION-KEY": settings.APP_KEY}


@dataclass
class Console:
    """The server's URL, a client with keys, and the live behaviour, which does not run by itself."""

    url: str
    api: httpx.Client
    live: Live
    database: Path

    def create(self, path: str, body: Json) -> Json:
        """Create an object and return the answer."""
        response = self.api.post(path, json=body)
        assert response.status_code < 300, response.text
        answer: Json = response.json()
        return answer

    def send_points(self, metric: str, values: list[tuple[float, float]], *tags: str, kind: int = 3) -> None:
        """Send points (epoch seconds, value) of a metric; the kind is that of the API, 1 for a count."""
        points = [{"timestamp": int(at), "value": value} for at, value in values]
        series = {"metric": metric, "type": kind, "interval": 60, "points": points, "tags": list(tags)}
        assert self.api.post("/api/v2/series", json={"series": [series]}).status_code == 202

    def evaluate(self, minutes: int) -> None:
        """Evaluate the last minutes, oldest first."""
        now = time.time() // 60 * 60
        for ago in range(minutes, -1, -1):
            self.live.evaluator.evaluate_minute(now - 60 * ago)


@contextmanager
def running_console(folder: Path) -> Iterator[Console]:
    """Provide an empty account, stored in a folder."""
    path = folder / "datadog.sqlite"
    directory = Directory(Store(path))
    directory.open(settings.API_KEY, utc_now())
    receiver = Receiver(path, settings.API_KEY, directory.objects, put=directory.put)
    statsd = StatsdSocket(receiver, 0)
    live = Live(directory, receiver, statsd)
    own = [*live.routes(), *routes(receiver, 0), *console_routes.routes(directory, receiver, live)]
    app = ForeignRequests(create_app(directory, own), BROWSER_INTAKE, ("", *PAGES))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        eventually(lambda: server.started, what="the server's start")
        with httpx.Client(base_url=f"http://localhost:{port}", headers=KEYS) as api:
            yield Console(f"http://localhost:{port}", api, live, path)
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Provide an empty account."""
    with running_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Provide a page of a new browser: starting one takes seconds."""
    with tab(tmp_path_factory.mktemp("browser"), viewport={"width": 1280, "height": 900}) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Tab) -> Iterator[Tab]:
    """Provide the module's page; a test fails for any error in its console."""
    yield chromium
    complaints = list(chromium.complaints)
    chromium.complaints.clear()
    assert complaints == []


def show(browser: Tab, console: Console, address: str) -> None:
    """Open an address of the console and wait until it is drawn."""
    browser.page.goto(console.url + address)
    browser.page.wait_for_selector("main .page :first-child")
    browser.page.wait_for_selector("main .loading", state="detached")
