"""Datadog's agent is absent, slow, resetting, or answers 429 and 5xx: chats go on, and the loss is counted."""

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
import psutil

from tests.conftest import free_ports
from tests.faults.row import Report, Row
from tests.service import sandbox
from tests.service.sandbox import Service

MODES = ("absent", "slow", "resetting", "429", "503")
SLOW_SECONDS = 5.0
"""Longer than the tracer waits (2 s)."""
GROWTH = 0.10
"""Of memory, over all requests but the first part's."""


@dataclass
class Agent:
    """A trace agent and DogStatsD server that can fail."""

    port: int
    mode: str = "well"
    server: ThreadingHTTPServer | None = None
    statsd: socket.socket | None = None

    def become(self, mode: str) -> None:
        """Fail in another way from now on. Absent: nothing listens on either port."""
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
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.statsd.bind(("127.0.0.1", self.port))


@contextmanager
def agent() -> Iterator[Agent]:
    """An agent that is well."""
    made = Agent(free_ports(1))  # not lent to anybody while it is absent
    made.become("well")
    try:
        yield made
    finally:
        made.become("absent")


@contextmanager
def _service(folder: Path, google: str, reports_to: Agent) -> Iterator[Service]:
    folder.mkdir()
    with sandbox.service(
        folder, google, f"http://127.0.0.1:{reports_to.port}", DD_DOGSTATSD_URL=f"udp://127.0.0.1:{reports_to.port}",
        CALLER_TOKENS_PER_HOUR="1e12", CALLER_DOLLARS_PER_HOUR="1e6",
    ) as running:  # fmt: skip
        yield running


def run(folder: Path, report: Report, quick: bool) -> None:
    """Two services, one whose agent is well and one whose agent fails, asked in turns."""
    pairs, volume = (20, 60) if quick else (400, 10_000)
    with sandbox.google(folder) as google, agent() as well, agent() as ill, _services(folder, google, well, ill) as two:
        control, failing = two
        _chats(control, 40)
        _chats(failing, 40)
        statuses: Counter[int] = Counter()
        memory = []
        for mode in MODES:
            ill.become(mode)
            times = _in_turns(control, failing, pairs, statuses)
            _judge(report, mode, *times)
            statuses += _chats(failing, volume // len(MODES) - pairs)
            memory.append(_memory(failing))
        report.check("chats with a failing agent that succeeded", f"{statuses[200]} of {statuses.total()}",
                     set(statuses) == {200})  # fmt: skip
        # The first part's agent is absent: nothing waits for it. From the second on the bounded queues are full.
        growth = max(memory[1:]) / min(memory[1:]) - 1
        megabytes = ", ".join(f"{one / 1e6:.0f}" for one in memory)
        report.check(f"memory after each of {len(MODES)} parts of {statuses.total()} requests, MB, and between the "
                     "smallest and the largest once queues are full", f"{megabytes} ({growth:.1%})",
                     growth <= GROWTH)  # fmt: skip
        began = time.monotonic()
        failing.stop()
        report.check("SIGTERM to the end with a failing agent, seconds", f"{time.monotonic() - began:.1f}",
                     time.monotonic() - began < 10)  # fmt: skip
        _losses(report, failing, statuses.total())


def _losses(report: Report, failing: Service, chats: int) -> None:
    """What the service's own log says about what it lost."""
    lines = failing.lines("telemetry_lost")
    lost = Counter[str]()
    for line in lines:
        lost[line["what"]] += line["lost"]
    # The tracer repeats what failed for some seconds, so some of it reaches the agent in its slow part.
    least = chats * (len(MODES) - 1) // len(MODES) // 2
    report.check(f"traces lost, counted and logged (of {chats} chats)", lost["traces"], lost["traces"] >= least)
    report.check("LLM Observability spans and metrics lost", f"{lost['llm_spans']}, {lost['metrics']}",
                 bool(lost["llm_spans"] and lost["metrics"]))  # fmt: skip
    report.check("lines of log for it", len(lines), len(lines) <= 200)


@contextmanager
def _services(folder: Path, google: str, well: Agent, ill: Agent) -> Iterator[tuple[Service, Service]]:
    """Both services."""
    with _service(folder / "control", google, well) as control, _service(folder / "failing", google, ill) as failing:
        yield control, failing


def _chat(client: httpx.Client, service: Service) -> tuple[int, float]:
    began = time.perf_counter()
    answer = client.post(f"{service.url}/v1/chat", json={"message": "What is an error budget?"})
    return answer.status_code, time.perf_counter() - began


def _chats(service: Service, count: int) -> Counter[int]:
    """Statuses of many chats, eight at a time."""
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as pool:
        return Counter(status for status, _ in pool.map(lambda _: _chat(client, service), range(max(count, 0))))


def _in_turns(
    control: Service, failing: Service, pairs: int, statuses: Counter[int]
) -> tuple[list[float], list[float]]:
    """Seconds of chats with each, one after the other, so that both meet the same machine."""
    usual: list[float] = []
    ill: list[float] = []
    with httpx.Client(timeout=60) as client:
        for _ in range(pairs):
            usual.append(_chat(client, control)[1])
            status, seconds = _chat(client, failing)
            ill.append(seconds)
            statuses[status] += 1
    return usual, ill


def _judge(report: Report, mode: str, usual: list[float], ill: list[float]) -> None:
    added = statistics.median(ill) - statistics.median(usual)
    tenths = statistics.quantiles(usual, n=10)
    spread = tenths[-1] - tenths[0]
    report.check(f"agent {mode}: median added, and the control's spread (10th to 90th percentile), ms",
                 f"{added * 1e3:+.1f}, {spread * 1e3:.1f}", added <= spread)  # fmt: skip


def _memory(service: Service) -> int:
    """Bytes of all its processes."""
    master = psutil.Process(service.process.pid)
    return sum(one.memory_info().rss for one in [master, *master.children(recursive=True)])


ROW = Row("agent", "agent absent, slow, resetting, answering 429 and 5xx", run)
