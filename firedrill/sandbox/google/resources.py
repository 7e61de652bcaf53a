"""The declared Google resources: what is stored of each, and what the sandbox does about it.

``/-/resources/KIND/ID`` is how the sandbox's gcp provider creates, reads, updates and deletes them, and how a person
edits one behind Pulumi's back (PATCH, a JSON merge patch). A kind without a behaviour is recorded only.
"""

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Protocol

from firedrill.sandbox.google import cloud_run, scheduler
from firedrill.sandbox.google.buckets import Buckets
from firedrill.sandbox.google.cloud_run import CloudRun
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.iam import JOB_GRANT, PROJECT_GRANT, SECRET_GRANT, SERVICE_GRANT
from firedrill.sandbox.google.secrets import Secrets

Properties = dict[str, Any]

CHECKED = {
    SECRET_GRANT: "checked when an instance starts",
    PROJECT_GRANT: "roles/secretmanager.secretAccessor is checked when an instance starts, others are recorded only",
    JOB_GRANT: "checked when a job is run",
    "gcp:cloudrunv2/job:Job": "runs when it is asked to (jobs:run)",
    SERVICE_GRANT: "checked at each request of the service and of its Admin API",
    scheduler.KIND: "its HTTP target is called by its schedule, without a token",
}
RECORDED = "recorded only"
REPEATED = re.compile(r"I[Aa][Mm]Member$|^gcp:projects/service:Service$")
"""Kinds whose creates may be repeated: members of a policy, which is read and written, and enabled APIs."""


class Behaviour(Protocol):
    """What the sandbox does about a kind. ``before`` is what was stored, None when it is new."""

    does: str

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Make it so; its id and the properties to store."""
        ...

    def read(self, name: str, properties: Properties) -> Properties | None:
        """The properties as they are now; None when it is gone."""
        ...

    async def delete(self, name: str, properties: Properties) -> None:
        """Take it away."""
        ...


class ServiceBehaviour:
    """Cloud Run services run."""

    does = "runs"

    def __init__(self, services: CloudRun) -> None:
        self._services = services

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Deploy."""
        known = {"generation": (before or {}).get("generation", "0")}
        return name, properties | await self._services.deploy(name, properties | known)

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """As stored: an update that failed stored nothing."""
        return properties

    async def delete(self, name: str, _properties: Properties) -> None:
        """Stop."""
        await self._services.delete(name)


class SecretBehaviour:
    """A secret: its versions go with it."""

    does = "holds versions"

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def apply(self, name: str, properties: Properties, _before: Properties | None) -> tuple[str, Properties]:
        """Nothing to do until it has a version."""
        return name, properties

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """As stored."""
        return properties

    async def delete(self, _name: str, properties: Properties) -> None:
        """Destroy its versions."""
        self._secrets.destroy(properties["project"], properties["secretId"])


class SecretVersionBehaviour:
    """Secret versions: the value goes to Secret Manager and is not stored here."""

    does = "read by instances and the access API"

    def __init__(self, secrets: Secrets, resources: "Resources") -> None:
        self._secrets = secrets
        self._resources = resources

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Add a version; or enable or disable the one that is there."""
        project, secret = _secret(properties["secret"])
        enabled = properties.get("enabled", True)
        data = properties.pop("secretData", None) or ""
        write_only = properties.pop("secretDataWo", None) or ""
        if before is not None:
            self._secrets.enable(project, secret, int(before["version"]), enabled=enabled)
            return name, properties
        if self._resources.find("gcp:secretmanager/secret:Secret", properties["secret"]) is None:
            raise GoogleError(404, f"Secret [{properties['secret']}] not found.")
        value = (data or write_only).encode()
        value = base64.b64decode(value) if properties.get("isSecretDataBase64") else value
        version = self._secrets.add(project, secret, value, enabled=enabled)
        name = f"{properties['secret']}/versions/{version}"
        return name, properties | {"name": name, "version": str(version)}

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """As stored."""
        return properties

    async def delete(self, _name: str, properties: Properties) -> None:
        """Destroy the version."""
        project, secret = _secret(properties["secret"])
        self._secrets.destroy(project, secret, int(properties["version"]))


class BucketBehaviour:
    """Buckets hold objects."""

    does = "holds objects, the newest generation of each; versioning, lifecycle and retention are recorded only"

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Create it."""
        if before is None:
            location = str(properties.get("location", "EU")).upper()
            self._buckets.create(name, {"location": location, "labels": properties.get("labels") or {}})
        return name, properties

    def read(self, name: str, properties: Properties) -> Properties | None:
        """Gone when it was deleted through the storage API."""
        return properties if any(bucket["name"] == name for bucket in self._buckets.buckets()) else None

    async def delete(self, name: str, properties: Properties) -> None:
        """Delete it; 409 when it holds objects, unless ``forceDestroy``."""
        if self.read(name, properties) is not None:
            self._buckets.delete_bucket(name, force=bool(properties.get("forceDestroy")))


