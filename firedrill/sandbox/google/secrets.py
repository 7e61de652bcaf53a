"""Secret Manager: numbered versions of secrets, and the API that reads them.

https://cloud.google.com/secret-manager/docs/reference/rest. A value leaves only through ``:access``.
"""

import base64
import time
from dataclasses import dataclass
from typing import Any

import google_crc32c
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError

ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True)
class Reference:
    """A version of a secret: a number or ``latest``."""

    project: str
    secret: str
    version: str

    def __str__(self) -> str:
        return f"projects/{self.project}/secrets/{self.secret}/versions/{self.version}"


def reference(project: str, secret: str, version: str) -> Reference:
    """From what Cloud Run takes: ``S`` or ``projects/P/secrets/S``, and a version's short or long name."""
    parts = secret.split("/")
    if len(parts) == 4:
        project, secret = parts[1], parts[3]
    return Reference(project, secret, version.rsplit("/", 1)[-1] or "latest")


class Secrets:
    """The secret versions that the database keeps. ``latest`` is the highest number, as Google resolves it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, project: str, secret: str, value: bytes, *, enabled: bool = True) -> int:
        """Keep a value as the next version; its number."""
        row = self._database.row(
            "INSERT INTO secret_versions SELECT ?, ?, coalesce(max(version), 0) + 1, ?, ?, ? FROM secret_versions "
            "WHERE project = ? AND secret = ? RETURNING version",
            (project, secret, value, ENABLED if enabled else DISABLED, time.time(), project, secret),
        )
        assert row is not None
        return int(row["version"])

    def enable(self, project: str, secret: str, version: int, *, enabled: bool) -> None:
        """Allow or refuse reading a version."""
        self._database.rows(
            "UPDATE secret_versions SET state = ? WHERE project = ? AND secret = ? AND version = ?",
            (ENABLED if enabled else DISABLED, project, secret, version),
        )

    def destroy(self, project: str, secret: str, version: int | None = None) -> None:
        """Forget a version, or all of a secret."""
        self._database.rows(
            "DELETE FROM secret_versions WHERE project = ? AND secret = ? AND version = coalesce(?, version)",
            (project, secret, version),
        )

    def access(self, wanted: Reference) -> tuple[int, bytes]:
        """Number and value of a version; GoogleError when there is none or it is disabled."""
        condition = "version = ?" if wanted.version != "latest" else "? = 'latest' ORDER BY version DESC LIMIT 1"
        row = self._database.row(
            f"SELECT * FROM secret_versions WHERE project = ? AND secret = ? AND {condition}",  # noqa: S608 (two constants)
            (wanted.project, wanted.secret, wanted.version),
        )
        if row is None:
            raise GoogleError(404, f"Secret Version [{wanted}] not found.")
        if row["state"] != ENABLED:
            raise GoogleError(400, f"Secret Version [{wanted}] is in DISABLED state.", status="FAILED_PRECONDITION")
        return int(row["version"]), bytes(row["value"])

    def versions(self, project: str, secret: str) -> list[dict[str, Any]]:
        """What can be said of a secret's versions, newest first, without their values."""
        rows = self._database.rows(
            "SELECT version, state FROM secret_versions WHERE project = ? AND secret = ? ORDER BY version DESC",
            (project, secret),
        )
        return [
            {"name": f"projects/{project}/secrets/{secret}/versions/{row['version']}", "state": row["state"]}
            for row in rows
        ]


def routes(secrets: Secrets) -> list[BaseRoute]:
    """The REST routes that clients of a running service use."""

    async def access(request: Request) -> Response:
        wanted = Reference(**request.path_params)
        number, value = secrets.access(wanted)
        payload = {"data": base64.b64encode(value).decode(), "dataCrc32c": str(google_crc32c.value(value))}
        name = str(Reference(wanted.project, wanted.secret, str(number)))
        return JSONResponse({"name": name, "payload": payload})

    async def listing(request: Request) -> Response:
        versions = secrets.versions(**request.path_params)
        return JSONResponse({"versions": versions, "totalSize": len(versions)})

    base = "/v1/projects/{project}/secrets/{secret}/versions"
    return [Route(f"{base}/{{version}}:access", access), Route(base, listing)]
