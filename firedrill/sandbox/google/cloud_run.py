"""Cloud Run: services whose declared revisions really run, as processes on this machine.

An update whose template changed makes a new revision, which gets requests once it is ready; only then the old one
stops. A revision that never gets ready fails the update and leaves the old one serving.
https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
"""

import asyncio
import contextlib
import json
import logging
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firedrill.sandbox.google.buckets import now
from firedrill.sandbox.google.cloud_run_revision import Place, Platform, Revision
from firedrill.sandbox.google.cloud_run_traffic import LATEST, REVISION, Split, Target, targets
from firedrill.sandbox.google.errors import GoogleError

log = logging.getLogger(__name__)

KIND = "gcp:cloudrunv2/service:Service"
LIMITS = (
    "CPU limits and the idle CPU throttle are not emulated",
    "instances do not scale: the declared minimum (at least one) runs, and requests do not queue for its concurrency",
    "memory is the sum over an instance's processes of what each holds, shared pages counted for each",
)


@dataclass
class Service:
    """A deployed service."""

    place: Place
    split: Split
    running: dict[str, Revision] = field(default_factory=dict)
    open: bool = False
    """Whether callers without a token may call it, whatever is granted (``invokerIamDisabled``)."""
    latest: str = ""


class CloudRun:
    """The services of the sandbox by resource name."""

    def __init__(self, platform: Platform) -> None:
        self.services: dict[str, Service] = {}
        self._platform = platform
        self._database = platform.database
        self._locks: dict[str, asyncio.Lock] = {}
        self._starting: set[Revision] = set()
        self._stopping: set[asyncio.Task[None]] = set()

    async def restore(self) -> None:
        """Start the recorded services again; what cannot start now is logged and tried again by its instances."""
        rows = self._database.rows("SELECT id, properties FROM resources WHERE kind = ? ORDER BY created", (KIND,))
        for row in rows:
            try:
                await self._restore(row["id"], json.loads(row["properties"]))
            except GoogleError as error:
                log.error("service %s cannot be started again: %s", row["id"], error.message)  # noqa: TRY400 (said in full)

    async def _restore(self, name: str, properties: Mapping[str, Any]) -> None:
        latest = properties["latestReadyRevision"].rsplit("/", 1)[-1]
        split = Split(targets(properties.get("traffics"), latest))
        service = Service(_place(name), split, open=bool(properties.get("invokerIamDisabled")), latest=latest)
        self.services[name] = service
        for revision in split.revisions():
            service.running[revision] = self._recorded(service.place, revision)
            await service.running[revision].start(persist=True)

    def _recorded(self, place: Place, revision: str) -> Revision:
        row = self._database.row(
            "SELECT template FROM revisions WHERE service = ? AND name = ? AND ready = 1", (str(place), revision)
        )
        if row is None:
            raise GoogleError(404, f"Revision '{revision}' of service '{place.service}' not found.")
        return Revision(self._platform, place, revision, json.loads(row["template"]))

    async def deploy(self, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Make a service what is declared; its computed properties. GoogleError leaves everything as it was."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            return await self._deploy(name, properties)

    async def _deploy(self, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        place = _place(name)
        service = self.services.get(name)
        known = service or Service(place, Split([]))
        template = properties["template"]
        latest, fresh = known.latest, None
        if latest == "" or not self._is_template_of(place, latest, template):
            fresh = self._new_revision(place, template)
            latest = fresh.name
        split = Split(targets(properties.get("traffics"), latest))
        started: dict[str, Revision] = {}
        try:
            if fresh:
                started[fresh.name] = fresh
                await self._start(fresh)
            for revision in split.revisions():
                if revision not in known.running and revision not in started:
                    started[revision] = self._recorded(place, revision)
                    await self._start(started[revision])
        except BaseException:
            for begun in started.values():
                await begun.end()
            if fresh:
                self._forget(place, fresh.name)
            raise
        if fresh:
            self._database.rows(
                "UPDATE revisions SET ready = 1 WHERE service = ? AND name = ?", (str(place), fresh.name)
            )
        known.running |= started
        known.split, known.latest, known.open = split, latest, bool(properties.get("invokerIamDisabled"))
        self.services[name] = known
        wanted = set(split.revisions())
        log.info("service %s serves from %s", place.service, ", ".join(sorted(wanted)))
        for old in [revision for revision in known.running if revision not in wanted]:
            self._stop_later(known.running.pop(old))
        return self._outputs(name, known, properties)

    async def _start(self, revision: Revision) -> None:
        self._starting.add(revision)
        try:
            await revision.start()
        finally:
            self._starting.discard(revision)

    def _is_template_of(self, place: Place, revision: str, template: Mapping[str, Any]) -> bool:
        row = self._database.row(
            "SELECT template FROM revisions WHERE service = ? AND name = ?", (str(place), revision)
        )
        return row is not None and json.loads(row["template"]) == template

    def _new_revision(self, place: Place, template: Mapping[str, Any]) -> Revision:
        row = self._database.row("SELECT max(number) AS last FROM revisions WHERE service = ?", (str(place),))
        number = (row["last"] or 0) + 1 if row else 1
        suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3))
        name = template.get("revision") or f"{place.service}-{number:05d}-{suffix}"
        if self._database.row("SELECT 1 FROM revisions WHERE service = ? AND name = ?", (str(place), name)):
            raise GoogleError(409, f"Revision named '{name}' with different configuration already exists.")
        revision = Revision(self._platform, place, name, template)
        self._database.rows(
            "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, 0)",
            (str(place), name, number, json.dumps(template), time.time()),
        )
        return revision

    def _forget(self, place: Place, revision: str) -> None:
        self._database.rows("DELETE FROM revisions WHERE service = ? AND name = ?", (str(place), revision))

    def _stop_later(self, revision: Revision) -> None:
        task = asyncio.create_task(revision.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def delete(self, name: str) -> None:
        """Stop a service and forget its revisions."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            service = self.services.pop(name, None)
            if service:
                await asyncio.gather(*(revision.stop() for revision in service.running.values()))
            self._database.rows("DELETE FROM revisions WHERE service = ?", (name,))

    async def close(self) -> None:
        """End everything that runs."""
        running = [revision for service in self.services.values() for revision in service.running.values()]
        ending = [revision.end() for revision in (*running, *self._starting)]
        await asyncio.gather(*ending, *self._stopping)
        for lock in self._locks.values():
            async with lock:  # a deployment that was on its way has taken its things back
                continue

    def settled(self) -> bool:
        """Whether every instance of every service has been ready or has failed: False for a while after a restart."""
        running = [revision for service in self.services.values() for revision in service.running.values()]
        return all(instance.settled for revision in running for instance in revision.instances)

    def uri(self, name: str) -> str:
        """Where a service answers: the front's own address for the oldest service, a name below it for others."""
        settings = self._platform.settings
        oldest = next(iter(self.services), name)
        return (
            settings.service_url if oldest == name else f"http://{self.domain(_place(name))}.localhost:{settings.port}"
        )

    def domain(self, place: Place) -> str:
        """A service's name below localhost: with its project, where an older service of another one has the name."""
        same = next((name for name in self.services if _place(name).service == place.service), str(place))
        return place.service if same == str(place) else f"{place.service}-{place.project}"

    def _status(self, target: Target, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {"type": LATEST if target.latest else REVISION, "percent": target.percent}
        found |= {} if target.latest else {"revision": target.revision}
        port = self._platform.settings.port
        tagged = {"tag": target.tag, "uri": f"http://{target.tag}---{self.domain(place)}.localhost:{port}"}
        return found | (tagged if target.tag else {})

    def _outputs(self, name: str, service: Service, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The properties that Google computes."""
        generation = str(int(properties.get("generation") or 0) + 1)
        latest = f"{name}/revisions/{service.latest}"
        succeeded = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": now()}
        return {
            "uri": self.uri(name),
            "urls": [self.uri(name)],
            "generation": generation,
            "observedGeneration": generation,
            "latestCreatedRevision": latest,
            "latestReadyRevision": latest,
            "trafficStatuses": [self._status(target, service.place) for target in service.split.targets],
            "terminalConditions": [succeeded],
            "conditions": [succeeded | {"type": kind} for kind in ("RoutesReady", "ConfigurationsReady")],
            "reconciling": False,
            "etag": f'"{secrets.token_hex(8)}"',
            "updateTime": now(),
        }

    def status(self) -> list[dict[str, Any]]:
        """What runs, for people."""
        return [
            {
                "name": name,
                "uri": self.uri(name),
                "traffic": [vars(target) for target in service.split.targets],
                "revisions": [_revision_status(revision) for revision in service.running.values()],
            }
            for name, service in self.services.items()
        ]


def _place(name: str) -> Place:
    with contextlib.suppress(ValueError):
        _, project, _, location, _, service = name.split("/")
        return Place(project, location, service)
    raise GoogleError(400, f"{name!r} is not like projects/P/locations/L/services/S")


def _revision_status(revision: Revision) -> dict[str, Any]:
    return {
        "name": revision.name,
        "instances": [
            {
                "number": instance.number,
                "pid": instance.pid,
                "port": instance.port,
                "ready": instance.ready,
                "restarts": instance.restarts,
                "memory_bytes": instance.memory,
                "memory_limit_bytes": revision.template.memory,
            }
            for instance in revision.instances
        ],
    }
