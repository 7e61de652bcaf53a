"""Benchmark of the sandbox's telemetry store: ``python -m benchmarks.telemetry_store``.

Arguments: ``--events N``, ``--keep FOLDER``, ``--nice N``.

Fills a store with N spans and N log lines of three days (5 million each) and with 30 days of 50 series groups: the
newest events pass the intake, older ones are copies of a segment with other times (:mod:`.telemetry_copies`). Then
measures searches of the newest hour, pages, the intake of a running server (counted where it is sent and in the store,
while monitors are evaluated), memory and the idle processor time. Writes the result to docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgpack  # type: ignore[import-untyped]  # ships no types
import numpy as np
import psutil

from benchmarks.sdk_import import write
from benchmarks.telemetry_copies import copy_segments
from firedrill import settings as sandbox
from firedrill.evaluate.telemetry import Event, Series
from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.intake.event_search import SearchRequest, search_events
from firedrill.sandbox.datadog.telemetry.database import SUFFIX, Limits
from firedrill.sandbox.datadog.telemetry.event_segments import MAX_EVENTS
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

DAYS = 3
BATCH = 5000
FRESH = 300_000
"""Newest events of a track, which pass the intake: more than those of the hour that is searched."""
GROUPS = 50
SERIES_DAYS = 30
TURNS = 5
INTAKE_SECONDS, DRAIN_SECONDS = 30, 60
IDLE_SECONDS = 60
DATAGRAMS, SPANS = 20_000, 2_000
"""Sent a second."""
RUN = os.getpid()
"""A tag of what is sent, so that nothing else is counted."""
SENDERS = 8
"""Senders of spans, as a service's instances are."""
KEYS = {"DD-API-KEY": sandbox.API_KEY, "DD-APPLICATION-KEY": sandbox.APP_KEY}
MODELS = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.0-flash", "text-embedding-005")
WORDS = (
    "chat", "completed", "refused", "upstream", "budget", "cache", "retry", "stream", "token", "model", "region",
    "user", "answer",
)  # fmt: skip

SEARCHES = {
    "spans": {
        "everything": "*",
        "a usual facet": "service:llm-api status:error",
        "an excluded facet": "-status:ok -service:llm-api",
        "a long duration": "@duration:>4900ms",
        "a status code's range": "@http.status_code:[500 TO 599] -service:llm-api",
        "the id of a trace": "trace_id:{trace}",
        "an attribute": "@usr.id:user-77777",
        "a tag and an attribute": "env:prod @model:gemini-2.5-pro @usr.id:user-4242",
        "beginning of a value": "@usr.id:user-7777*",
        "nothing": "@usr.id:nobody",
        "an excluded attribute": "-@model:(gemini* OR text*)",
        "an excluded beginning, of 100,000 values": "-@usr.id:user*",
        "a part of a value": "@usr.id:*zzz*",
        "any of numbers": "@duration:<5 OR @start_ns:<5 OR @http.status_code:>599",
        "fifty values": "@usr.id:(" + " OR ".join(f"nobody-{number}" for number in range(50)) + ")",
        "a network": "CIDR(@usr.id, 10.0.0.0/8)",
        "any value": "*:zebra",
        "an excluded word of any value": "-*:user",
    },
    "logs": {
        "words": "chat refused",
        "a rare word": "zebra",
        "a phrase": '"budget zebra"',
        "errors of a route": "status:error @route:/v1/chat",
        "any text": "*:zebra",
        "an excluded tag": "-env:prod",
        "excluded words": "-" + " -".join(WORDS),
        "a part of the message": "message:*zzz*",
        "a phrase of usual words": '"token token token token token"',
        "a number": "@tokens:4242",
        "nothing": "nowhere",
    },
}  # fmt: skip


def span(at: float, number: int, chance: random.Random) -> Event:
    """Return a span as the intake makes it of ddtrace's."""
    model, failed = MODELS[number % 4], chance.random() < 0.005
    service = ("llm-api", "llm-api", "llm-web", "llm-jobs")[chance.randrange(4)]
    duration = int(chance.expovariate(1 / 0.4) * 1e9)
    tags = {"env": "prod", "version": "1.4.2", "service": service, "resource_name": "POST /v1/chat",
            "operation_name": "flask.request", "span.kind": "server", "type": "web"}  # fmt: skip
    return Event(at, "spans", {
        "service": service, "status": "error" if failed else "ok", "resource_name": "POST /v1/chat",
        "operation_name": "flask.request", "type": "web", "env": "prod", "version": "1.4.2",
        "trace_id": f"{chance.getrandbits(128):032x}", "span_id": str(chance.getrandbits(63)), "parent_id": "0",
        "timestamp": int(at * 1000), "start_ns": int(at * 1e9), "entry": True,
        "tags": [f"{key}:{value}" for key, value in tags.items()],
        "attributes": {
            "http": {"status_code": "500" if failed else "200", "method": "POST", "url": "http://llm/v1/chat"},
            "usr": {"id": f"user-{chance.randrange(100_000)}"}, "model": model, "duration": duration,
        },
    })  # fmt: skip


