"""The service in this process: fixtures are named after roles, and every server it talks to is a local one.

``client`` sends no token, ``reader`` and ``operator`` send one of their role. ``create`` makes an application whose
environment differs from :data:`ENVIRONMENT`.
"""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from ddtrace._trace.processor import TraceProcessor
from ddtrace.trace import tracer
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.datadog.outbox import Outbox
from service.runtime import state
from service.settings import read_environment
from tests.unit.service import fakes
from tests.unit.service.fakes import FakeDatadog, RecordedMetrics
from tests.unit.service.google import Google, serve_google

OPERATOR, READER = "an-operators-token", "a-readers-token"
ENVIRONMENT = {
    "API_AUTH": "token", "OPERATOR_TOKEN": OPERATOR, "READER_TOKEN": READER, "DD_API_KEY": "an-api-key",
    "CONVERSATION_KEYS": "a-key", "DD_APP_KEY": "an-app-key", "DD_SERVICE": "llm-api", "DD_ENV": "test",
    "DD_VERSION": "1.2.3",
    "GOOGLE_CLOUD_PROJECT": "acme-dev", "EVALUATION_SHARE": "0", "CHAT_TIMEOUT_SECONDS": "5",
    "MAX_MESSAGE_CHARACTERS": "5000",
}  # fmt: skip
Create = Callable[..., Flask]


@pytest.fixture(autouse=True)
def tracing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let spans be made and sent nowhere, and none last beyond its test: few tests close their responses."""
    set_up = tracer.configure

    def configure(trace_processors: list[TraceProcessor]) -> None:
        enabled = tracer.enabled
        set_up(trace_processors=trace_processors)
        tracer.enabled = enabled  # the set-up of an application would turn it on

    monkeypatch.setattr(tracer, "enabled", False)
    monkeypatch.setattr(tracer, "configure", configure)
    tracer.context_provider.activate(None)
    yield
    tracer.context_provider.activate(None)


@pytest.fixture(scope="session")
def google_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """Provide the server of :func:`google`, started once."""
    with serve_google(tmp_path_factory.mktemp("google")) as google:
        yield google


@pytest.fixture
def google(google_server: Google, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """Provide a Google whose Gemini works, at the addresses that the environment names."""
    host = google_server.url.removeprefix("http://")
    for name in ("GOOGLE_VERTEX_BASE_URL", "STORAGE_EMULATOR_HOST"):
        monkeypatch.setenv(name, google_server.url)
    for name in ("GCE_METADATA_HOST", "GCE_METADATA_IP"):
        monkeypatch.setenv(name, host)
    yield google_server
    google_server.failures.clear()


@pytest.fixture
def bucket(google: Google) -> str:
    """Return the name of an empty bucket for the shared state."""
    name = f"state-{uuid4().hex}"
    google.buckets.create_bucket(name, {})
    return name


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    """Provide Datadog's API and agent."""
    with fakes.fake_datadog() as fake:
        yield fake


@pytest.fixture
def metrics() -> RecordedMetrics:
    """Return the DogStatsD client of the application."""
    return RecordedMetrics()


@pytest.fixture
def create(bucket: str, datadog: FakeDatadog, metrics: RecordedMetrics, monkeypatch: pytest.MonkeyPatch) -> Create:
    """Return a function that makes an application; keywords are environment variables."""
    # A change of the state waits until other processes have seen it: here are none. The outbox is swept by calls only.
    monkeypatch.setattr(state, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(state, "MARGIN_SECONDS", 0.0)
    monkeypatch.setattr(Outbox, "start", lambda _: None)

    def create(**variables: str) -> Flask:
        local = {"DD_API_URL": datadog.url, "DD_TRACE_AGENT_URL": datadog.url, "STATE_BUCKET": bucket}
        return create_app(read_environment(ENVIRONMENT | local | variables), metrics)

    return create


@pytest.fixture
def app(create: Create) -> Flask:
    """Return the application as in dev and prod: callers need a token."""
    return create()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a caller without a token."""
    return app.test_client()


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """Return a caller whose token has the role read."""
    return _with_token(app, READER)


@pytest.fixture
def operator(app: Flask) -> FlaskClient:
    """Return a caller whose token has the role operate."""
    return _with_token(app, OPERATOR)


def _with_token(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client
