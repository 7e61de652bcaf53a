"""The service as a process, and the servers that it calls: Google, DogStatsD, a trace agent."""

import base64
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
import psutil

from firedrill.sandbox.google.cloud_run import image as cloud_run_image
from firedrill.sandbox.google.cloud_run.processes import free_port
from tests.unit.service.google import serve_google

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
BUCKET = "acme-dev-state"
TOKEN = "an-operators-token"
TRACE_CHECKS = ("meta_tracer_version_header", "trace_content_length", "trace_count_header", "trace_stall")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SERVICE, ENV, VERSION = "llm-api", "test", "abc123"


def eventually(probe: Callable[[], Any], seconds: float = 15, what: str = "it") -> Any:
    """Return the value of a probe as soon as it is true; ``what`` names it in the failure."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)


@contextmanager
def google(folder: Path, calls: list[dict[str, str]] | None = None) -> Iterator[str]:
    """Provide the URL of a Google with an empty bucket; ``calls`` gets the path and the headers of each request."""
    with serve_google(folder, calls) as server:
        server.buckets.create_bucket(BUCKET, {})
        yield server.url


@dataclass
class Metrics:
    """The DogStatsD values that arrived: name, type, value, tags."""

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

    def values_of(self, name: str, *tags: str) -> list[float]:
        """Return the values of a metric with these tags."""
        return [value for metric, _, value, has in list(self.values) if metric == name and has >= set(tags)]


@contextmanager
def statsd() -> Iterator[Metrics]:
    """Provide a DogStatsD server that keeps everything."""
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


@contextmanager
def trace_agent(folder: Path) -> Iterator[str]:
    """Provide the URL of Datadog's test agent."""
    port = free_port()
    environment = {**os.environ, "ENABLED_CHECKS": ",".join(TRACE_CHECKS)}
    with (folder / "agent.log").open("wb") as output:
        process = subprocess.Popen(
            [BIN / "ddapm-test-agent", f"--port={port}"], stdout=output, stderr=output, cwd=folder, env=environment
        )
    try:
        url = f"http://127.0.0.1:{port}/info"
        eventually(lambda: process.poll() is not None or answers(url), 30, "the trace agent's start")
        assert process.poll() is None, (folder / "agent.log").read_text()[-2000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def agent_bodies(agent: str) -> bytes:
    """Return the bodies of all requests that the test agent at a URL has received."""
    requests = httpx.get(f"{agent}/test/session/requests", timeout=60).json()
    return b"".join(base64.b64decode(request["body"]) for request in requests)


@dataclass
class Service:
    """A running service."""

    url: str
    process: subprocess.Popen[bytes]
    output: Path

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """Return the log lines so far, of one event or all."""
        whole = self.output.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if not event or line.get("event") == event]

    def memory(self) -> int:
        """Return the resident bytes of all its processes."""
        master = psutil.Process(self.process.pid)
        return sum(child.memory_info().rss for child in [master, *master.children(recursive=True)])

    def stop(self) -> float:
        """Send SIGTERM, and return the seconds until the process has ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began


def variables_of(folder: Path, google_url: str, agent: str = "", metrics: Metrics | None = None) -> dict[str, str]:
    """Return the environment that Cloud Run sets, with the servers of a test as hosts."""
    host = google_url.removeprefix("http://")
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        **cloud_run_image.read_image(ROOT).environment,
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
        "CONVERSATION_KEYS": "a-key",
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
    """Provide the service as its image starts it: the Dockerfile's CMD, with the environment that Cloud Run sets.

    ``under`` is a command that runs the service's, which is appended to it.
    """
    image = cloud_run_image.read_image(ROOT)
    port = free_port()
    environment = variables_of(folder, google_url, agent, metrics) | {"PORT": str(port)} | variables
    output = folder / "service.log"
    with output.open("wb") as stdout:
        process = subprocess.Popen([*under, *image.command], cwd=ROOT, env=environment, stdout=stdout, stderr=stdout)
    running = Service(f"http://127.0.0.1:{port}", process, output)
    try:
        eventually(lambda: process.poll() is not None or answers(f"{running.url}/health"), 60, "the service's start")
        assert process.poll() is None, output.read_text()[-3000:]
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def answers(url: str) -> bool:
    """Return whether a URL answers with 200."""
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
