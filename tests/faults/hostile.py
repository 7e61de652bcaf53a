"""Hostile requests: generated from the OpenAPI document, huge, deeply nested, wrongly encoded, and slow clients."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from firedrill.settings import API_KEY, APP_KEY
from tests.conftest import ROOT
from tests.faults.row import Report, Row
from tests.faults.world import world
from tests.integration.service import sandbox
from tests.integration.service.sandbox import TOKEN, Service

MEGABYTE = 1_000_000
LONGEST_SECONDS = 15.0
"""The longest that any answer may take."""
GROWTH = 150 * MEGABYTE
"""The most that memory may grow by: more than twice the size of all large bodies at once."""
CHAT, PAGE = "/v1/chat", "/datadog/oncall/page"
SLOW_CLIENTS = 16
"""As many requests as an instance takes at once."""


def bodies() -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """Yield requests of a hostile caller: name, path, body and headers."""
    json = {"Content-Type": "application/json"}
    for path in (CHAT, PAGE):
        yield "10 MB of text", path, b'{"message": "' + b"a" * 10 * MEGABYTE + b'"}', json
        yield "10 MB of nothing", path, b" " * 10 * MEGABYTE, json
        yield "nested 100,000 deep", path, b"[" * 50_000 + b"]" * 50_000, json
        yield "objects nested deep", path, b'{"message":' * 20_000 + b"1" + b"}" * 20_000, json
        yield "not UTF-8", path, b'{"message": "\xff\xfe\xfa"}', json
        yield "UTF-16", path, '{"message": "hi"}'.encode("utf-16"), json
        yield "a lone surrogate", path, b'{"message": "\\ud800"}', json
        yield "a null character", path, b'{"message": "\\u0000"}', json
        yield "twice the same member", path, b'{"message": "a", "message": "b"}', json
        yield "a huge number", path, b'{"message": 1' + b"0" * 5000 + b"}", json
        yield "NaN", path, b'{"message": NaN}', json
        yield "a list", path, b"[]", json
        yield "no body", path, b"", json
        yield "a form", path, b"message=hi", {"Content-Type": "application/x-www-form-urlencoded"}
        yield "a wrong charset", path, b'{"message": "hi"}', {"Content-Type": "application/json; charset=nonsense"}
        yield "compressed according to its header", path, b"\x1f\x8bnot really", json | {"Content-Encoding": "gzip"}
        yield "a huge header", path, b"{}", json | {"X-Long": "a" * 7000}
        yield "a wrong idempotency key", path, b"{}", json | {"Idempotency-Key": "\x7f"}
    yield "wrong percent signs", f"{PAGE}?message=%ff%fe%zz", b"", {}
    yield "a query of 7,000 characters", f"{PAGE}?message={'a' * 7000}", b"", {}
    yield "a path that climbs", "/datadog/writes/..%2f..%2fruntime", b"", {}


def run(folder: Path, report: Report, quick: bool) -> None:
    """Send them to a service whose Datadog works, so that no answer may be 5xx."""
    with world(folder) as around, sandbox.service(
        folder, around.google.url, DD_API_KEY=API_KEY, DD_APP_KEY=APP_KEY, DD_API_URL=around.datadog.url,
        API_AUTH="loopback", CALLER_TOKENS_PER_HOUR="1e12", CALLER_DOLLARS_PER_HOUR="1e6",
        SYNTHETICS_LOCATIONS="aws:eu-central-1", DD_TRACE_AGENT_URL=around.datadog.url,
    ) as service:  # fmt: skip
        for _ in range(20):
            httpx.post(f"{service.url}{CHAT}", json={"message": "hi"}, timeout=60)
        before = service.memory()
        _send_bodies(report, service)
        _send_slowly(report, service)
        _send_generated(report, service, folder, 3 if quick else 30)
        grown = (service.memory() - before) / MEGABYTE
        report.check("growth of memory, MB", f"{grown:.0f}", grown * MEGABYTE <= GROWTH)
        output = service.output.read_text()
        report.check("tracebacks and mistakes in the log", output.count("Traceback"),
                     "Traceback" not in output and "mistake of the service" not in output)  # fmt: skip
        report.check("processes that died", output.count("Booting worker") - 2, output.count("Booting worker") == 2)


def _send_bodies(report: Report, service: Service) -> None:
    statuses: Counter[int] = Counter()
    failures = []
    slowest = 0.0
    for name, path, body, headers in bodies():
        began = time.monotonic()
        try:
            status = httpx.post(service.url + path, content=body, headers=headers, timeout=60).status_code
        except httpx.TransportError as error:
            # Refused before it was read to its end, and the connection closed: the answer may be lost with it.
            status = 413 if len(body) > MEGABYTE else 0
            report.note(f"{name} to {path[:40]}: {type(error).__name__}")
        slowest = max(slowest, time.monotonic() - began)
        statuses[status] += 1
        if status >= 500 or not status:
            failures.append(f"{name} to {path[:40]}: {status}")
    report.check(f"{statuses.total()} hostile bodies: answers", dict(sorted(statuses.items())), not failures)
    for answer in failures:
        report.note(answer)
    report.check("the slowest answer, seconds", f"{slowest:.1f}", slowest < LONGEST_SECONDS)


def _send_slowly(report: Report, service: Service) -> None:
    """Send a byte now and then from some clients, in the header and in the body; others must be served meanwhile."""
    address = urlsplit(service.url)
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"
    with ExitStack() as stack:
        slow = []
        for number in range(SLOW_CLIENTS):
            client = stack.enter_context(socket.create_connection((address.hostname, address.port or 80)))
            client.sendall(head.encode() + (b"\r\n{" if number % 2 else b"X-Slow: "))
            slow.append(client)
        seconds = []
        for _ in range(6):
            for client in slow:
                with suppress(OSError):  # the service has stopped waiting for it
                    client.sendall(b"a")
            began = time.monotonic()
            answer = httpx.post(f"{service.url}{CHAT}", json={"message": "hi"}, timeout=60)
            seconds.append(time.monotonic() - began if answer.status_code == 200 else 60.0)
    report.check(f"while {SLOW_CLIENTS} clients send a byte now and then: the slowest other chat, seconds",
                 f"{max(seconds):.2f}", max(seconds) < LONGEST_SECONDS)  # fmt: skip
    began = time.monotonic()
    answers = [httpx.post(f"{service.url}{CHAT}", json={"message": "hi"}, timeout=60).status_code for _ in range(8)]
    report.check("statuses of chats after these clients have gone", dict(Counter(answers)), set(answers) == {200})
    report.note(f"eight chats in {time.monotonic() - began:.1f} s")


def _send_generated(report: Report, service: Service, folder: Path, examples: int) -> None:
    """Send requests that schemathesis generates from the service's OpenAPI document, valid and invalid ones."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{service.url}/openapi.json",
        "--checks=not_a_server_error", "--mode=all", "--phases=examples,coverage,fuzzing",
        f"--max-examples={examples}", "--workers=1", "--seed=20261125", "--continue-on-failure", "--no-color",
        f"--max-response-time={LONGEST_SECONDS}", "--exclude-path=/datadog/workflows/model-switch",
        "--suppress-health-check=all", "--request-timeout=60", f"--header=Authorization: Bearer {TOKEN}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        timeout=3600,
    )  # fmt: skip
    (folder / "schemathesis.log").write_text(done.stdout + done.stderr)
    summary = [line.strip() for line in done.stdout.splitlines() if " generated, " in line]
    report.check("requests generated from the OpenAPI document, none of them answered with 5xx",
                 "; ".join(summary) or done.stdout[-300:], done.returncode == 0)  # fmt: skip
    if done.returncode:
        report.note(done.stdout[-6000:])


ROW = Row("hostile", "hostile bodies from the OpenAPI document, 10 MB, deep nesting, bad encodings, slow clients", run)
