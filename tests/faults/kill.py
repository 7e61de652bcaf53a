"""A process killed (-9) at any point of a write; one of two instances gone."""

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
from tests.faults.proxy import Exchange, Proxy
from tests.faults.row import Report, Row
from tests.faults.world import World, world
from tests.service import sandbox
from tests.service.sandbox import eventually

Step = Callable[[Exchange], bool]


def _stores(folder: str) -> Step:
    return lambda one: one.method == "POST" and "/upload/" in one.path and f"outbox/{folder}/".encode() in one.body


STEPS: Mapping[str, Step] = {
    "storing it": _stores("pending"),
    "making it at Datadog": Exchange.is_create,
    "noting that it is done": _stores("done"),
    "clearing it away": lambda one: one.method == "DELETE" and "outbox%2Fpending" in one.path,
}
"""Each exchange of a write, in order. A process is killed before it and after it."""
WRITES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "page": ("/datadog/oncall/page", {"message": "killed"}),
    "incident": ("/datadog/incidents", {"title": "killed"}),
    "deployment": ("/datadog/ci/deployment", {"version": "killed"}),
}
QUICK = {
    "outbox.LEASE_SECONDS": 6.0, "outbox.ENOUGH_SECONDS": 2.0, "outbox.SETTLE_SECONDS": 1.0,
    "outbox.POLL_SECONDS": 1.0, "products.idempotency.CLAIM_SECONDS": 6.0,
}  # fmt: skip
"""So that the short form need not wait for the service's own numbers."""


@dataclass
class Kills:
    """Kills the instance that is at work, once, at a step; both proxies ask it."""

    victim: Instance
    step: Step
    before: bool
    done: threading.Event

    def arm(self, *proxies: Proxy) -> None:
        """From now on."""
        for one in proxies:
            one.before = lambda exchange: (0, {}) if self.before and self._strikes(exchange) else None
            one.after = lambda exchange: not self.before and self._strikes(exchange)

    def _strikes(self, exchange: Exchange) -> bool:
        if self.done.is_set() or not self.step(exchange):
            return False
        self.done.set()
        self.victim.kill()
        return True


@contextmanager
def _world(folder: Path) -> Iterator[tuple[World, Instances]]:
    with world(folder) as around, instances(folder / "instances.log") as starter:
        yield around, starter


def _ask(instance: Instance, path: str, body: Any, key: str) -> httpx.Response | None:
    """A call; None when the process died under it."""
    try:
        return httpx.post(instance.url + path, json=body, headers={"Idempotency-Key": key}, timeout=60)
    except httpx.TransportError:
        return None


def run(folder: Path, report: Report, quick: bool) -> None:
    """Kill an instance before and after each exchange of each write; another one delivers what it left."""
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
                    answer = _ask(victim, path, body, at)
                    around.datadog.heal()
                    around.google.heal()
                    if not kills.done.is_set():
                        report.check(f"{at}: killed", "never reached", False)
                    if answer is not None:
                        report.check(f"{at}: its caller got no answer", answer.status_code, False)
                    keys[at] = (path, body)
        report.do(f"killed {len(keys)} instances, one at each point of a write: {', '.join(writes)}")
        survivor = starter.start(around.environment, numbers)
        seconds = 60 + len(keys) * 2
        eventually(lambda: not around.pending(), seconds, "the delivery of what the killed ones left")
        once = around.copies()
        # An instance may also be killed at work on an entry that an earlier one left, and its own is not stored then.
        stored = {name.removeprefix("outbox/done/").removesuffix(".json") for name in around.done()}
        report.check("stored before the kill, and made by another instance", f"{len(stored)}, {len(once)}",
                     bool(stored) and set(once) == stored)  # fmt: skip
        twice = {one: count for one, count in once.items() if count > 1}
        report.check("made twice", f"{len(twice)} of {sum(once.values())}", not twice)
        again = [_insist(survivor, path, body, at).status_code for at, (path, body) in keys.items()]
        report.do(f"their {len(again)} callers, who got no answer, called again with the same idempotency key")
        report.check("answers to them", sorted(set(again)), set(again) <= {201, 202})
        eventually(lambda: not around.pending(), seconds, "the delivery of what was asked again")
        counts = {"page": len(around.pages()), "incident": len(around.incidents()),
                  "deployment": len(around.deployments())}  # fmt: skip
        for kind in writes:
            report.check(f"{kind}s in the account", counts[kind], counts[kind] == 2 * len(STEPS))
        _one_of_two(around, starter, report, numbers)
        _told_to_end(folder, around, survivor, report)