class ObjectBehaviour:
    """Objects are written to their bucket."""

    does = "held in its bucket"

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Write it."""
        same = before is not None and before.get("content") == properties.get("content")
        if not same:
            media_type = properties.get("contentType") or "text/plain; charset=utf-8"
            content = str(properties.get("content") or "").encode()
            self._buckets.put(properties["bucket"], properties["name"], content, {"contentType": media_type}, {})
        return name, properties | self._computed(properties)

    def _computed(self, properties: Properties) -> Properties:
        stored = self._buckets.find(properties["bucket"], properties["name"])
        if stored is None:
            return {}
        md5, crc = stored.metadata["md5Hash"], stored.metadata["crc32c"]
        return {"generation": stored.generation, "md5hash": md5, "detectMd5hash": md5, "crc32c": crc}

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """With the checksums of what is there now; gone when it was deleted through the storage API."""
        computed = self._computed(properties)
        return properties | computed if computed else None

    async def delete(self, _name: str, properties: Properties) -> None:
        """Delete it."""
        if self._computed(properties):
            self._buckets.delete(properties["bucket"], properties["name"], {})


class Resources:
    """All declared resources by kind and id."""

    def __init__(self, database: Database, services: CloudRun, buckets: Buckets, secrets: Secrets) -> None:
        self._database = database
        self._behaviours: dict[str, Behaviour] = {
            cloud_run.KIND: ServiceBehaviour(services),
            "gcp:secretmanager/secret:Secret": SecretBehaviour(secrets),
            "gcp:secretmanager/secretVersion:SecretVersion": SecretVersionBehaviour(secrets, self),
            "gcp:storage/bucket:Bucket": BucketBehaviour(buckets),
            "gcp:storage/bucketObject:BucketObject": ObjectBehaviour(buckets),
        }

    def find(self, kind: str, name: str) -> Properties | None:
        """A resource's properties as they are now, or None."""
        stored = self._stored(kind, name)
        behaviour = self._behaviours.get(kind)
        return behaviour.read(name, stored) if stored is not None and behaviour else stored

    def get(self, kind: str, name: str) -> Properties:
        """A resource's properties; 404 when there is none."""
        found = self.find(kind, name)
        if found is None:
            raise GoogleError(404, f"{kind} {name} not found.")
        return found

    def _stored(self, kind: str, name: str) -> Properties | None:
        row = self._database.row("SELECT properties FROM resources WHERE kind = ? AND id = ?", (kind, name))
        if row is None:
            return None
        stored: Properties = json.loads(row["properties"])
        return stored

    async def create(self, kind: str, name: str, properties: Properties) -> tuple[str, Properties]:
        """Make a new resource. The same create again answers what is there; with other properties it is a 409.

        A grant that is there is granted, and an API that is on stays on: for these Google knows no conflict.
        """
        existing = self.find(kind, name)
        if existing is not None:
            if REPEATED.search(kind) or all(existing.get(key) == value for key, value in properties.items()):
                return name, existing
            raise GoogleError(
                409,
                f"{name} already exists. Delete it, import it into the stack, or give this one another name: a "
                "replacement is made before the old one is deleted",
            )
        return await self._apply(kind, name, properties, None)

    async def update(self, kind: str, name: str, properties: Properties) -> Properties:
        """Make a resource what is declared."""
        before = self.get(kind, name)
        return (await self._apply(kind, name, properties, before))[1]

    async def patch(self, kind: str, name: str, changes: Mapping[str, Any]) -> Properties:
        """Edit a resource: a JSON merge patch (RFC 7396) of its properties."""
        before = self.get(kind, name)
        return (await self._apply(kind, name, _merged(before, changes), before))[1]

    async def _apply(
        self, kind: str, name: str, properties: Properties, before: Properties | None
    ) -> tuple[str, Properties]:
        behaviour = self._behaviours.get(kind)
        if behaviour:
            name, properties = await behaviour.apply(name, dict(properties), before)
        moment = time.time()
        self._database.rows(
            "INSERT INTO resources VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET properties = excluded.properties, updated = excluded.updated",
            (kind, name, json.dumps(properties), moment, moment),
        )
        return name, properties

    async def delete(self, kind: str, name: str) -> None:
        """Delete a resource; 404 when there is none."""
        stored = self._stored(kind, name)
        if stored is None:
            raise GoogleError(404, f"{kind} {name} not found.")
        behaviour = self._behaviours.get(kind)
        if behaviour:
            await behaviour.delete(name, stored)
        self._database.rows("DELETE FROM resources WHERE kind = ? AND id = ?", (kind, name))

    def listing(self) -> dict[str, dict[str, Any]]:
        """By kind: the ids, and what the sandbox does about the kind."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._database.rows("SELECT kind, id FROM resources ORDER BY kind, id"):
            entry = found.setdefault(row["kind"], {"does": self._does(row["kind"]), "ids": []})
            entry["ids"].append(row["id"])
        return found

    def _does(self, kind: str) -> str:
        behaviour = self._behaviours.get(kind)
        return behaviour.does if behaviour else CHECKED.get(kind, RECORDED)


def _secret(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) != 4:
        raise GoogleError(400, f"secret: {name!r} is not like projects/P/secrets/S: give the secret's id")
    return parts[1], parts[3]


def _merged(before: Any, changes: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(changes, Mapping):
        return changes
    found = {key: value for key, value in before.items() if changes.get(key, value) is not None}
    for key, value in changes.items():
        if value is not None:
            found[key] = _merged(found.get(key), value)
    return found
