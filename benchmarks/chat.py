"""Benchmark of a chat: the service with all its telemetry beside a plain application, ``python -m benchmarks.chat``.

A third side is the plain application under ``ddtrace-run`` as it comes: what tracing costs without the service. All run
under gunicorn with one worker of eight threads, and take turns, so that the load of the machine meets all.
Gemini and the agent are another process. Ratios are of medians; processor seconds are those of the worker. Writes the
result to docs/benchmarks.md, between its markers. ``--memory N`` sends N more chats to the service and prints its
memory on the way.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.sdk_import import write
from firedrill.sandbox.google.cloud_run import image as cloud_run_image
from firedrill.sandbox.google.cloud_run.processes import free_port
from tests.integration.service.sandbox import BIN, ROOT, eventually

PLAIN = ["gunicorn", "-c", "benchmarks/plain_gunicorn.conf.py", "benchmarks.plain_chat:app"]
SIDES = {
    "plain": PLAIN,
    "traced": ["ddtrace-run", *PLAIN],
    "service": ["gunicorn", "-c", "service/gunicorn.conf.py", "service.wsgi:app"],
}
TURNS, COLD_STARTS = 9, 3
ONE, EIGHT = 100, 400
"""Chats in a turn, one and eight at a time."""
MESSAGE = {"message": "What is an error budget?"}


@dataclass
class Side:
    """A running server and what was measured of it."""

    url: str
    process: "subprocess.Popen[bytes]"
    seconds: list[float] = field(default_factory=list)
    """Of each chat, one at a time."""
    rates: list[float] = field(default_factory=list)
    """Chats a second, eight at a time, of each turn."""
    processor: list[float] = field(default_factory=list)
    """Processor seconds of the worker for a chat, of each turn."""

    def worker(self) -> psutil.Process:
        """Return the worker."""
        [worker] = psutil.Process(self.process.pid).children()
        return worker

    def processor_seconds(self) -> float:
        """Return the processor seconds of the worker so far."""
        times = self.worker().cpu_times()
        return float(times.user + times.system)


@contextmanager
def surroundings(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Provide Google and the agent; the process prints its addresses first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.chat_surroundings", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def ask(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return what arrived at the surroundings since the last question."""
    assert process.stdin and process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def environment(folder: Path, addresses: dict[str, Any]) -> dict[str, str]:
    """Return the environment of both sides: that of production, with the surroundings as hosts."""
    google = addresses["google"]
    host = google.removeprefix("http://")
    return os.environ | cloud_run_image.read_image(ROOT).environment | {
        "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "WEB_CONCURRENCY": "1", "PYTHONUNBUFFERED": "1",
        "DD_SERVICE": "llm-api", "DD_ENV": "bench", "DD_VERSION": "1", "DD_LOGS_INJECTION": "true",
        "DD_LLMOBS_ENABLED": "1", "DD_LLMOBS_ML_APP": "llm-api", "DD_LLMOBS_AGENTLESS_ENABLED": "false",
        "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED": "true", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false", "DD_HTTP_SERVER_TAG_QUERY_STRING": "false",
        "DD_TRACE_AGENT_URL": addresses["agent"], "DD_DOGSTATSD_URL": f"udp://127.0.0.1:{addresses['statsd']}",
        "GOOGLE_CLOUD_PROJECT": "acme-dev", "GOOGLE_CLOUD_LOCATION": "global", "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_VERTEX_BASE_URL": google, "STORAGE_EMULATOR_HOST": google, "GCE_METADATA_HOST": host,
        "GCE_METADATA_IP": host, "STATE_BUCKET": "acme-dev-state", "K_SERVICE": "llm-api", "K_REVISION": "llm-api-1",
        "DD_API_KEY": "a" * 32, "DD_APP_KEY": "b" * 40, "DD_API_URL": addresses["agent"], "API_AUTH": "loopback",
        "CALLER_TOKENS_PER_HOUR": "1e12", "CALLER_DOLLARS_PER_HOUR": "1e6",
    }  # fmt: skip


def start(name: str, folder: Path, variables: dict[str, str]) -> tuple[Side, float]:
    """Start a side; return it and the seconds until its first answer."""
    port = free_port()
    own = {"PORT": str(port)} | ({"DD_TRACE_FLASK_ENABLED": "true"} if name == "traced" else {})
    with (folder / f"{name}.log").open("ab") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            [BIN / SIDES[name][0], *SIDES[name][1:]], cwd=ROOT, env=variables | own, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: process.poll() is not None or _answers(url), 120, f"the start of {name}")
    if process.poll() is not None:
        raise SystemExit(f"{name} did not start:\n{(folder / f'{name}.log').read_text()[-3000:]}")
    return Side(url, process), time.monotonic() - began