def line(at: float, number: int, chance: random.Random) -> Event:
    """Return a log line after its pipeline; one in 100,000 has the rare word."""
    text = " ".join(chance.choices(WORDS, k=8)) + (" budget zebra" if number % 100_000 == 50_000 else "")
    status = "error" if chance.random() < 0.01 else "info"
    return Event(at, "logs", {
        "message": text, "service": "llm-api", "host": "run-1", "source": "python", "status": status,
        "timestamp": int(at * 1000), "tags": ["env:prod", "version:1.4.2", "service:llm-api"],
        "attributes": {"event": "chat", "model": MODELS[number % 4], "tokens": chance.randrange(8000),
                       "route": "/v1/chat" if number % 3 else "/v1/feedback", "cached": number % 7 == 0},
    })  # fmt: skip


def fill(store: TelemetryStore, events: int, now: float) -> float:
    """Fill a store and return the seconds that it took."""
    began, chance = time.perf_counter(), random.Random(14)
    step = DAYS * 86400 / events
    copied = max(0, (events - FRESH) // MAX_EVENTS)

    def append(start: int, end: int) -> None:
        for low in range(start, end, BATCH):
            numbers = range(low, min(low + BATCH, end))
            for make in (span, line):
                store.append_events([make(now - (events - number) * step, number, chance) for number in numbers])

    if copied:
        append(0, MAX_EVENTS)
        copy_segments(store.path, [number * MAX_EVENTS * step for number in range(1, copied)])
    append(copied * MAX_EVENTS, events)
    times = np.arange(now - SERIES_DAYS * 86400, now, 10.0)
    for group in range(GROUPS):
        values = np.random.default_rng(group).random(times.size)
        store.append_series([Series("llm.chat.requests", "count", frozenset({f"group:{group}"}), times, values)])
    return time.perf_counter() - began


def searches(store: TelemetryStore, now: float, limit: int) -> Iterator[tuple[str, str, float, float, int]]:
    """Yield track, name, seconds, processor seconds (medians) and events of each search of the newest hour."""
    sample = next(islice(store.events("spans", now - 1800, now - 1790), 1))
    for track, queries in SEARCHES.items():
        for name, query in queries.items():
            text = query.format(trace=sample.attributes["trace_id"])
            parse_search(text)
            seconds, used, found = [], [], 0
            for _ in range(TURNS):
                began, began_processor = time.perf_counter(), time.thread_time()
                page = search_events(store, track, SearchRequest(text, now - 3600, now, False, limit, None))
                seconds.append(time.perf_counter() - began)
                used.append(time.thread_time() - began_processor)
                found = len(page.events)
            yield track, name, statistics.median(seconds), statistics.median(used), found


def measure_search(account: Path, now: float) -> None:
    """Print searches and the memory of this process as JSON: the part of the benchmark that runs by itself."""
    store = TelemetryStore(account, sandbox.API_KEY)
    page = list(searches(store, now, 50))
    began = time.perf_counter()
    threads = [threading.Thread(target=lambda: list(searches(store, now, 50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parallel = (time.perf_counter() - began) / (4 * TURNS * len(page))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"searches": page, "parallel": parallel, "memory": memory}))


def send_datagrams(port: int, seconds: float, sent: list[int]) -> None:
    """Send datagrams of one count at the rate of :data:`DATAGRAMS`."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", port))
    datagram = f"llm.chat.requests:1|c|#env:prod,model:gemini-2.5-flash,run:{RUN}".encode()
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        while sent[0] < elapsed * DATAGRAMS:
            sender.send(datagram)
            sent[0] += 1
        time.sleep(0.001)


def send_spans(url: str, seconds: float, sent: list[int], place: int) -> None:
    """Post traces of 100 spans at this sender's part of the rate of :data:`SPANS`."""
    began = time.perf_counter()
    with httpx.Client(base_url=url, timeout=60) as client:
        while (elapsed := time.perf_counter() - began) < seconds:
            if sent[place] >= elapsed * SPANS / SENDERS:
                time.sleep(0.001)
                continue
            start = time.time_ns()
            trace = [{
                "service": "llm-api", "name": "flask.request", "resource": "POST /v1/chat", "type": "web",
                "trace_id": random.getrandbits(63), "span_id": random.getrandbits(63), "parent_id": 0, "start": start,
                "duration": 400_000_000, "error": 0, "meta": {"env": "prod", "version": "1.4.2", "usr.id": "user-1",
                "http.status_code": "200", "benchmark": "intake"}, "metrics": {"_dd.measured": 1},
            } for _ in range(100)]  # fmt: skip
            client.put("/v0.4/traces", content=msgpack.packb([trace])).raise_for_status()
            sent[place] += len(trace)


def monitors() -> list[dict[str, Any]]:
    """Return monitors on the telemetry that the benchmark sends."""
    return [
        {"name": f"benchmark {number}", "type": kind, "query": query, "message": "", "options": {}}
        for number, (kind, query) in enumerate([
            ("query alert", "sum(last_5m):sum:llm.chat.requests{env:prod} by {model}.as_count() > 100000000"),
            ("query alert", "avg(last_1h):avg:llm.chat.requests{*} by {group} > 1000"),
            ("log alert", 'logs("status:error").index("*").rollup("count").by("service").last("5m") > 100000'),
            ("trace-analytics alert", 'trace-analytics("status:error").rollup("count").last("5m") > 100000'),
        ])
    ]  # fmt: skip


def measure_intake(home: Path, core: int) -> dict[str, float]:
    """Run a server on one core over the filled store; send, evaluate and search; count at both ends."""
    port = 18_600
    environment = {**os.environ, "FIREDRILL_HOME": str(home), "FIREDRILL_PORT": str(port - 1)}
    command = [sys.executable, "-m", "firedrill.sandbox.datadog"]
    with (home / "server.log").open("w") as log:
        # Its processes and threads inherit the core.
        command = ["taskset", "--cpu-list", str(core), *command]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {core} or {core})
        url, process = f"http://127.0.0.1:{port}", psutil.Process(server.pid)
        with httpx.Client(base_url=url, headers=KEYS, timeout=60) as client:
            _wait(client)
            idle = _cpu_share(process, IDLE_SECONDS)
            for monitor in monitors():
                client.post("/api/v1/monitor", json=monitor).raise_for_status()
            result = {"idle": idle, **_send_and_count(client, process, port)}
        result["memory"] = float(_peak(server.pid))
        return result
    finally:
        server.terminate()
        server.wait(30)


def _send_and_count(client: httpx.Client, process: psutil.Process, port: int) -> dict[str, float]:
    before = client.get("/-/status").json()
    datagrams, spans = [0], [0] * SENDERS
    senders = [threading.Thread(target=send_datagrams, args=(port + 1, INTAKE_SECONDS, datagrams))]
    senders += [
        threading.Thread(target=send_spans, args=(str(client.base_url), INTAKE_SECONDS, spans, place))
        for place in range(SENDERS)
    ]
    # The evaluation of a minute starts two seconds after it: the middle of the sending.
    time.sleep((50 - time.time()) % 60)
    used = _cpu_seconds(process)
    for sender in senders:
        sender.start()
    searched = []
    while any(sender.is_alive() for sender in senders):
        began = time.perf_counter()
        query = {"filter": {"query": "@usr.id:user-4242", "from": "now-1h"}, "page": {"limit": 50}}
        body = {"data": {"type": "search_request", "attributes": query}}
        client.post("/api/v2/spans/events/search", json=body).raise_for_status()
        searched.append(time.perf_counter() - began)
        time.sleep(1)
    for sender in senders:
        sender.join()
    spent = _cpu_seconds(process) - used
    received = _received(client, before, datagrams[0])
    time.sleep(13)  # until the last interval is flushed
    after = client.get("/-/status").json()
    answer = client.get("/api/v1/query", params={
        "from": int(time.time()) - 300, "to": int(time.time()),
        "query": f"sum:llm.chat.requests{{run:{RUN}}}.as_count()",
    }).json()  # fmt: skip
    counted = sum(value or 0 for series in answer["series"] for _, value in series["pointlist"])
    return {
        "datagrams sent": datagrams[0], "datagrams received": received["statsd.packets"],
        "datagrams lost": received["statsd.packets_lost"], "datagrams in points": counted,
        "spans sent": sum(spans), "spans received": received["traces.spans"],
        "spans stored": after["events"].get("spans", 0) - before["events"].get("spans", 0),
        "share of the core": spent / INTAKE_SECONDS, "slowest search": max(searched),
        "evaluated": float((after["evaluated"] or 0) > (before["evaluated"] or 0)),
    }  # fmt: skip


def _received(client: httpx.Client, before: dict[str, Any], datagrams: int) -> dict[str, int]:
    """Return what the server has counted, once it has counted all datagrams or for as long as it lags."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        counts = client.get("/-/status").json()["intake"]
        received = {name: counts.get(name, 0) - before["intake"].get(name, 0)
                    for name in ("statsd.packets", "statsd.packets_lost", "traces.spans")}  # fmt: skip
        if received["statsd.packets"] + received["statsd.packets_lost"] >= datagrams or time.monotonic() > deadline:
            return received
        time.sleep(0.5)


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client.get("/-/status").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _cpu_share(process: psutil.Process, seconds: float) -> float:
    used = _cpu_seconds(process)
    time.sleep(seconds)
    return (_cpu_seconds(process) - used) / seconds


def _cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time of a server and of the process that reads its datagrams."""
    return float(sum(sum(each.cpu_times()[:2]) for each in (process, *process.children())))


def _peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(entry.split()[1]) * 1024 for entry in status.splitlines() if entry.startswith("VmHWM"))


