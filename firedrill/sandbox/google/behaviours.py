"""Behaviours of the resource kinds that do something in the sandbox: services run, buckets hold objects, and so on."""

import base64
from collections.abc import Callable
from typing import Any, Protocol

from firedrill.sandbox.google.cloud_run.services import CloudRun
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.secrets import Secrets
from firedrill.sandbox.google.storage.buckets import Buckets

Properties = dict[str, Any]
SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 (a resource kind)


class Behaviour(Protocol):
    """Behaviour of the sandbox for the resources of one kind."""

    effect: str
    """What the sandbox does with such resources, for the status report."""

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Create or change a resource and return its id and the properties to store.

        ``before`` are the stored properties, None for a new resource.
        """
        ...

    def read(self, name: str, properties: Properties) -> Properties | None:
        """Return the current properties, or None when the resource is gone."""
        ...

    async def delete(self, name: str, properties: Properties) -> None:
        """Delete the resource."""
        ...


class ServiceBehaviour:
    """Behaviour of Cloud Run services: they run."""

    effect = "runs"

    def __init__(self, services: CloudRun) -> None:
        self._services = services

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Deploy the service."""
        generation = {"generation": (before or {}).get("generation", "0")}
        return name, properties | await self._services.deploy(name, properties | generation)

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """Return the stored properties: a failed update stores nothing."""
        return properties

    async def delete(self, name: str, _properties: Properties) -> None:
        """Stop the service."""
        await self._services.delete(name)


class SecretBehaviour:
    """Behaviour of secrets: deleting one destroys its versions."""

    effect = "holds versions"

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def apply(self, name: str, properties: Properties, _before: Properties | None) -> tuple[str, Properties]:
        """Change nothing: only its versions hold data."""
        return name, properties

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """Return the stored properties."""
        return properties

    async def delete(self, _name: str, properties: Properties) -> None:
        """Destroy the secret's versions."""
        self._secrets.destroy(properties["project"], properties["secretId"])


class SecretVersionBehaviour:
    """Behaviour of secret versions: Secret Manager keeps the value, the stored properties do not."""

    effect = "read by instances and the access API"

    def __init__(self, secrets: Secrets, secret_exists: Callable[[str], bool]) -> None:
        self._secrets = secrets
        self._secret_exists = secret_exists

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Add a version, or enable or disable an existing one."""
        project, secret = _project_and_secret(properties["secret"])
        enabled = properties.get("enabled", True)
        data = properties.pop("secretData", None) or ""
        write_only = properties.pop("secretDataWo", None) or ""
        if before is not None:
            self._secrets.enable(project, secret, int(before["version"]), enabled=enabled)
            return name, properties
        if not self._secret_exists(properties["secret"]):
            raise ErrorResponse(404, f"Secret [{properties['secret']}] not found.")
        value = (data or write_only).encode()
        value = base64.b64decode(value) if properties.get("isSecretDataBase64") else value
        version = self._secrets.add(project, secret, value, enabled=enabled)
        name = f"{properties['secret']}/versions/{version}"
        return name, properties | {"name": name, "version": str(version)}

    def read(self, _name: str, properties: Properties) -> Properties | None:
        """Return the stored properties."""
        return properties

    async def delete(self, _name: str, properties: Properties) -> None:
        """Destroy the version."""
        project, secret = _project_and_secret(properties["secret"])
        self._secrets.destroy(project, secret, int(properties["version"]))


class BucketBehaviour:
    """Behaviour of buckets: they hold objects."""

    effect = "holds objects, the newest generation of each; versioning, lifecycle and retention are recorded only"

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def apply(self, name: str, properties: Properties, before: Properties | None) -> tuple[str, Properties]:
        """Create the bucket."""
        if before is None:
            location = str(properties.get("location", "EU")).upper()
            self._buckets.create_bucket(name, {"location": location, "labels": properties.get("labels") or {}})
        return name, properties

    def read(self, name: str, properties: Properties) -> Properties | None:
        """Return the stored properties, or None when the bucket was deleted through the storage API."""
        return properties if any(bucket["name"] == name for bucket in self._buckets.list_buckets()) else None

    async def delete(self, name: str, properties: Properties) -> None:
        """Delete the bucket. Raises ErrorResponse 409 when it holds objects, unless ``forceDestroy`` is set."""
        if self.read(name, properties) is not None:
            self._buckets.delete_bucket(name, force=bool(properties.get("forceDestroy")))


def _project_and_secret(name: str) -> tuple[str, str]:
    parts = name.split("/")
    if len(parts) != 4:
        raise ErrorResponse(400, f"secret: {name!r} does not have the form projects/P/secrets/S; use the secret's id")
    return parts[1], parts[3]