def stop(side: Side) -> None:
    """End a side."""
    side.process.terminate()
    side.process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def turn(side: Side) -> None:
    """Send a turn's chats to a side and keep what they took."""
    with httpx.Client(timeout=60) as client:
        before = side.processor_seconds()
        side.seconds += [_chat(client, side) for _ in range(ONE)]
        with ThreadPoolExecutor(8) as pool:
            began = time.perf_counter()
            list(pool.map(lambda _: _chat(client, side), range(EIGHT)))
            side.rates.append(EIGHT / (time.perf_counter() - began))
        side.processor.append((side.processor_seconds() - before) / (ONE + EIGHT))


def _chat(client: httpx.Client, side: Side) -> float:
    began = time.perf_counter()
    client.post(f"{side.url}/v1/chat", json=MESSAGE).raise_for_status()
    return time.perf_counter() - began


def cold_starts(folder: Path, variables: dict[str, str]) -> dict[str, float]:
    """Return the median seconds of each side from its start to its first answer."""
    seconds: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(COLD_STARTS):
        for name, times in seconds.items():
            side, took = start(name, folder, variables)
            times.append(took)
            stop(side)
    return {name: statistics.median(times) for name, times in seconds.items()}


def memory(side: Side, chats: int) -> list[tuple[int, float]]:
    """Return the worker's megabytes after each tenth of so many chats."""
    sizes = []
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as pool:
        for tenth in range(1, 11):
            list(pool.map(lambda _: _chat(client, side), range(chats // 10)))
            sizes.append((tenth * chats // 10, side.worker().memory_info().rss / 1e6))
    return sizes


def table(sides: dict[str, Side], starts: dict[str, float], spans: float) -> str:
    """Return the result in Markdown."""
    p50 = [statistics.median(sides[name].seconds) * 1e3 for name in SIDES]
    rate = [statistics.median(sides[name].rates) for name in SIDES]
    processor = [statistics.median(sides[name].processor) * 1e3 for name in SIDES]
    cold = [starts[name] for name in SIDES]
    cores = f"{psutil.cpu_count()} cores with a load of {psutil.getloadavg()[0]:.0f}"
    return "\n".join([
        f"Medians of {TURNS} turns each (Python {platform.python_version()}, {platform.machine()}, {cores}). *Traced* "
        "is the plain application under ddtrace-run as it comes; in brackets, the ratio to *plain*. The service sends "
        f"{spans:.1f} spans for a chat.\n",
        "| | plain | traced | service |", "|---|---|---|---|",
        _row("p50, one at a time", p50, "{:.1f} ms"),
        _row("chats a second, eight at a time", rate, "{:.0f}"),
        _row("processor for a chat", processor, "{:.1f} ms"),
        f"| start to the first answer | {cold[0]:.2f} s | {cold[1]:.2f} s (+{cold[1] - cold[0]:.2f} s) "
        f"| {cold[2]:.2f} s (+{cold[2] - cold[0]:.2f} s) |",
    ])  # fmt: skip


def _row(name: str, values: list[float], form: str) -> str:
    plain, *others = values
    return " | ".join([
        f"| {name}", form.format(plain), *(f"{form.format(value)} (**{value / plain:.2f}**)" for value in others)
    ]) + " |"  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat", description=__doc__)
    parser.add_argument("--memory", type=int, default=0, metavar="N", help="chats over which memory is watched")
    parser.add_argument("--turns", type=int, default=TURNS, help="with another number than by default, writes nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chat-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with surroundings(folder) as around:
            assert around.stdout
            variables = environment(folder, json.loads(around.stdout.readline()))
            sides = {name: start(name, folder, variables)[0] for name in SIDES}
            for side in sides.values():
                turn(side)
                side.seconds, side.rates, side.processor = [], [], []
            time.sleep(2)  # what the tracer holds is sent each second
            ask(around)
            for _ in range(arguments.turns):
                for side in sides.values():
                    turn(side)
            time.sleep(2)
            arrived = ask(around)
            spans = arrived.get("chat spans", 0) / max(1, arrived.get("chat traces", 0))
            print(f"arrived of {arguments.turns * (ONE + EIGHT)} chats: {arrived}")
            sizes = memory(sides["service"], arguments.memory) if arguments.memory else []
            for side in sides.values():
                stop(side)
            starts = cold_starts(folder, variables)
    result = table(sides, starts, spans)
    if sizes:
        listed = ", ".join(f"{size:.0f} MB after {count:,} chats" for count, size in sizes)
        result += f"\n\nMemory of the worker: {listed}."
    print(result)
    if arguments.turns == TURNS:
        write("chat", result)


if __name__ == "__main__":
    main()
