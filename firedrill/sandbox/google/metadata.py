"""The metadata server: identity and tokens of a Cloud Run instance.

Paths and the obligatory header are those of https://cloud.google.com/run/docs/container-contract#metadata-server.
Tokens grant nothing: the sandbox's APIs accept any.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
TOKEN_SECONDS = 3600
PROJECT_NUMBER = "123456789012"
"""The one project number of the sandbox, for every project id."""


@dataclass(frozen=True)
class Identity:
    """The identity that the metadata server returns: that of the first declared Cloud Run service, if there is one."""

    project: str = "sandbox"
    region: str = "europe-west1"
    email: str = f"{PROJECT_NUMBER}-compute@developer.gserviceaccount.com"


def _values(identity: Identity) -> dict[str, str]:
    return {
        "project/project-id": identity.project,
        "project/numeric-project-id": PROJECT_NUMBER,
        "instance/region": f"projects/{PROJECT_NUMBER}/regions/{identity.region}",
        "instance/zone": f"projects/{PROJECT_NUMBER}/zones/{identity.region}-1",
        "instance/id": "00f1e2d3c4b5a697",
        "instance/service-accounts/": f"default/\n{identity.email}/\n",
        "universe/universe-domain": "googleapis.com",
    }


def _account_values(identity: Identity) -> dict[str, Response]:
    token = {"access_token": f"ya29.{secrets.token_urlsafe(24)}", "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
    account = {"aliases": ["default"], "email": identity.email, "scopes": list(SCOPES)}
    return {
        "": JSONResponse(account, headers=FLAVOR),
        "email": PlainTextResponse(identity.email, headers=FLAVOR),
        "scopes": PlainTextResponse("\n".join(SCOPES), headers=FLAVOR),
        "token": JSONResponse(token, headers=FLAVOR),
    }


def routes(identity: Callable[[], Identity]) -> list[BaseRoute]:
    """Return the metadata server's routes; ``identity`` is called at each request."""

    async def ping(_request: Request) -> Response:
        return PlainTextResponse("computeMetadata/\n", headers=FLAVOR)

    async def value(request: Request) -> Response:
        if request.headers.get("metadata-flavor") != "Google":
            return PlainTextResponse("Missing Metadata-Flavor:Google header.", 403, headers=FLAVOR)
        current = identity()
        path = request.path_params["path"]
        for account in ("default", current.email):
            prefix = f"instance/service-accounts/{account}"
            if path == prefix or path.startswith(f"{prefix}/"):
                response = _account_values(current).get(path[len(prefix) + 1 :])
                return response or PlainTextResponse("Not Found", 404, headers=FLAVOR)
        text = _values(current).get(path)
        return PlainTextResponse(text or "Not Found", 200 if text else 404, headers=FLAVOR)

    return [Route("/", ping), Route("/computeMetadata/v1/{path:path}", value)]