def table(filled: dict[str, Any], found: dict[str, Any], intake: dict[str, float]) -> str:
    """Return the result in Markdown."""
    machine = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"
    priority = f", niceness {filled['nice']}" if filled["nice"] else ""
    head = (
        f"{filled['tracks']['spans']:,} spans and {filled['tracks']['logs']:,} log lines, {SERIES_DAYS} days of "
        f"{GROUPS} series of a point each 10 s: {filled['bytes'] / 1e9:.1f} GB, filled in {filled['seconds']:.0f} s "
        f"({filled['processor']:.0f} s of processor) "
        f"with {min(FRESH, filled['tracks']['spans']):,} of each through the intake, the older ones as copies "
        f"({machine}, {os.cpu_count()} cores with a load of {os.getloadavg()[1]:.0f}{priority}).\n\n"
        "Pages of 50 of the newest hour, the median of five turns:\n\n"
        "| search | time | processor | events |\n|---|---|---|---|\n"
    )
    rows = [
        f"| {track}: {name} | {seconds * 1000:.1f} ms | {used * 1000:.1f} ms | {count} |"
        for track, name, seconds, used, count in found["searches"]
    ]
    tail = (
        f"\n\nFour threads at once: {found['parallel'] * 1000:.1f} ms a search. "
        f"Memory of the searching process: {found['memory'] / 1e6:.0f} MB at most.\n\n"
        "A server on one core, sent to for "
        f"{INTAKE_SECONDS} s while its monitors are evaluated and events searched:\n\n| | |\n|---|---|\n"
    )
    numbers = {
        "datagrams sent, received, lost": f"{intake['datagrams sent']:,.0f}, {intake['datagrams received']:,.0f}, "
        f"{intake['datagrams lost']:,.0f}",
        "datagrams counted in stored points": f"{intake['datagrams in points']:,.0f}",
        "spans sent, received, stored": f"{intake['spans sent']:,.0f}, {intake['spans received']:,.0f}, "
        f"{intake['spans stored']:,.0f}",
        "monitors evaluated meanwhile": "yes" if intake["evaluated"] else "no",
        "share of the core": f"{intake['share of the core']:.0%}",
        "slowest search": f"{intake['slowest search'] * 1000:.0f} ms",
        "memory at most": f"{intake['memory'] / 1e6:.0f} MB",
        "share of the core when idle": f"{intake['idle']:.2%}",
    }  # fmt: skip
    return head + "\n".join(rows) + tail + "\n".join(f"| {name} | {value} |" for name, value in numbers.items())


