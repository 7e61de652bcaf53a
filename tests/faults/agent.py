"""Datadog's agent is absent, slow, resetting, or answers 429 and 5xx: chats go on, and lost telemetry is counted."""

import socket
import statistics
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.conftest import free_ports
from tests.faults.row import Report, Row
from tests.integration.service import sandbox
from tests.integration.service.sandbox import Service

MODES = ("absent", "slow", "resetting", "429", "503")
SLOW_SECONDS = 5.0
"""Longer than the tracer waits, which is 2 s."""
GROWTH = 0.10
"""The most that memory may grow by, over all parts but the first."""


@dataclass
class Agent:
    """A trace agent and DogStatsD server that can fail."""

    port: int
    mode: str = "working"
    server: ThreadingHTTPServer | None = None
    statsd: socket.socket | None = None

    def switch(self, mode: str) -> None:
        """Switch to another mode. When absent, nothing listens on either port."""
        self.mode = mode
        if mode == "absent" and self.server and self.statsd:
            self.server.shutdown()
            self.server.server_close()
            self.statsd.close()
            self.server = self.statsd = None
        elif mode != "absent" and self.server is None:
            self._listen()

    def _listen(self) -> None:
        agent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if agent.mode == "resetting":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                if agent.mode == "slow":
                    time.sleep(SLOW_SECONDS)
                self.send_response_only(int(agent.mode) if agent.mode.isdecimal() else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PUT = _serve

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.statsd.bind(("127.0.0.1", self.port))


@contextmanager
def agent() -> Iterator[Agent]:
    """Provide an agent that works."""
    running = Agent(free_ports(1))  # a port that the system lends to nobody while the agent is absent
    running.switch("working")
    try:
        yield running
    finally:
        running.switch("absent")


@contextmanager
def _service(folder: Path, google: str, reports_to: Agent) -> Iterator[Service]:
    folder.mkdir()
    with sandbox.service(
        folder, google, f"http://127.0.0.1:{reports_to.port}", DD_DOGSTATSD_URL=f"udp://127.0.0.1:{reports_to.port}",
        CALLER_TOKENS_PER_HOUR="1e12", CALLER_DOLLARS_PER_HOUR="1e6",
    ) as running:  # fmt: skip
        yield running


def run(folder: Path, report: Report, quick: bool) -> None:
    """Chat in turns with two services: the agent of one works, that of the other fails."""
    pairs, volume = (20, 60) if quick else (400, 10_000)
    with (
        sandbox.google(folder) as google,
        agent() as working,
        agent() as broken,
        _services(folder, google, working, broken) as pair,
    ):
        control, failing = pair
        _chats(control, 40)
        _chats(failing, 40)
        statuses: Counter[int] = Counter()
        memory = []
        for mode in MODES:
            broken.switch(mode)
            times = _in_turns(control, failing, pairs, statuses)
            _check_latency(report, mode, *times)
            statuses += _chats(failing, volume // len(MODES) - pairs)
            memory.append(failing.memory())
        report.check("chats with a failing agent that succeeded", f"{statuses[200]} of {statuses.total()}",
                     set(statuses) == {200})  # fmt: skip
        # The first part's agent is absent: nothing waits for it. From the second on the bounded queues are full.
        growth = max(memory[1:]) / min(memory[1:]) - 1
        megabytes = ", ".join(f"{size / 1e6:.0f}" for size in memory)
        report.check(f"memory after each of {len(MODES)} parts of {statuses.total()} requests, MB, and between the "
                     "smallest and the largest once queues are full", f"{megabytes} ({growth:.1%})",
                     growth <= GROWTH)  # fmt: skip
        _wait_for_lost_traces(failing, statuses.total())
        began = time.monotonic()
        failing.stop()
        report.check("SIGTERM to the end with a failing agent, seconds", f"{time.monotonic() - began:.1f}",
                     time.monotonic() - began < 10)  # fmt: skip
        _check_lost_telemetry(report, failing, statuses.total())


def _least_lost(chats: int) -> int:
    """Return the traces that are lost at least: the tracer repeats for some seconds, so some reach the slow agent."""
    return chats * (len(MODES) - 1) // len(MODES) // 2


def _count_lost(failing: Service) -> Counter[str]:
    """Return how much the service's log says was lost, by kind of telemetry."""
    counts = Counter[str]()
    for line in failing.lines("telemetry_lost"):
        counts[line["what"]] += line["lost"]
    return counts


def _wait_for_lost_traces(failing: Service, chats: int) -> None:
    """Wait until the tracer gave enough up: what it still repeats when the process ends, it does not report."""
    deadline = time.monotonic() + 60
    while _count_lost(failing)["traces"] < _least_lost(chats) and time.monotonic() < deadline:
        _chats(failing, 1)  # a counted loss is logged with the next one
        time.sleep(0.5)


def _check_lost_telemetry(report: Report, failing: Service, chats: int) -> None:
    """Check what the service's log says about lost telemetry."""
    counts, lines = _count_lost(failing), failing.lines("telemetry_lost")
    report.check(f"traces lost, counted and logged (of {chats} chats)", counts["traces"],
                 counts["traces"] >= _least_lost(chats))  # fmt: skip
    report.check("LLM Observability spans and metrics lost", f"{counts['llm_spans']}, {counts['metrics']}",
                 bool(counts["llm_spans"] and counts["metrics"]))  # fmt: skip
    report.check("lines of log for it", len(lines), len(lines) <= 200)


@contextmanager
def _services(folder: Path, google: str, working: Agent, broken: Agent) -> Iterator[tuple[Service, Service]]:
    """Provide the control and the service whose agent fails."""
    with (
        _service(folder / "control", google, working) as control,
        _service(folder / "failing", google, broken) as failing,
    ):
        yield control, failing


def _chat(client: httpx.Client, service: Service) -> tuple[int, float]:
    began = time.perf_counter()
    answer = client.post(f"{service.url}/v1/chat", json={"message": "What is an error budget?"})
    return answer.status_code, time.perf_counter() - began


def _chats(service: Service, count: int) -> Counter[int]:
    """Return the statuses of many chats, eight at a time."""
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as pool:
        return Counter(status for status, _ in pool.map(lambda _: _chat(client, service), range(max(count, 0))))


def _in_turns(
    control: Service, failing: Service, pairs: int, statuses: Counter[int]
) -> tuple[list[float], list[float]]:
    """Return the seconds of chats with each, one after the other, so that the load of the machine meets both."""
    usual: list[float] = []
    slowed: list[float] = []
    with httpx.Client(timeout=60) as client:
        for _ in range(pairs):
            usual.append(_chat(client, control)[1])
            status, seconds = _chat(client, failing)
            slowed.append(seconds)
            statuses[status] += 1
    return usual, slowed


def _check_latency(report: Report, mode: str, usual: list[float], failing: list[float]) -> None:
    added = statistics.median(failing) - statistics.median(usual)
    tenths = statistics.quantiles(usual, n=10)
    spread = tenths[-1] - tenths[0]
    report.check(f"agent {mode}: median added, and the control's spread (10th to 90th percentile), ms",
                 f"{added * 1e3:+.1f}, {spread * 1e3:.1f}", added <= spread)  # fmt: skip


ROW = Row("agent", "agent absent, slow, resetting, answering 429 and 5xx", run)
