"""Datadog's API is killed for a minute, and for two: every write is accepted, and delivered when the API is back."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.api import WriteAnswer, write_for
from tests.faults.instances import instances
from tests.faults.kill import QUICK
from tests.faults.proxy import ProxiedRequest
from tests.faults.row import Report, Row
from tests.faults.world import World, world
from tests.integration.service.sandbox import eventually

DELIVERED_SECONDS = 180
"""Nothing may wait longer than this once the API is up again."""
INSTANCES = 2
"""Each sends one write at a time: so many of a later kind may be under way beside the last one of an earlier kind."""
RANKS = ("/api/v2/on-call/pages", "/api/v2/incidents", "/api/v2/dora/deployment", "/api/v1/notebooks")
"""The order in which what waits must be sent. Events are left out: deployments are sent one after the other, and an
instance sends events while another one sends a deployment."""


def run(folder: Path, report: Report, quick: bool) -> None:
    """Kill the API under two instances that have called nothing yet, so that they know no schedule either."""
    for seconds in (6,) if quick else (60, 120):
        place = folder / str(seconds)
        place.mkdir()
        with world(place) as around, instances(place / "instances.log") as starter:
            pair = [starter.start(around.environment, QUICK if quick else {}) for _ in range(INSTANCES)]
            around.kill_datadog()
            writes = write_for(pair, seconds, 1.0 if quick else 2.0)
            around.start_datadog()
            began, seen = time.monotonic(), len(around.datadog.seen)
            eventually(lambda: not around.pending(), DELIVERED_SECONDS * 2, "the delivery of everything")
            took = time.monotonic() - began
            _check(report, f"API killed for {seconds} s", around, writes, took)
            _check_order(report, f"API killed for {seconds} s", around.datadog.seen[seen:])


def _check(report: Report, fault: str, around: World, writes: Sequence[WriteAnswer], took: float) -> None:
    statuses = Counter(write.status for write in writes)
    report.check(f"{fault}: statuses of pages, incidents, deployments", dict(statuses), set(statuses) == {202})
    copies = around.copies()
    counts = Counter(copies[write.identifier] for write in writes)
    report.check(f"{fault}: of {len(writes)} writes lost, once, more than once",
                 f"{counts[0]}, {counts[1]}, {len(writes) - counts[0] - counts[1]}",
                 counts[1] == len(writes))  # fmt: skip
    report.check(f"{fault}: seconds from its return until nothing waits", f"{took:.0f}", took <= DELIVERED_SECONDS)
    versions = [deployment["attributes"]["version"] for deployment in around.deployments()]
    report.check(f"{fault}: deployments in the order of their acceptance", len(versions), versions == sorted(versions))


def _check_order(report: Report, fault: str, requests: Sequence[ProxiedRequest]) -> None:
    """Check that nothing of a later kind was sent before what goes first, but for what was under way."""
    paths = [request.path.partition("?")[0] for request in requests if request.method == "POST"]
    sent = [RANKS.index(path) for path in paths if path in RANKS]
    overtaken = [
        sum(later > rank for later in sent[: len(sent) - sent[::-1].index(rank) - 1]) for rank in range(len(RANKS) - 1)
    ]
    report.check(f"{fault}: writes of a later kind sent before the last page, incident, deployment",
                 ", ".join(map(str, overtaken)), max(overtaken) <= INSTANCES)  # fmt: skip


ROW = Row("down", "Datadog's API killed for a minute, and for two, under pages, incidents and deployments", run)