def _insist(instance: Instance, path: str, body: Any, key: str) -> httpx.Response:
    """The answer to a caller who comes again with its key as long as it is told to (409, 503).

    A claim of a process that died is taken over after a minute.
    """

    def asked() -> httpx.Response | None:
        answer = _ask(instance, path, body, key)
        return answer if answer is not None and answer.status_code not in (409, 503) else None

    found: httpx.Response = eventually(asked, 90, "an answer")
    return found


def _one_of_two(around: World, starter: Instances, report: Report, numbers: Mapping[str, float]) -> None:
    """Both accept writes while Datadog is down; one is killed; the other delivers all."""
    first, second = (starter.start(around.environment, numbers) for _ in range(2))
    around.datadog.before = lambda one: (502, {}) if one.is_create() else None
    asked = []
    for n in range(6):
        body = {"version": f"two-{n}", "service": "two"}
        asked.append(_insist((first, second)[n % 2], "/datadog/ci/deployment", body, f"two-{n}"))
    accepted = [answer.json()["id"] for answer in asked if answer.status_code == 202]
    report.check("accepted with 202 by two instances while Datadog is down", len(accepted), len(accepted) == len(asked))
    first.kill()
    around.datadog.heal()
    report.do("killed one of the two, with its writes waiting; Datadog is up again")
    eventually(lambda: not around.pending(), 180, "the delivery by the other one")
    mine = [one["attributes"] for one in around.deployments() if one["attributes"]["service"] == "two"]
    versions = [one["version"] for one in mine]
    report.check(
        "arrived, in the order of their acceptance", " ".join(versions), versions == [f"two-{n}" for n in range(6)]
    )


def _told_to_end(folder: Path, around: World, survivor: Instance, report: Report) -> None:
    """SIGTERM while calls to Datadog are open and a write waits: all are answered, and nothing is lost."""
    (folder / "told").mkdir()
    before = len(around.pages())
    environment: dict[str, Any] = {key: value for key, value in around.environment.items() if key.startswith("DD_API")}
    told = environment | {"DD_APP_KEY": around.environment["DD_APP_KEY"], "API_AUTH": "loopback"}
    with sandbox.service(folder / "told", around.google.url, **told) as ending, ThreadPoolExecutor(4) as pool:
        service = Instance(ending.process.pid, ending.url)
        around.datadog.before = lambda one: (502, {}) if one.is_create() else None
        waiting = _insist(service, *WRITES["page"], "waits")
        seen = sum(one.is_create() for one in around.datadog.seen)
        around.datadog.before = _slowly
        open_calls = [pool.submit(_insist, service, *WRITES["page"], f"open-{n}") for n in range(4)]
        eventually(lambda: sum(one.is_create() for one in around.datadog.seen) >= seen + 4, 30, "four open calls")
        seconds = ending.stop()
        statuses = sorted([waiting.status_code, *(one.result().status_code for one in open_calls)])
    around.datadog.heal()
    report.check("SIGTERM with four calls to Datadog open and a write that waits: seconds to the end",
                 f"{seconds:.1f}", seconds < 10)  # fmt: skip
    report.check("their callers were told", statuses, set(statuses) <= {201, 202})
    httpx.post(f"{survivor.url}/datadog/writes/drain", timeout=60).raise_for_status()
    eventually(lambda: not around.pending(), 90, "the delivery of what it left")
    report.check("pages of all five in the account", len(around.pages()) - before, len(around.pages()) - before == 5)


def _slowly(one: Exchange) -> None:
    if one.is_create():
        time.sleep(2)


ROW = Row("kill", "process killed (-9) at any point of a write; one of two instances gone", run)
