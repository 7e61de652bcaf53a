"""What the service talks to, on ports of a test's own: Google (Gemini, storage, metadata), DogStatsD, a trace agent."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from firedrill.sandbox.google import cloud_run_image, gemini, metadata, storage
from firedrill.sandbox.google.buckets import Buckets
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError, answer
from firedrill.sandbox.google.metadata import Identity

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
BUCKET = "acme-dev-state"
TOKEN = "an-operators-token"
TRACE_CHECKS = ("meta_tracer_version_header", "trace_content_length", "trace_count_header", "trace_stall")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SERVICE, ENV, VERSION = "llm-api", "test", "abc123"


def eventually(found: Callable[[], Any], seconds: float = 15, what: str = "it") -> Any:
    """What ``found`` gives once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)


@contextmanager
def google(folder: Path, calls: list[dict[str, str]] | None = None) -> Iterator[str]:
    """URL of a Google with Gemini, an empty bucket and a metadata server; ``calls`` gets each request's headers."""
    database = Database(folder / "google.sqlite")
    buckets = Buckets(database)
    buckets.create(BUCKET, {})
    app = Starlette(
        routes=[*gemini.routes(), *storage.routes(buckets), *metadata.routes(Identity)],
        exception_handlers={GoogleError: answer},
    )

    async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
        if calls is not None and scope["type"] == "http":
            calls.append({**Headers(scope=scope), "path": scope["path"]})
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(recorded, port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started, what="Google's start")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        database.close()


@dataclass
class Metrics:
    """DogStatsD values as they arrived: name, type, value, tags."""

    socket: socket.socket
    values: list[tuple[str, str, float, frozenset[str]]] = field(default_factory=list)

    def receive(self) -> None:
        """Read until the socket is closed."""
        while True:
            try:
                packet = self.socket.recv(65536).decode()
            except OSError:
                return
            if not packet:
                return
            for line in packet.splitlines():
                head, kind, *rest = line.split("|")
                name, _, value = head.partition(":")
                tags = next((part[1:].split(",") for part in rest if part.startswith("#")), [])
                self.values.append((name, kind, float(value), frozenset(tags)))

    def of(self, name: str, *tags: str) -> list[float]:
        """The values of a metric with these tags."""
        return [value for metric, _, value, given in list(self.values) if metric == name and given >= set(tags)]


@contextmanager
def statsd() -> Iterator[Metrics]:
    """A DogStatsD server that keeps everything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        metrics = Metrics(listener)
        thread = threading.Thread(target=metrics.receive)
        thread.start()
        try:
            yield metrics
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ender:
                ender.sendto(b"", listener.getsockname())
            thread.join()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def trace_agent(folder: Path) -> Iterator[str]:
    """URL of Datadog's test agent."""
    port = free_port()
    environment = {**os.environ, "ENABLED_CHECKS": ",".join(TRACE_CHECKS)}
    with (folder / "agent.log").open("wb") as output:
        process = subprocess.Popen(
            [BIN / "ddapm-test-agent", f"--port={port}"], stdout=output, stderr=output, cwd=folder, env=environment
        )
    try:
        url = f"http://127.0.0.1:{port}/info"
        eventually(lambda: process.poll() is not None or _answers(url), 30, "the trace agent's start")
        assert process.poll() is None, (folder / "agent.log").read_text()[-2000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Service:
    """A running service."""

    url: str
    process: subprocess.Popen[bytes]
    output: Path

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """Its log so far: of one event, or all."""
        found = [json.loads(line) for line in self.output.read_text().splitlines() if line.startswith("{")]
        return [line for line in found if not event or line.get("event") == event]

    def stop(self) -> float:
        """SIGTERM; seconds until the end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began


def variables_of(folder: Path, google_url: str, agent: str = "", metrics: Metrics | None = None) -> dict[str, str]:
    """The environment that Cloud Run gives, from which all hosts are those of a test."""
    host = google_url.removeprefix("http://")
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        **cloud_run_image.read(ROOT).environment,
        "WEB_CONCURRENCY": "2",
        "DD_SERVICE": SERVICE,
        "DD_ENV": ENV,
        "DD_VERSION": VERSION,
        "DD_LOGS_INJECTION": "true",
        "DD_LLMOBS_ENABLED": "1" if agent else "0",
        "DD_TRACE_ENABLED": "true" if agent else "false",
        "DD_LLMOBS_ML_APP": SERVICE,
        "DD_LLMOBS_AGENTLESS_ENABLED": "false",
        "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED": "true",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "DD_TRACE_AGENT_URL": agent or "http://127.0.0.1:9",
        "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{metrics.socket.getsockname()[1] if metrics else 9}",
        "GOOGLE_CLOUD_PROJECT": "acme-dev",
        "GOOGLE_CLOUD_LOCATION": "global",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_VERTEX_BASE_URL": google_url,
        "STORAGE_EMULATOR_HOST": google_url,
        "GCE_METADATA_HOST": host,
        "GCE_METADATA_IP": host,
        "STATE_BUCKET": BUCKET,
        "K_SERVICE": SERVICE,
        "K_REVISION": f"{SERVICE}-00001-abc",
        "DD_GIT_COMMIT_SHA": COMMIT,
        "OPERATOR_TOKEN": TOKEN,
    }


@contextmanager
def service(
    folder: Path,
    google_url: str = "http://127.0.0.1:9",
    agent: str = "",
    metrics: Metrics | None = None,
    under: Sequence[str] = (),
    **variables: str,
) -> Iterator[Service]:
    """The service as its image starts it: the Dockerfile's CMD, with the environment that Cloud Run gives.

    ``under`` is a command that runs another one, which is given to it.
    """
    image = cloud_run_image.read(ROOT)
    port = free_port()
    environment = variables_of(folder, google_url, agent, metrics) | {"PORT": str(port)} | variables
    output = folder / "service.log"
    with output.open("wb") as stdout:
        process = subprocess.Popen([*under, *image.command], cwd=ROOT, env=environment, stdout=stdout, stderr=stdout)
    running = Service(f"http://127.0.0.1:{port}", process, output)
    try:
        eventually(lambda: process.poll() is not None or _answers(f"{running.url}/health"), 60, "the service's start")
        assert process.poll() is None, output.read_text()[-3000:]
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