def main() -> None:
    """Fill, measure, print and write."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--events", type=int, default=5_000_000)
    arguments.add_argument("--keep", type=Path)
    arguments.add_argument("--nice", type=int, default=0, help="added to the niceness of what is measured")
    arguments.add_argument("--search", nargs=2, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.search:
        measure_search(Path(given.search[0]), float(given.search[1]))
        return
    home = given.keep or Path(tempfile.mkdtemp(prefix="telemetry-"))
    home.mkdir(parents=True, exist_ok=True)
    account, note = home / "datadog.sqlite", home / "filled.json"
    try:
        if not note.exists():
            now = time.time()
            store = TelemetryStore(account, sandbox.API_KEY, Limits(size=1 << 40))
            seconds, processor = fill(store, given.events, now), time.process_time()
            size = sum(path.stat().st_size for path in home.glob(f"*{SUFFIX}*"))
            filled = {"seconds": seconds, "processor": processor, "bytes": size, "tracks": store.tracks()}
            note.write_text(json.dumps({"now": now, **filled}))
        filled = json.loads(note.read_text()) | {"nice": os.nice(given.nice)}
        command = [sys.executable, "-m", "benchmarks.telemetry_store", "--search", str(account), str(filled["now"])]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        intake = measure_intake(home, (os.cpu_count() or 1) - 1)
    finally:
        if given.keep is None:
            shutil.rmtree(home)
    result = table(filled, found, intake)
    print(result)
    write("telemetry_store", result)


if __name__ == "__main__":
    main()
