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
from firedrill.sandbox.google.errors import ErrorResponse

ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True)
class SecretVersionName:
    """The name of a secret's version, which is a number or ``latest``."""

    project: str
    secret: str
    version: str

    def __str__(self) -> str:
        return f"projects/{self.project}/secrets/{self.secret}/versions/{self.version}"


def secret_version_name(project: str, secret: str, version: str) -> SecretVersionName:
    """Return the name from Cloud Run's forms: ``S`` or ``projects/P/secrets/S``, a version's short or long name."""
    parts = secret.split("/")
    if len(parts) == 4:
        project, secret = parts[1], parts[3]
    return SecretVersionName(project, secret, version.rsplit("/", 1)[-1] or "latest")


class Secrets:
    """The secret versions in the database. ``latest`` is the highest number, as Google resolves it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, project: str, secret: str, value: bytes, *, enabled: bool = True) -> int:
        """Store a value as the next version and return its number."""
        row = self._database.row(
            "INSERT INTO secret_versions SELECT ?, ?, coalesce(max(version), 0) + 1, ?, ?, ? FROM secret_versions "
            "WHERE project = ? AND secret = ? RETURNING version",
            (project, secret, value, ENABLED if enabled else DISABLED, time.time(), project, secret),
        )
        assert row is not None
        return int(row["version"])

    def enable(self, project: str, secret: str, version: int, *, enabled: bool) -> None:
        """Enable or disable a version."""
        self._database.rows(
            "UPDATE secret_versions SET state = ? WHERE project = ? AND secret = ? AND version = ?",
            (ENABLED if enabled else DISABLED, project, secret, version),
        )

    def destroy(self, project: str, secret: str, version: int | None = None) -> None:
        """Delete one version, or all versions of a secret."""
        self._database.rows(
            "DELETE FROM secret_versions WHERE project = ? AND secret = ? AND version = coalesce(?, version)",
            (project, secret, version),
        )

    def access(self, version_name: SecretVersionName) -> tuple[int, bytes]:
        """Return a version's number and value. Raises ErrorResponse 404 (no such version) or 400 (disabled)."""
        condition = "version = ?" if version_name.version != "latest" else "? = 'latest' ORDER BY version DESC LIMIT 1"
        row = self._database.row(
            f"SELECT * FROM secret_versions WHERE project = ? AND secret = ? AND {condition}",  # noqa: S608 (two constants)
            (version_name.project, version_name.secret, version_name.version),
        )
        if row is None:
            raise ErrorResponse(404, f"Secret Version [{version_name}] not found.")
        if row["state"] != ENABLED:
            raise ErrorResponse(
                400, f"Secret Version [{version_name}] is in DISABLED state.", status="FAILED_PRECONDITION"
            )
        return int(row["version"]), bytes(row["value"])

    def versions(self, project: str, secret: str) -> list[dict[str, Any]]:
        """Return names and states of a secret's versions, newest first."""
        rows = self._database.rows(
            "SELECT version, state FROM secret_versions WHERE project = ? AND secret = ? ORDER BY version DESC",
            (project, secret),
        )
        return [
            {"name": f"projects/{project}/secrets/{secret}/versions/{row['version']}", "state": row["state"]}
            for row in rows
        ]


def routes(secrets: Secrets) -> list[BaseRoute]:
    """Return the routes of the REST API."""

    async def access(request: Request) -> Response:
        version_name = SecretVersionName(**request.path_params)
        number, value = secrets.access(version_name)
        payload = {"data": base64.b64encode(value).decode(), "dataCrc32c": str(google_crc32c.value(value))}
        name = str(SecretVersionName(version_name.project, version_name.secret, str(number)))
        return JSONResponse({"name": name, "payload": payload})

    async def listing(request: Request) -> Response:
        versions = secrets.versions(**request.path_params)
        return JSONResponse({"versions": versions, "totalSize": len(versions)})

    base = "/v1/projects/{project}/secrets/{secret}/versions"
    return [Route(f"{base}/{{version}}:access", access), Route(base, listing)]
