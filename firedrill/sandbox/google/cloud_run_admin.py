"""Cloud Run's Admin API as far as the stack uses it: revisions, where a service's traffic goes, and a job's runs.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services.revisions/list (newest first),
https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/patch
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google import cloud_run_jobs
from firedrill.sandbox.google.cloud_run import KIND
from firedrill.sandbox.google.cloud_run_jobs import Execution, Jobs
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.resources import Resources
from firedrill.sandbox.settings import ACCOUNT_TOKEN

SERVICE = "/v2/projects/{project}/locations/{location}/services/{service}"
JOB = "/v2/projects/{project}/locations/{location}/jobs/{job}"
PATCHED = frozenset({"traffic", "annotations"})
"""What of a service the API changes here; a new revision is declared."""
ANNOTATIONS = "effectiveAnnotations"
"""All of a service's annotations, in Pulumi's words: `annotations` are the declared ones among them."""
MOST_REVISIONS = 100
"""On a page whose size is not asked for."""
SHOWN = ("labels", "ingress", "template", "uri", "generation", "latestCreatedRevision", "latestReadyRevision", "etag")


def routes(resources: Resources, database: Database, iam: Iam, jobs: Jobs) -> list[BaseRoute]:
    """The operations. A service account's token opens only what it is granted; others are whoever runs the sandbox."""

    def allowed(request: Request, name: str, permission: str) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        email = token.removeprefix(ACCOUNT_TOKEN)
        project = request.path_params["project"]
        if email != token and not iam.may_run(email, project, name, permission):
            raise GoogleError(403, f"Permission '{permission}' denied on resource '{name}'.")

    async def show(request: Request) -> Response:
        allowed(request, request.path_params["service"], "run.services.get")
        name = _name(request)
        return JSONResponse(_service(name, resources.get(KIND, name)))

    async def patch(request: Request) -> Response:
        allowed(request, request.path_params["service"], "run.services.update")
        mask = set(request.query_params.get("updateMask", "").split(","))
        if not mask <= PATCHED:
            given = ", ".join(sorted(mask - PATCHED))
            raise GoogleError(501, f"updateMask: the sandbox changes {' and '.join(sorted(PATCHED))}, not {given}.")
        body, name, changes = await request.json(), _name(request), dict[str, Any]()
        if "traffic" in mask:
            changes["traffics"] = body.get("traffic")
            if not isinstance(changes["traffics"], list) or not changes["traffics"]:
                raise GoogleError(400, "traffic: must be a list of targets.")
        if "annotations" in mask:
            known = resources.get(KIND, name).get(ANNOTATIONS) or {}
            changes[ANNOTATIONS] = dict.fromkeys(known) | (body.get("annotations") or {})
        changed = await resources.patch(KIND, name, changes)
        operation = f"projects/{request.path_params['project']}/operations/{uuid.uuid4()}"
        return JSONResponse({"name": operation, "done": True, "response": _service(name, changed)})

    async def listed(request: Request) -> Response:
        allowed(request, request.path_params["service"], "run.revisions.list")
        name = _name(request)
        resources.get(KIND, name)
        size, start = (int(request.query_params.get(key) or 0) for key in ("pageSize", "pageToken"))
        rows = database.rows("SELECT * FROM revisions WHERE service = ? ORDER BY number DESC", (name,))
        end = start + (size or MOST_REVISIONS)
        more = {"nextPageToken": str(end)} if end < len(rows) else {}
        return JSONResponse({"revisions": [_revision(name, dict(row)) for row in rows[start:end]], **more})

    async def run_job(request: Request) -> Response:
        job, _, verb = request.path_params["job"].partition(":")
        if verb != "run":
            raise GoogleError(404, f"{request.url.path} not found.")
        allowed(request, job, "run.jobs.run")
        name = _job(request, job)
        execution = jobs.start(name, resources.get(cloud_run_jobs.KIND, name))
        operation = f"projects/{request.path_params['project']}/operations/{uuid.uuid4()}"
        return JSONResponse({"name": operation, "done": False, "metadata": _execution(execution)})

    async def executions(request: Request) -> Response:
        job = request.path_params["job"]
        allowed(request, job, "run.executions.list")
        name = _job(request, job)
        found = [_execution(one) for one in reversed(jobs.executions) if one.job == name]
        return JSONResponse({"executions": found})

    return [
        Route(JOB, run_job, methods=["POST"]),
        Route(f"{JOB}/executions", executions, methods=["GET"]),
        Route(f"{SERVICE}/revisions", listed, methods=["GET"]),
        Route(SERVICE, show, methods=["GET"]),
        Route(SERVICE, patch, methods=["PATCH"]),
    ]


def _name(request: Request) -> str:
    parts = request.path_params
    return f"projects/{parts['project']}/locations/{parts['location']}/services/{parts['service']}"


def _job(request: Request, job: str) -> str:
    parts = request.path_params
    return f"projects/{parts['project']}/locations/{parts['location']}/jobs/{job}"


def _execution(execution: Execution) -> dict[str, Any]:
    """An execution as v2 answers it."""
    counts = {"runningCount": 1} if execution.state == "running" else {f"{execution.state}Count": 1}
    return {"name": execution.name, "job": execution.job, "taskCount": 1, **counts}


def _service(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A service as v2 answers it: Pulumi's plural names are the API's singular ones."""
    shown = {key: properties[key] for key in SHOWN if key in properties}
    return {
        "name": name,
        **json.loads(json.dumps(shown)),
        "annotations": properties.get(ANNOTATIONS) or {},
        "traffic": properties.get("traffics") or [],
        "trafficStatuses": properties.get("trafficStatuses") or [],
    }


def _revision(service: str, row: dict[str, Any]) -> dict[str, Any]:
    """A revision as v2 answers it; Pulumi's plural names of a container's parts are the API's singular ones."""
    template = json.loads(row["template"])
    state = "CONDITION_SUCCEEDED" if row["ready"] else "CONDITION_PENDING"
    return {
        "name": f"{service}/revisions/{row['name']}",
        "service": service.rpartition("/")[2],
        "createTime": datetime.fromtimestamp(row["created"], UTC).isoformat().replace("+00:00", "Z"),
        "labels": template.get("labels") or {},
        "containers": [
            {"image": one.get("image"), "env": [_variable(variable) for variable in one.get("envs") or ()]}
            for one in template.get("containers") or ()
        ],
        "conditions": [{"type": "Ready", "state": state}],
    }


def _variable(declared: dict[str, Any]) -> dict[str, Any]:
    return {key: declared[key] for key in ("name", "value", "valueSource") if key in declared}
