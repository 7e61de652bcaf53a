"""Datadog's API is down, then limits, then is up; and writes arrive whose answers are lost."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.faults.instances import Instance, instances
from tests.faults.kill import QUICK
from tests.faults.proxy import ProxiedRequest
from tests.faults.row import Report, Row
from tests.faults.world import World, world
from tests.integration.service.sandbox import eventually

WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/datadog/oncall/page", {"message": "down"}),
    ("/datadog/incidents", {"title": "down"}),
    ("/datadog/ci/deployment", {"service": "down"}),
)
RESET_SECONDS = 5
READS = ("/datadog/synthetics/tests", "/datadog/incidents", "/datadog/log-pipelines")
"""Reads that only Datadog can answer."""


class WriteAnswer(NamedTuple):
    """A caller's write, as the service answered it."""

    status: int
    identifier: str


def run(folder: Path, report: Report, quick: bool) -> None:
    """Let two instances accept writes all the while; then everything must be in the account, once and in order."""
    numbers = QUICK if quick else {}
    seconds, pause = (4, 1.0) if quick else (60, 2.0)
    with world(folder) as around, instances(folder / "instances.log") as starter:
        pair = [starter.start(around.environment, numbers) for _ in range(2)]
        _page_once(around, pair[0])
        around.datadog.before = lambda request: (502, {}) if request.is_create() else None
        writes = write_for(pair, seconds, pause)
        report.note(
            f"the API answered 502 to calls that create, for {seconds} s; callers sent {len(writes)} writes meanwhile"
        )
        limit = {"X-RateLimit-Reset": str(RESET_SECONDS), "X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0"}
        around.datadog.before = lambda request: (429, limit) if request.is_create() else None
        writes += write_for(pair, seconds / 4, pause)
        report.note(f"then 429 with a reset in {RESET_SECONDS} s; {len(writes)} writes in all")
        around.datadog.before = lambda _: (0, {})
        answers = [httpx.get(f"{pair[0].url}{path}", timeout=60) for path in READS]
        report.check("reads while no connection can be made", sorted({answer.status_code for answer in answers}),
                     {(answer.status_code, answer.headers["content-type"], bool(answer.headers.get("Retry-After")))
                      for answer in answers} == {(503, "application/problem+json", True)})  # fmt: skip
        around.datadog.heal()
        statuses = Counter(write.status for write in writes)
        report.check("statuses of the writes", dict(statuses), set(statuses) == {202})
        known_writes = _count_known(pair[1], writes)
        report.check("writes whose id the other instance knows", known_writes, known_writes == len(writes))
        _check_arrival(around, pair, report, writes)
        _check_lost_answers(around, pair, report, 4 if quick else 30)


def _page_once(around: World, instance: Instance) -> None:
    """Send a page, which shows that the instance can read the team from the same API."""
    httpx.post(f"{instance.url}/datadog/oncall/page", json={"message": "before"}, timeout=60).raise_for_status()
    assert len(around.pages()) == 1


def write_for(pair: list[Instance], seconds: float, pause: float) -> list[WriteAnswer]:
    """Send writes of each kind, alternating between the instances; return their answers."""
    ends = time.monotonic() + seconds
    writes: list[WriteAnswer] = []
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(3) as pool:
        while time.monotonic() < ends:
            requests = [(pair[number % 2], path, body) for number, (path, body) in enumerate(WRITES)]
            writes += pool.map(lambda request: _write(client, *request), requests)
            pair = pair[::-1]
            time.sleep(pause)
    return writes


def _write(client: httpx.Client, instance: Instance, path: str, body: dict[str, Any]) -> WriteAnswer:
    extra = {"version": f"v{time.time_ns()}"} if path.endswith("deployment") else {}
    answer = client.post(instance.url + path, json=body | extra)
    return WriteAnswer(answer.status_code, str(answer.json().get("id")))


def _count_known(instance: Instance, writes: list[WriteAnswer]) -> int:
    """Return how many of the writes an instance knows."""
    with httpx.Client(timeout=60) as client:
        answers = [client.get(f"{instance.url}/datadog/writes/{write.identifier}") for write in writes]
    return sum(answer.status_code == 200 for answer in answers)


def _check_arrival(around: World, pair: list[Instance], report: Report, writes: list[WriteAnswer]) -> None:
    began = time.monotonic()
    eventually(lambda: not around.pending(), 120 + len(writes) * 3, "the delivery of everything")
    copies = around.copies()
    counts = Counter(copies[write.identifier] for write in writes)
    often = len(writes) - counts[0] - counts[1]
    report.check(f"of {len(writes)} accepted writes: lost, once, more than once",
                 f"{counts[0]}, {counts[1]}, {often}", counts[1] == len(writes))  # fmt: skip
    versions = [deployment["attributes"]["version"] for deployment in around.deployments()]
    report.check("deployments of the service, in the order of their acceptance", f"{len(versions)}",
                 versions == sorted(versions))  # fmt: skip
    with httpx.Client(timeout=60) as client:
        ends = [client.get(f"{pair[0].url}/datadog/writes/{write.identifier}").json()["status"] for write in writes]
    report.check("their statuses in the end", dict(Counter(ends)), set(ends) == {"sent"})
    report.note(f"everything had arrived {time.monotonic() - began:.0f} s after the API was up")


def _check_lost_answers(around: World, pair: list[Instance], report: Report, count: int) -> None:
    """Lose the first answer to each write, after it was made."""
    bodies: set[bytes] = set()

    def is_first(request: ProxiedRequest) -> bool:
        if not request.is_create() or request.body in bodies:
            return False
        bodies.add(request.body)
        return True

    around.datadog.after = is_first
    before = around.copies()
    with httpx.Client(timeout=60) as client:
        writes = [_write(client, pair[n % 2], *WRITES[n % len(WRITES)]) for n in range(count)]
    eventually(lambda: not around.pending(), 120 + count * 3, "the delivery of everything")
    around.datadog.heal()
    copies = around.copies() - before
    counts = Counter(copies[write.identifier] for write in writes)
    report.check(f"of {count} writes whose answer was lost after they were made: lost, once, more than once",
                 f"{counts[0]}, {counts[1]}, {count - counts[0] - counts[1]}", counts[1] == count)  # fmt: skip
    report.check("events and notebooks beside them: more than once",
                 sum(copy > 1 for copy in copies.values()), max(copies.values()) == 1)  # fmt: skip


ROW = Row("api", "Datadog's API down, then 429 with reset, then up; writes made whose answers are lost", run)
