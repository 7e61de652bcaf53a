"""Project-level APIs: enabled services, permissions, models, keys of service accounts.

https://docs.cloud.google.com/service-usage/docs/reference/rest/v1/services/get ,
https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions ,
https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys . The sandbox's caller may
do everything; an API is enabled when the stack declares it.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.gemini.api import SERVED_MODELS
from firedrill.sandbox.google.resources import Resources

API = "gcp:projects/service:Service"
KEY = "gcp:serviceaccount/key:Key"


def routes(resources: Resources) -> list[BaseRoute]:
    """Return the routes, on the port of the Google APIs."""

    async def enabled(request: Request) -> Response:
        project, api = request.path_params["project"], request.path_params["api"]
        declared = resources.listing().get(API, {}).get("ids") or ()
        state = "ENABLED" if any(identifier.endswith(f"/{api}") for identifier in declared) else "DISABLED"
        return JSONResponse({"name": f"projects/{project}/services/{api}", "state": state})

    async def project(request: Request) -> Response:
        name = request.path_params["project"]
        return JSONResponse({"name": f"projects/{name}", "projectId": name, "state": "ACTIVE"})

    async def permissions(request: Request) -> Response:
        return JSONResponse({"permissions": (await request.json()).get("permissions") or []})

    async def model(request: Request) -> Response:
        name = request.path_params["model"]
        if name not in SERVED_MODELS:
            raise ErrorResponse(404, f"Publisher Model `publishers/google/models/{name}` was not found.")
        return JSONResponse({"name": f"publishers/google/models/{name}", "launchStage": "GA"})

    async def keys(request: Request) -> Response:
        account = f"projects/{request.path_params['project']}/serviceAccounts/{request.path_params['email']}"
        declared = resources.listing().get(KEY, {}).get("ids") or ()
        listed = [{"name": key, "keyType": "USER_MANAGED"} for key in declared if key.startswith(f"{account}/")]
        return JSONResponse({"keys": listed})

    async def delete_key(request: Request) -> Response:
        await resources.delete(KEY, request.url.path.removeprefix("/v1/"))
        return JSONResponse({})

    key = "/v1/projects/{project}/serviceAccounts/{email}/keys"
    return [
        Route(key, keys, methods=["GET"]),
        Route(f"{key}/{{key}}", delete_key, methods=["DELETE"]),
        Route("/v1/projects/{project}/services/{api}", enabled, methods=["GET"]),
        Route("/v3/projects/{project}:testIamPermissions", permissions, methods=["POST"]),
        Route("/v3/projects/{project}", project, methods=["GET"]),
        Route("/v1/publishers/google/models/{model}", model, methods=["GET"]),
    ]
