"""The declared Google resources: stored by kind and id, and carried out by their kind's behaviour.

``/-/resources/KIND/ID`` is how the sandbox's gcp provider creates, reads, updates and deletes them, and how a person
changes one outside Pulumi (PATCH, a JSON merge patch). A kind without a behaviour is recorded only.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from firedrill.sandbox.google import scheduler
from firedrill.sandbox.google.behaviours import (
    SECRET,
    Behaviour,
    BucketBehaviour,
    Properties,
    SecretBehaviour,
    SecretVersionBehaviour,
    ServiceBehaviour,
)
from firedrill.sandbox.google.cloud_run.services import SERVICE_KIND, CloudRun
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.iam import JOB_GRANT, PROJECT_GRANT, SECRET_GRANT, SERVICE_GRANT
from firedrill.sandbox.google.organisation_policies import ACCOUNT, OrganisationPolicies
from firedrill.sandbox.google.secrets import Secrets
from firedrill.sandbox.google.storage.buckets import Buckets

EFFECTS = {
    SECRET_GRANT: "checked when an instance starts",
    PROJECT_GRANT: "roles/secretmanager.secretAccessor is checked when an instance starts, others are recorded only",
    JOB_GRANT: "checked when a job is run",
    "gcp:cloudrunv2/job:Job": "runs on request (jobs:run)",
    SERVICE_GRANT: "checked at each request of the service and of its Admin API",
    scheduler.KIND: "its HTTP target is called on schedule, without a token",
}
RECORDED = "recorded only"
REPEATABLE = re.compile(r"I[Aa][Mm]Member$|^gcp:projects/service:Service$")
"""Kinds whose creation may be repeated: IAM members and enabled APIs."""


class Resources:
    """All declared resources by kind and id."""

    def __init__(self, database: Database, services: CloudRun, buckets: Buckets, secrets: Secrets) -> None:
        self._database = database
        self._behaviours: dict[str, Behaviour] = {
            SERVICE_KIND: ServiceBehaviour(services),
            SECRET: SecretBehaviour(secrets),
            "gcp:secretmanager/secretVersion:SecretVersion": SecretVersionBehaviour(
                secrets, lambda name: self.find(SECRET, name) is not None
            ),
            "gcp:storage/bucket:Bucket": BucketBehaviour(buckets),
        }
        self.policies = OrganisationPolicies()

    def find(self, kind: str, name: str) -> Properties | None:
        """Return a resource's current properties, or None."""
        stored = self._stored(kind, name)
        behaviour = self._behaviours.get(kind)
        return behaviour.read(name, stored) if stored is not None and behaviour else stored

    def get(self, kind: str, name: str) -> Properties:
        """Return a resource's properties. Raises ErrorResponse 404 when there is none."""
        properties = self.find(kind, name)
        if properties is None:
            raise ErrorResponse(404, f"{kind} {name} not found.")
        return properties

    def _stored(self, kind: str, name: str) -> Properties | None:
        row = self._database.row("SELECT properties FROM resources WHERE kind = ? AND id = ?", (kind, name))
        if row is None:
            return None
        stored: Properties = json.loads(row["properties"])
        return stored

    async def create(self, kind: str, name: str, properties: Properties) -> tuple[str, Properties]:
        """Create a resource and return its id and properties.

        Creating the same resource again returns the existing one. Raises ErrorResponse 409 when the existing one has
        other properties; for IAM members and enabled APIs Google reports no conflict.
        """
        existing = self.find(kind, name)
        if existing is not None:
            if REPEATABLE.search(kind) or all(existing.get(key) == value for key, value in properties.items()):
                return name, existing
            raise ErrorResponse(
                409,
                f"{name} already exists. Delete it, import it into the stack, or use another name: Pulumi creates a "
                "replacement before it deletes the old resource",
            )
        self.policies.refuse_forbidden(kind, properties, lambda: list(self.listing().get(ACCOUNT, {}).get("ids") or ()))
        return await self._apply(kind, name, properties, None)

    async def update(self, kind: str, name: str, properties: Properties) -> Properties:
        """Change a resource to the declared properties and return the stored ones. Raises ErrorResponse 404."""
        before = self.get(kind, name)
        return (await self._apply(kind, name, properties, before))[1]

    async def patch(self, kind: str, name: str, changes: Mapping[str, Any]) -> Properties:
        """Apply a JSON merge patch (RFC 7396) to a resource's properties and return them. Raises ErrorResponse 404."""
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
        """Delete a resource. Raises ErrorResponse 404 when there is none."""
        stored = self._stored(kind, name)
        if stored is None:
            raise ErrorResponse(404, f"{kind} {name} not found.")
        behaviour = self._behaviours.get(kind)
        if behaviour:
            await behaviour.delete(name, stored)
        self._database.rows("DELETE FROM resources WHERE kind = ? AND id = ?", (kind, name))

    def listing(self) -> dict[str, dict[str, Any]]:
        """Return the ids of each kind and the sandbox's effect on it."""
        kinds: dict[str, dict[str, Any]] = {}
        for row in self._database.rows("SELECT kind, id FROM resources ORDER BY kind, id"):
            entry = kinds.setdefault(row["kind"], {"does": self._effect(row["kind"]), "ids": []})
            entry["ids"].append(row["id"])
        return kinds

    def _effect(self, kind: str) -> str:
        behaviour = self._behaviours.get(kind)
        return behaviour.effect if behaviour else EFFECTS.get(kind, RECORDED)


def _merged(before: Any, changes: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(changes, Mapping):
        return changes
    merged = {key: value for key, value in before.items() if changes.get(key, value) is not None}
    for key, value in changes.items():
        if value is not None:
            merged[key] = _merged(merged.get(key), value)
    return merged
