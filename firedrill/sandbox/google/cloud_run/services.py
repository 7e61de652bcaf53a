"""Cloud Run services, whose revisions run as processes on this machine.

An update with a changed template makes a new revision. It gets requests once it is ready, and only then the old one
stops. A revision that does not become ready fails the update and leaves the old one serving.
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

from firedrill.sandbox.google.cloud_run.revision import Platform, Revision, ServiceName
from firedrill.sandbox.google.cloud_run.traffic import LATEST, REVISION, TrafficSplit, TrafficTarget, read_targets
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.storage.buckets import utc_now

log = logging.getLogger(__name__)

SERVICE_KIND = "gcp:cloudrunv2/service:Service"
LIMITS = (
    "CPU limits and CPU throttling while idle are not emulated",
    "instances do not scale: the declared minimum (at least one) runs, and requests do not queue for its concurrency",
    "memory is the sum over an instance's processes, shared pages counted for each",
)


@dataclass
class Service:
    """A deployed service."""

    name: ServiceName
    traffic: TrafficSplit
    running: dict[str, Revision] = field(default_factory=dict)
    public: bool = False
    """True if anybody may call it without a token, whatever is granted (``invokerIamDisabled``)."""
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
        """Start the recorded services again; log those that cannot start, whose instances keep trying."""
        rows = self._database.rows(
            "SELECT id, properties FROM resources WHERE kind = ? ORDER BY created", (SERVICE_KIND,)
        )
        for row in rows:
            try:
                await self._restore(row["id"], json.loads(row["properties"]))
            except ErrorResponse as error:
                log.error("service %s cannot be restarted: %s", row["id"], error.message)  # noqa: TRY400 (the message says it all)

    async def _restore(self, resource_name: str, properties: Mapping[str, Any]) -> None:
        latest = properties["latestReadyRevision"].rsplit("/", 1)[-1]
        traffic = TrafficSplit(read_targets(properties.get("traffics"), latest))
        public = bool(properties.get("invokerIamDisabled"))
        service = Service(_parse_name(resource_name), traffic, public=public, latest=latest)
        self.services[resource_name] = service
        for revision in traffic.revisions():
            service.running[revision] = self._recorded(service.name, revision)
            await service.running[revision].start(persist=True)

    def _recorded(self, name: ServiceName, revision: str) -> Revision:
        row = self._database.row(
            "SELECT template FROM revisions WHERE service = ? AND name = ? AND ready = 1", (str(name), revision)
        )
        if row is None:
            raise ErrorResponse(404, f"Revision '{revision}' of service '{name.service}' not found.")
        return Revision(self._platform, name, revision, json.loads(row["template"]))

    async def deploy(self, resource_name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Deploy a service and return its computed properties. On an ErrorResponse everything stays as it was."""
        async with self._locks.setdefault(resource_name, asyncio.Lock()):
            return await self._deploy(resource_name, properties)

    async def _deploy(self, resource_name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        name = _parse_name(resource_name)
        service = self.services.get(resource_name) or Service(name, TrafficSplit([]))
        template = properties["template"]
        latest, new_revision = service.latest, None
        if latest == "" or not self._is_template_of(name, latest, template):
            new_revision = self._new_revision(name, template)
            latest = new_revision.name
        traffic = TrafficSplit(read_targets(properties.get("traffics"), latest))
        started: dict[str, Revision] = {}
        try:
            if new_revision:
                started[new_revision.name] = new_revision
                await self._start(new_revision)
            for revision in traffic.revisions():
                if revision not in service.running and revision not in started:
                    started[revision] = self._recorded(name, revision)
                    await self._start(started[revision])
        except BaseException:
            for started_revision in started.values():
                await started_revision.end()
            if new_revision:
                self._forget(name, new_revision.name)
            raise
        if new_revision:
            self._database.rows(
                "UPDATE revisions SET ready = 1 WHERE service = ? AND name = ?", (str(name), new_revision.name)
            )
        service.running |= started
        service.traffic, service.latest = traffic, latest
        service.public = bool(properties.get("invokerIamDisabled"))
        self.services[resource_name] = service
        serving = set(traffic.revisions())
        log.info("service %s serves from %s", name.service, ", ".join(sorted(serving)))
        for replaced in [revision for revision in service.running if revision not in serving]:
            self._stop_in_background(service.running.pop(replaced))
        return self._outputs(resource_name, service, properties)

    async def _start(self, revision: Revision) -> None:
        self._starting.add(revision)
        try:
            await revision.start()
        finally:
            self._starting.discard(revision)

    def _is_template_of(self, name: ServiceName, revision: str, template: Mapping[str, Any]) -> bool:
        row = self._database.row("SELECT template FROM revisions WHERE service = ? AND name = ?", (str(name), revision))
        return row is not None and json.loads(row["template"]) == template

    def _new_revision(self, name: ServiceName, template: Mapping[str, Any]) -> Revision:
        row = self._database.row("SELECT max(number) AS last FROM revisions WHERE service = ?", (str(name),))
        number = (row["last"] or 0) + 1 if row else 1
        suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3))
        revision_name = template.get("revision") or f"{name.service}-{number:05d}-{suffix}"
        if self._database.row("SELECT 1 FROM revisions WHERE service = ? AND name = ?", (str(name), revision_name)):
            raise ErrorResponse(409, f"Revision named '{revision_name}' with different configuration already exists.")
        revision = Revision(self._platform, name, revision_name, template)
        self._database.rows(
            "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, 0)",
            (str(name), revision_name, number, json.dumps(template), time.time()),
        )
        return revision

    def _forget(self, name: ServiceName, revision: str) -> None:
        self._database.rows("DELETE FROM revisions WHERE service = ? AND name = ?", (str(name), revision))

    def _stop_in_background(self, revision: Revision) -> None:
        task = asyncio.create_task(revision.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def delete(self, resource_name: str) -> None:
        """Stop a service and delete its revisions."""
        async with self._locks.setdefault(resource_name, asyncio.Lock()):
            service = self.services.pop(resource_name, None)
            if service:
                await asyncio.gather(*(revision.stop() for revision in service.running.values()))
            self._database.rows("DELETE FROM revisions WHERE service = ?", (resource_name,))

    async def close(self) -> None:
        """End all running revisions."""
        running = [revision for service in self.services.values() for revision in service.running.values()]
        ending = [revision.end() for revision in (*running, *self._starting)]
        await asyncio.gather(*ending, *self._stopping)
        for lock in self._locks.values():
            async with lock:  # wait for deployments in progress to undo themselves
                continue

    def settled(self) -> bool:
        """Return whether every instance has become ready or failed; False for a while after a restart."""
        running = [revision for service in self.services.values() for revision in service.running.values()]
        return all(instance.settled for revision in running for instance in revision.instances)

    def uri(self, resource_name: str) -> str:
        """Return a service's URL: the front end's own address for the oldest service, a subdomain for others."""
        settings = self._platform.settings
        if resource_name == next(iter(self.services), resource_name):
            return settings.service_url
        return f"http://{self.domain(_parse_name(resource_name))}.localhost:{settings.port}"

    def domain(self, name: ServiceName) -> str:
        """Return a service's name below localhost, with the project where an older service has the same name."""
        oldest = next((other for other in self.services if _parse_name(other).service == name.service), str(name))
        return name.service if oldest == str(name) else f"{name.service}-{name.project}"

    def _traffic_status(self, target: TrafficTarget, name: ServiceName) -> dict[str, Any]:
        status: dict[str, Any] = {"type": LATEST if target.latest else REVISION, "percent": target.percent}
        status |= {} if target.latest else {"revision": target.revision}
        port = self._platform.settings.port
        tagged = {"tag": target.tag, "uri": f"http://{target.tag}---{self.domain(name)}.localhost:{port}"}
        return status | (tagged if target.tag else {})

    def _outputs(self, resource_name: str, service: Service, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties that Google computes."""
        generation = str(int(properties.get("generation") or 0) + 1)
        latest = f"{resource_name}/revisions/{service.latest}"
        succeeded = {"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": utc_now()}
        return {
            "uri": self.uri(resource_name),
            "urls": [self.uri(resource_name)],
            "generation": generation,
            "observedGeneration": generation,
            "latestCreatedRevision": latest,
            "latestReadyRevision": latest,
            "trafficStatuses": [self._traffic_status(target, service.name) for target in service.traffic.targets],
            "terminalConditions": [succeeded],
            "conditions": [succeeded | {"type": kind} for kind in ("RoutesReady", "ConfigurationsReady")],
            "reconciling": False,
            "etag": f'"{secrets.token_hex(8)}"',
            "updateTime": utc_now(),
        }

    def status(self) -> list[dict[str, Any]]:
        """Return the running services with their revisions and instances."""
        return [
            {
                "name": name,
                "uri": self.uri(name),
                "traffic": [vars(target) for target in service.traffic.targets],
                "revisions": [_revision_status(revision) for revision in service.running.values()],
            }
            for name, service in self.services.items()
        ]


def _parse_name(resource_name: str) -> ServiceName:
    with contextlib.suppress(ValueError):
        _, project, _, location, _, service = resource_name.split("/")
        return ServiceName(project, location, service)
    raise ErrorResponse(400, f"{resource_name!r} does not have the form projects/P/locations/L/services/S")


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
