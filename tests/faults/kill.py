"""A process is killed (-9) at any point of a write; one of two instances is gone."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faults.instances import Instance, Instances, instances
from tests.faults.proxy import ProxiedRequest, Proxy
from tests.faults.row import Report, Row
from tests.faults.world import World, world
from tests.integration.service import sandbox
from tests.integration.service.sandbox import eventually

WriteStep = Callable[[ProxiedRequest], bool]
"""Tells whether a request is this step of a write."""


def _stores(folder: str) -> WriteStep:
    marker = f"outbox/{folder}/".encode()
    return lambda request: request.method == "POST" and "/upload/" in request.path and marker in request.body


STEPS: Mapping[str, WriteStep] = {
    "storing the entry": _stores("pending"),
    "the call to Datadog": ProxiedRequest.is_create,
    "storing the outcome": _stores("done"),
    "deleting the entry": lambda request: request.method == "DELETE" and "outbox%2Fpending" in request.path,
}
"""The requests of a write, in order. A process is killed before and after each."""
WRITES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "page": ("/datadog/oncall/page", {"message": "killed"}),
    "incident": ("/datadog/incidents", {"title": "killed"}),
    "deployment": ("/datadog/ci/deployment", {"version": "killed"}),
}
QUICK = {
    "datadog.outbox.LEASE_SECONDS": 6.0, "datadog.outbox.ENOUGH_SECONDS": 2.0, "datadog.outbox.SETTLE_SECONDS": 1.0,
    "datadog.outbox.POLL_SECONDS": 1.0, "datadog.idempotency.CLAIM_SECONDS": 6.0,
}  # fmt: skip
"""Shorter times for the short form."""


@dataclass
class Kills:
    """Kills an instance once, before or after a step that both proxies watch for."""

    victim: Instance
    step: WriteStep
    before: bool
    done: threading.Event

    def arm(self, *proxies: Proxy) -> None:
        """Watch both proxies from now on."""
        for proxy in proxies:
            proxy.before = lambda request: (0, {}) if self.before and self._strikes(request) else None
            proxy.after = lambda request: not self.before and self._strikes(request)

    def _strikes(self, request: ProxiedRequest) -> bool:
        if self.done.is_set() or not self.step(request):
            return False
        self.done.set()
        self.victim.kill()
        return True


@contextmanager
def _world(folder: Path) -> Iterator[tuple[World, Instances]]:
    with world(folder) as around, instances(folder / "instances.log") as starter:
        yield around, starter


def _post(instance: Instance, path: str, body: Any, key: str) -> httpx.Response | None:
    """Return the answer; None when the process died before it."""
    try:
        return httpx.post(instance.url + path, json=body, headers={"Idempotency-Key": key}, timeout=60)
    except httpx.TransportError:
        return None


def run(folder: Path, report: Report, quick: bool) -> None:
    """Kill an instance before and after each step of each write; another one must deliver what it left."""
    numbers = QUICK if quick else {}
    writes = {"page": WRITES["page"]} if quick else WRITES
    with _world(folder) as (around, starter):
        keys: dict[str, tuple[str, Any]] = {}
        for kind, (path, body) in writes.items():
            for name, step in STEPS.items():
                for before in (True, False):
                    at = f"{kind}, {'before' if before else 'after'} {name}"
                    victim = starter.start(around.environment, numbers)
                    kills = Kills(victim, step, before, threading.Event())
                    kills.arm(around.datadog, around.google)
                    answer = _post(victim, path, body, at)
                    around.datadog.heal()
                    around.google.heal()
                    if not kills.done.is_set():
                        report.check(f"{at}: the step is reached", "no", False)
                    if answer is not None:
                        report.check(f"{at}: the caller gets no answer", answer.status_code, False)
                    keys[at] = (path, body)
        report.note(f"killed {len(keys)} instances, one at each point of a write: {', '.join(writes)}")
        survivor = starter.start(around.environment, numbers)
        seconds = 60 + len(keys) * 2
        eventually(lambda: not around.pending(), seconds, "the delivery of what the killed ones left")
        once = around.copies()
        # An instance may also be killed while it sends an entry of an earlier one; its own is not stored then.
        stored = {name.removeprefix("outbox/done/").removesuffix(".json") for name in around.done()}
        report.check("stored before the kill, and sent by another instance", f"{len(stored)}, {len(once)}",
                     bool(stored) and set(once) == stored)  # fmt: skip
        twice = [write_id for write_id, count in once.items() if count > 1]
        report.check("in the account twice", f"{len(twice)} of {sum(once.values())}", not twice)
        again = [_insist(survivor, path, body, at).status_code for at, (path, body) in keys.items()]
        report.note(f"their {len(again)} callers, who got no answer, called again with the same idempotency key")
        report.check("statuses of their answers", sorted(set(again)), set(again) <= {201, 202})
        eventually(lambda: not around.pending(), seconds, "the delivery of the repeated writes")
        counts = {"page": len(around.pages()), "incident": len(around.incidents()),
                  "deployment": len(around.deployments())}  # fmt: skip
        for kind in writes:
            report.check(f"{kind}s in the account", counts[kind], counts[kind] == 2 * len(STEPS))
        _kill_one_of_two(around, starter, report, numbers)
        _terminate(folder, around, survivor, report)


def _insist(instance: Instance, path: str, body: Any, key: str) -> httpx.Response:
    """Return the answer to a caller who repeats the request with its key while the answer is 409 or 503.

    The claim of a process that died is taken over after a minute.
    """

    def attempt() -> httpx.Response | None:
        answer = _post(instance, path, body, key)
        return answer if answer is not None and answer.status_code not in (409, 503) else None

    final: httpx.Response = eventually(attempt, 90, "an answer")
    return final


def _kill_one_of_two(around: World, starter: Instances, report: Report, numbers: Mapping[str, float]) -> None:
    """Let both accept writes while Datadog is down, and kill one: the other must deliver all."""
    first, second = (starter.start(around.environment, numbers) for _ in range(2))
    around.datadog.before = lambda request: (502, {}) if request.is_create() else None
    answers = []
    for n in range(6):
        body = {"version": f"two-{n}", "service": "two"}
        answers.append(_insist((first, second)[n % 2], "/datadog/ci/deployment", body, f"two-{n}"))
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    report.check(
        "accepted with 202 by two instances while Datadog is down", len(accepted), len(accepted) == len(answers)
    )
    first.kill()
    around.datadog.heal()
    report.note("killed one of the two, with its writes waiting; Datadog is up again")
    eventually(lambda: not around.pending(), 180, "the delivery by the other one")
    deployments = [deployment["attributes"] for deployment in around.deployments()]
    versions = [deployment["version"] for deployment in deployments if deployment["service"] == "two"]
    report.check(
        "arrived, in the order of their acceptance", " ".join(versions), versions == [f"two-{n}" for n in range(6)]
    )


def _terminate(folder: Path, around: World, survivor: Instance, report: Report) -> None:
    """Send SIGTERM while calls to Datadog are open and a write waits: all are answered, and nothing is lost."""
    (folder / "terminated").mkdir()
    before = len(around.pages())
    environment: dict[str, Any] = {key: value for key, value in around.environment.items() if key.startswith("DD_API")}
    variables = environment | {"DD_APP_KEY": around.environment["DD_APP_KEY"], "API_AUTH": "loopback"}
    with (
        sandbox.service(folder / "terminated", around.google.url, **variables) as ending,
        ThreadPoolExecutor(4) as pool,
    ):
        service = Instance(ending.process.pid, ending.url)
        around.datadog.before = lambda request: (502, {}) if request.is_create() else None
        waiting = _insist(service, *WRITES["page"], "waits")
        creates_before = _count_creates(around)
        around.datadog.before = _slowly
        open_calls = [pool.submit(_insist, service, *WRITES["page"], f"open-{n}") for n in range(4)]
        eventually(lambda: _count_creates(around) >= creates_before + 4, 30, "four open calls")
        seconds = ending.stop()
        statuses = sorted([waiting.status_code, *(open_call.result().status_code for open_call in open_calls)])
    around.datadog.heal()
    report.check("SIGTERM with four calls to Datadog open and a write that waits: seconds to the end",
                 f"{seconds:.1f}", seconds < 10)  # fmt: skip
    report.check("statuses of their answers", statuses, set(statuses) <= {201, 202})
    httpx.post(f"{survivor.url}/datadog/writes/drain", timeout=60).raise_for_status()
    eventually(lambda: not around.pending(), 90, "the delivery of what it left")
    report.check("pages of all five in the account", len(around.pages()) - before, len(around.pages()) - before == 5)


def _count_creates(around: World) -> int:
    return sum(request.is_create() for request in around.datadog.seen)


def _slowly(request: ProxiedRequest) -> None:
    if request.is_create():
        time.sleep(2)


ROW = Row("kill", "process killed (-9) at any point of a write; one of two instances gone", run)
