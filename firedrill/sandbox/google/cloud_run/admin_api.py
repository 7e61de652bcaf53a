"""Cloud Run's Admin API, as far as the stack uses it: revisions, a service's traffic, and job executions.

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

from firedrill.sandbox.google.cloud_run.jobs import JOB_KIND, Execution, Jobs
from firedrill.sandbox.google.cloud_run.services import SERVICE_KIND
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.resources import Resources
from firedrill.settings import ACCOUNT_TOKEN

SERVICE = "/v2/projects/{project}/locations/{location}/services/{service}"
JOB = "/v2/projects/{project}/locations/{location}/jobs/{job}"
PATCHABLE = frozenset({"traffic", "annotations"})
"""Fields that can be patched here. New revisions come from the declared template."""
ANNOTATIONS = "effectiveAnnotations"
"""Pulumi's property for all annotations of a service; `annotations` has only the declared ones."""
DEFAULT_PAGE_SIZE = 100
"""Revisions on a page without `pageSize`."""
SERVICE_FIELDS = (
    "labels",
    "ingress",
    "template",
    "uri",
    "generation",
    "latestCreatedRevision",
    "latestReadyRevision",
    "etag",
)


def routes(resources: Resources, database: Database, iam: Iam, jobs: Jobs) -> list[BaseRoute]:
    """Return the routes. A service account's token needs a grant; any other token belongs to the sandbox's user."""

    def check_permission(request: Request, name: str, permission: str) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        email = token.removeprefix(ACCOUNT_TOKEN)
        project = request.path_params["project"]
        if email != token and not iam.may_run(email, project, name, permission):
            raise ErrorResponse(403, f"Permission '{permission}' denied on resource '{name}'.")

    async def get_service(request: Request) -> Response:
        check_permission(request, request.path_params["service"], "run.services.get")
        name = _service_name(request)
        return JSONResponse(_service(name, resources.get(SERVICE_KIND, name)))

    async def patch_service(request: Request) -> Response:
        check_permission(request, request.path_params["service"], "run.services.update")
        mask = set(request.query_params.get("updateMask", "").split(","))
        if not mask <= PATCHABLE:
            unsupported = ", ".join(sorted(mask - PATCHABLE))
            raise ErrorResponse(
                501, f"updateMask: the sandbox supports {' and '.join(sorted(PATCHABLE))}, not {unsupported}."
            )
        body, name, changes = await request.json(), _service_name(request), dict[str, Any]()
        if "traffic" in mask:
            changes["traffics"] = body.get("traffic")
            if not isinstance(changes["traffics"], list) or not changes["traffics"]:
                raise ErrorResponse(400, "traffic: must be a list of targets.")
        if "annotations" in mask:
            annotations = resources.get(SERVICE_KIND, name).get(ANNOTATIONS) or {}
            changes[ANNOTATIONS] = dict.fromkeys(annotations) | (body.get("annotations") or {})
        changed = await resources.patch(SERVICE_KIND, name, changes)
        operation = f"projects/{request.path_params['project']}/operations/{uuid.uuid4()}"
        return JSONResponse({"name": operation, "done": True, "response": _service(name, changed)})

    async def list_revisions(request: Request) -> Response:
        check_permission(request, request.path_params["service"], "run.revisions.list")
        name = _service_name(request)
        resources.get(SERVICE_KIND, name)
        size, start = (int(request.query_params.get(key) or 0) for key in ("pageSize", "pageToken"))
        rows = database.rows("SELECT * FROM revisions WHERE service = ? ORDER BY number DESC", (name,))
        end = start + (size or DEFAULT_PAGE_SIZE)
        more = {"nextPageToken": str(end)} if end < len(rows) else {}
        return JSONResponse({"revisions": [_revision(name, dict(row)) for row in rows[start:end]], **more})

    async def run_job(request: Request) -> Response:
        job, _, verb = request.path_params["job"].partition(":")
        if verb != "run":
            raise ErrorResponse(404, f"{request.url.path} not found.")
        check_permission(request, job, "run.jobs.run")
        name = _job_name(request, job)
        execution = jobs.start(name, resources.get(JOB_KIND, name))
        operation = f"projects/{request.path_params['project']}/operations/{uuid.uuid4()}"
        return JSONResponse({"name": operation, "done": False, "metadata": _execution(execution)})

    async def list_executions(request: Request) -> Response:
        job = request.path_params["job"]
        check_permission(request, job, "run.executions.list")
        name = _job_name(request, job)
        matches = [_execution(execution) for execution in reversed(jobs.executions) if execution.job == name]
        return JSONResponse({"executions": matches})

    return [
        Route(JOB, run_job, methods=["POST"]),
        Route(f"{JOB}/executions", list_executions, methods=["GET"]),
        Route(f"{SERVICE}/revisions", list_revisions, methods=["GET"]),
        Route(SERVICE, get_service, methods=["GET"]),
        Route(SERVICE, patch_service, methods=["PATCH"]),
    ]


def _service_name(request: Request) -> str:
    path = request.path_params
    return f"projects/{path['project']}/locations/{path['location']}/services/{path['service']}"


def _job_name(request: Request, job: str) -> str:
    path = request.path_params
    return f"projects/{path['project']}/locations/{path['location']}/jobs/{job}"


def _execution(execution: Execution) -> dict[str, Any]:
    """Return an execution in the form of API v2."""
    counts = {"runningCount": 1} if execution.state == "running" else {f"{execution.state}Count": 1}
    return {"name": execution.name, "job": execution.job, "taskCount": 1, **counts}


def _service(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return a service in the form of API v2, whose names are singular where Pulumi's are plural."""
    fields = {key: properties[key] for key in SERVICE_FIELDS if key in properties}
    return {
        "name": name,
        **json.loads(json.dumps(fields)),
        "annotations": properties.get(ANNOTATIONS) or {},
        "traffic": properties.get("traffics") or [],
        "trafficStatuses": properties.get("trafficStatuses") or [],
    }


def _revision(service: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a revision in the form of API v2, whose names are singular where Pulumi's are plural."""
    template = json.loads(row["template"])
    state = "CONDITION_SUCCEEDED" if row["ready"] else "CONDITION_PENDING"
    return {
        "name": f"{service}/revisions/{row['name']}",
        "service": service.rpartition("/")[2],
        "createTime": datetime.fromtimestamp(row["created"], UTC).isoformat().replace("+00:00", "Z"),
        "labels": template.get("labels") or {},
        "containers": [
            {"image": container.get("image"), "env": [_variable(variable) for variable in container.get("envs") or ()]}
            for container in template.get("containers") or ()
        ],
        "conditions": [{"type": "Ready", "state": state}],
    }


def _variable(declared: dict[str, Any]) -> dict[str, Any]:
    return {key: declared[key] for key in ("name", "value", "valueSource") if key in declared}
