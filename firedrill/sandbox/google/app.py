"""Google Cloud of the sandbox: its state and the applications on its two ports."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from firedrill.sandbox.google import control, metadata, project_api, secrets
from firedrill.sandbox.google.cloud_run import admin_api, probes
from firedrill.sandbox.google.cloud_run.front import Front
from firedrill.sandbox.google.cloud_run.jobs import Jobs
from firedrill.sandbox.google.cloud_run.revision import Platform
from firedrill.sandbox.google.cloud_run.services import LIMITS, SERVICE_KIND, CloudRun
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse, google_error_response, invalid_json_response
from firedrill.sandbox.google.gemini import api as gemini
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.metadata import Identity
from firedrill.sandbox.google.resources import Resources
from firedrill.sandbox.google.secrets import Secrets
from firedrill.sandbox.google.storage import api as storage
from firedrill.sandbox.google.storage.buckets import Buckets
from firedrill.settings import Settings


@dataclass
class Google:
    """The Google Cloud of one sandbox. ``api`` listens on the Google port, ``front`` on the service port."""

    database: Database
    http: httpx.AsyncClient
    services: CloudRun
    jobs: Jobs
    resources: Resources
    api: Starlette
    front: Front

    async def close(self) -> None:
        """End all instances and jobs, and close the database."""
        await self.services.close()
        await self.jobs.close()
        await self.front.close()
        await self.http.aclose()
        self.database.close()


def build(settings: Settings) -> Google:
    """Build all parts over the database in the state folder; start nothing."""
    database = Database(settings.home / "google.sqlite")
    http = probes.client()
    secret_versions, buckets, iam = Secrets(database), Buckets(database), Iam(database)
    platform = Platform(settings, database, secret_versions, iam, http)
    services, jobs = CloudRun(platform), Jobs(platform)
    resources = Resources(database, services, buckets, secret_versions)

    def status() -> dict[str, Any]:
        return {"services": services.status(), "limits": list(LIMITS)}

    api = Starlette(
        routes=[
            *control.routes(resources, status, services.settled),
            *storage.routes(buckets),
            *secrets.routes(secret_versions),
            *admin_api.routes(resources, database, iam, jobs),
            *project_api.routes(resources),
            *resources.policies.routes(),
            *gemini.routes(),
            *metadata.routes(lambda: _identity(database)),
        ],
        exception_handlers={ErrorResponse: google_error_response, json.JSONDecodeError: invalid_json_response},
    )
    return Google(database, http, services, jobs, resources, api, Front(services, iam.everyone_may_invoke))


def _identity(database: Database) -> Identity:
    row = database.row("SELECT id, properties FROM resources WHERE kind = ? ORDER BY created LIMIT 1", (SERVICE_KIND,))
    if row is None:
        return Identity()
    _, project, _, location, *_ = row["id"].split("/")
    email = json.loads(row["properties"])["template"].get("serviceAccount")
    return Identity(project, location, email) if email else Identity(project, location)
