"""One running service for all tests of this folder: its image's command, two workers, and the servers that it calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.integration.service import sandbox
from tests.integration.service.sandbox import Metrics, Service, eventually


@dataclass
class ServiceUnderTest:
    """The service and the servers that it calls."""

    service: Service
    google: str
    agent: str
    metrics: Metrics

    def chat(self, message: str = "What is an error budget?", **body: Any) -> httpx.Response:
        """Send a chat and return the response."""
        return httpx.post(f"{self.service.url}/v1/chat", json={"message": message, **body}, timeout=30)

    def control(self, path: str = "", body: object = None, token: str = sandbox.TOKEN) -> httpx.Response:
        """Send a request of an operator: GET without a body, else POST."""
        url, headers = f"{self.service.url}/v1/control{path}", {"Authorization": f"Bearer {token}"}
        if body is None:
            return httpx.get(url, headers=headers, timeout=30)
        return httpx.post(url, json=body, headers=headers, timeout=30)

    def gemini_fails(self, mode: str, **options: Any) -> None:
        """Let all models fail."""
        httpx.post(f"{self.google}/-/gemini/failures", json={"mode": mode, **options}).raise_for_status()

    def write_state(self, content: bytes) -> None:
        """Overwrite the shared state, as a person with the console might."""
        url = f"{self.google}/upload/storage/v1/b/{sandbox.BUCKET}/o"
        query = {"uploadType": "media", "name": "runtime.json"}
        httpx.post(url, params=query, content=content).raise_for_status()


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceUnderTest]:
    """Provide the service, started once, since that takes seconds."""
    folder = tmp_path_factory.mktemp("service")
    with (
        sandbox.google(folder) as google,
        sandbox.statsd() as metrics,
        sandbox.trace_agent(folder) as agent,
        sandbox.service(
            folder,
            google,
            agent,
            metrics,
            CHAT_TIMEOUT_SECONDS="2",
            BREAKER_SECONDS="1",
            MAX_MESSAGE_CHARACTERS="5000",
            API_AUTH="loopback",
        ) as service,
    ):
        under_test = ServiceUnderTest(service, google, agent, metrics)
        # The first chat of each worker makes its client, which takes longer than a chat may on a busy machine.
        eventually(lambda: all(under_test.chat().status_code == 200 for _ in range(6)), 60, "first chats")
        yield under_test


@pytest.fixture
def running(started: ServiceUnderTest) -> Iterator[ServiceUnderTest]:
    """Provide the service while Gemini works and the shared state is the default."""
    yield started
    httpx.delete(f"{started.google}/-/gemini/failures").raise_for_status()
    # A breaker may be open in either worker.
    eventually(lambda: all(started.chat().status_code == 200 for _ in range(6)), what="answers of both workers")
    # A change waits until all have seen it: a second that most tests need not pay.
    if started.control().json()["model"] != "gemini-3.8-flash":
        started.control("/model", {"model": "gemini-3.8-flash"}).raise_for_status()
