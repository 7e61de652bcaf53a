"""The sandbox's Google Cloud put together: state, services and the applications on its two ports."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from firedrill.sandbox.google import (
    cloud_run,
    cloud_run_admin,
    cloud_run_probes,
    control,
    gemini,
    metadata,
    project_api,
    secrets,
    storage,
)
from firedrill.sandbox.google.buckets import Buckets
from firedrill.sandbox.google.cloud_run import CloudRun
from firedrill.sandbox.google.cloud_run_front import Front
from firedrill.sandbox.google.cloud_run_jobs import Jobs
from firedrill.sandbox.google.cloud_run_revision import Platform
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError, answer, unreadable
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.metadata import Identity
from firedrill.sandbox.google.resources import Resources
from firedrill.sandbox.google.secrets import Secrets
from firedrill.sandbox.settings import Settings


@dataclass
class Google:
    """One sandbox's Google Cloud. ``api`` listens on the google port, ``front`` on the service port."""

    database: Database
    http: httpx.AsyncClient
    services: CloudRun
    jobs: Jobs
    resources: Resources
    api: Starlette
    front: Front

    async def close(self) -> None:
        """End all that runs and close the files."""
        await self.services.close()
        await self.jobs.close()
        await self.front.close()
        await self.http.aclose()
        self.database.close()


def build(settings: Settings) -> Google:
    """Everything, over the database in the state folder; nothing is started yet."""
    database = Database(settings.home / "google.sqlite")
    http = cloud_run_probes.client()
    keeper, buckets, iam = Secrets(database), Buckets(database), Iam(database)
    platform = Platform(settings, database, keeper, iam, http)
    services, jobs = CloudRun(platform), Jobs(platform)
    resources = Resources(database, services, buckets, keeper)

    def status() -> dict[str, Any]:
        return {"services": services.status(), "limits": list(cloud_run.LIMITS)}

    api = Starlette(
        routes=[
            *control.routes(resources, status, services.settled),
            *storage.routes(buckets),
            *secrets.routes(keeper),
            *cloud_run_admin.routes(resources, database, iam, jobs),
            *project_api.routes(resources),
            *gemini.routes(),
            *metadata.routes(lambda: _identity(database)),
        ],
        exception_handlers={GoogleError: answer, json.JSONDecodeError: unreadable},
    )
    return Google(database, http, services, jobs, resources, api, Front(services, iam.everyone_may_invoke))


def _identity(database: Database) -> Identity:
    row = database.row(
        "SELECT id, properties FROM resources WHERE kind = ? ORDER BY created LIMIT 1", (cloud_run.KIND,)
    )
    if row is None:
        return Identity()
    _, project, _, location, *_ = row["id"].split("/")
    email = json.loads(row["properties"])["template"].get("serviceAccount")
    return Identity(project, location, email) if email else Identity(project, location)
