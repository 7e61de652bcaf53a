"""Datadog's API is down, then limits, then is up; and writes are done whose answers are lost."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.faults.instances import Instance, instances
from tests.faults.kill import QUICK
from tests.faults.proxy import Exchange
from tests.faults.row import Report, Row
from tests.faults.world import World, world
from tests.service.sandbox import eventually

WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/datadog/oncall/page", {"message": "down"}),
    ("/datadog/incidents", {"title": "down"}),
    ("/datadog/ci/deployment", {"service": "down"}),
)
RESET_SECONDS = 5
OTHERS = ("/datadog/synthetics/tests", "/datadog/incidents", "/datadog/log-pipelines")
"""What can only be answered by Datadog."""


def run(folder: Path, report: Report, quick: bool) -> None:
    """Two instances accept writes all the while; then everything must be there, once, in order."""
    numbers = QUICK if quick else {}
    seconds, pause = (4, 1.0) if quick else (60, 2.0)
    with world(folder) as around, instances(folder / "instances.log") as starter:
        pair = [starter.start(around.environment, numbers) for _ in range(2)]
        _known(around, pair[0])
        around.datadog.before = lambda one: (502, {}) if one.is_create() else None
        told = _write_for(pair, seconds, pause)
        report.do(f"the API answered 502 to what creates, for {seconds} s; {len(told)} writes were asked for meanwhile")
        limit = {"X-RateLimit-Reset": str(RESET_SECONDS), "X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0"}
        limited: list[float] = []
        around.datadog.before = lambda one: _limited(one, limited, limit)
        told += _write_for(pair, seconds / 4, pause)
        report.do(f"then 429 with a reset in {RESET_SECONDS} s; {len(told)} writes in all")
        around.datadog.before = lambda _: (0, {})
        answers = [httpx.get(f"{pair[0].url}{path}", timeout=60) for path in OTHERS]
        report.check("reads while no connection can be made", sorted({one.status_code for one in answers}),
                     {(one.status_code, one.headers["content-type"], bool(one.headers.get("Retry-After")))
                      for one in answers} == {(503, "application/problem+json", True)})  # fmt: skip
        around.datadog.heal()
        statuses = Counter(status for status, _, _ in told)
        report.check("statuses of the writes", dict(statuses), set(statuses) == {202})
        report.check("told an id that can be asked about", _asked(pair[1], told), _asked(pair[1], told) == len(told))
        _arrived(around, pair, report, told)
        _lost_answers(around, pair, report, 4 if quick else 30)


def _limited(one: Exchange, seen: list[float], headers: dict[str, str]) -> tuple[int, dict[str, str]] | None:
    if not one.is_create():
        return None
    seen.append(time.monotonic())
    return 429, headers


def _known(around: World, instance: Instance) -> None:
    """Both clients have found the team, which is read from the same API."""
    httpx.post(f"{instance.url}/datadog/oncall/page", json={"message": "before"}, timeout=60).raise_for_status()
    assert len(around.pages()) == 1


def _write_for(pair: list[Instance], seconds: float, pause: float) -> list[tuple[int, str, str]]:
    """Status, id and path of writes that are asked for, of each kind, one after the other, of both instances."""
    ends = time.monotonic() + seconds
    told: list[tuple[int, str, str]] = []
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(3) as pool:
        while time.monotonic() < ends:
            asked = [(pair[number % 2], path, body) for number, (path, body) in enumerate(WRITES)]
            told += pool.map(lambda one: _write(client, *one), asked)
            pair = pair[::-1]
            time.sleep(pause)
    return told


def _write(client: httpx.Client, instance: Instance, path: str, body: dict[str, Any]) -> tuple[int, str, str]:
    more = {"version": f"v{time.time_ns()}"} if path.endswith("deployment") else {}
    answer = client.post(instance.url + path, json=body | more)
    return answer.status_code, str(answer.json().get("id")), path


def _asked(instance: Instance, told: list[tuple[int, str, str]]) -> int:
    """How many of the ids the other instance knows."""
    with httpx.Client(timeout=60) as client:
        answers = [client.get(f"{instance.url}/datadog/writes/{identifier}") for _, identifier, _ in told]
    return sum(one.status_code == 200 for one in answers)


def _arrived(around: World, pair: list[Instance], report: Report, told: list[tuple[int, str, str]]) -> None:
    began = time.monotonic()
    eventually(lambda: not around.pending(), 120 + len(told) * 3, "the delivery of everything")
    copies = around.copies()
    counts = Counter(copies[identifier] for _, identifier, _ in told)
    report.check(f"of {len(told)} accepted writes: lost, once, more than once",
                 f"{counts[0]}, {counts[1]}, {len(told) - counts[0] - counts[1]}", counts[1] == len(told))  # fmt: skip
    versions = [one["attributes"]["version"] for one in around.deployments()]
    report.check("deployments of the service, in the order of their acceptance", f"{len(versions)}",
                 versions == sorted(versions))  # fmt: skip
    with httpx.Client(timeout=60) as client:
        ends = [client.get(f"{pair[0].url}/datadog/writes/{identifier}").json()["status"] for _, identifier, _ in told]
    report.check("what became of them, when asked", dict(Counter(ends)), set(ends) == {"sent"})
    report.do(f"everything had arrived {time.monotonic() - began:.0f} s after the API was up")


def _lost_answers(around: World, pair: list[Instance], report: Report, count: int) -> None:
    """Each write is done, and its first answer is lost."""
    done: set[bytes] = set()

    def first(one: Exchange) -> bool:
        if not one.is_create() or one.body in done:
            return False
        done.add(one.body)
        return True

    around.datadog.after = first
    before = around.copies()
    with httpx.Client(timeout=60) as client:
        told = [_write(client, pair[n % 2], *WRITES[n % len(WRITES)]) for n in range(count)]
    eventually(lambda: not around.pending(), 120 + count * 3, "the delivery of everything")
    around.datadog.heal()
    copies = around.copies() - before
    counts = Counter(copies[identifier] for _, identifier, _ in told)
    report.check(f"of {count} writes whose answer was lost after they were done: lost, once, more than once",
                 f"{counts[0]}, {counts[1]}, {count - counts[0] - counts[1]}", counts[1] == count)  # fmt: skip
    report.check("events and notebooks beside them: more than once",
                 sum(one > 1 for one in copies.values()), max(copies.values()) == 1)  # fmt: skip


ROW = Row("api", "Datadog's API down, then 429 with reset, then up; writes done whose answers are lost", run)
