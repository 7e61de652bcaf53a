"""Policies of the Google organisation that a project is in: none is enforced until one is created.

A policy is created and deleted with Google's own API, and refuses what Google would refuse.
https://docs.cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies
"""

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse

KEY = "gcp:serviceaccount/key:Key"
ACCOUNT = "gcp:serviceaccount/account:Account"
NO_KEYS = ("iam.disableServiceAccountKeyCreation", "iam.managed.disableServiceAccountKeyCreation")
KNOWN_MEMBERS = ("iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers")
ACCOUNT_MEMBER = re.compile(r"serviceAccount:[^@]+@(?!gcp-sa-)([a-z0-9-]+)\.iam\.gserviceaccount\.com")


class OrganisationPolicies:
    """The policies of all projects, by name; they last as long as the process."""

    def __init__(self) -> None:
        self._policies: dict[str, dict[str, Any]] = {}

    def refuse_forbidden(self, kind: str, properties: dict[str, Any], accounts: Callable[[], list[str]]) -> None:
        """Refuse a new resource that a policy forbids. accounts: the names of the declared service accounts.

        Raises:
            ErrorResponse: 400, in Google's words.
        """
        if kind == KEY and any(map(self._is_enforced, NO_KEYS)):
            raise _refused("Key creation is not allowed on this service account.")
        member = str(properties.get("member", ""))
        if not member or not any(map(self._is_enforced, KNOWN_MEMBERS)):
            return
        account = ACCOUNT_MEMBER.fullmatch(member)
        projects = {name.split("/")[1] for name in accounts()} if account else set()
        if member.startswith("all") or (account and account[1] not in projects):
            raise _refused("One or more users named in the policy do not belong to a permitted customer.")

    def _is_enforced(self, constraint: str) -> bool:
        return any(
            rule.get("enforce") or (rule.get("values") or {}).get("allowedValues")
            for name, policy in self._policies.items()
            for rule in policy["spec"]["rules"]
            if name.endswith(f"/policies/{constraint}")
        )

    def routes(self) -> list[BaseRoute]:
        """Return the routes, on the port of the Google APIs."""
        policies = "/v2/projects/{project}/policies"
        return [
            Route(policies, self._create, methods=["POST"]),
            Route(f"{policies}/{{constraint}}:getEffectivePolicy", self._effective, methods=["GET"]),
            Route(f"{policies}/{{constraint}}", self._delete, methods=["DELETE"]),
        ]

    async def _create(self, request: Request) -> Response:
        policy = await request.json()
        prefix = f"projects/{request.path_params['project']}/policies/"
        if not str(policy.get("name", "")).startswith(prefix) or not (policy.get("spec") or {}).get("rules"):
            raise ErrorResponse(400, f"policy.name must begin with {prefix}, and policy.spec.rules must not be empty.")
        if policy["name"] in self._policies:
            raise ErrorResponse(409, f"Policy {policy['name']} already exists.")
        self._policies[policy["name"]] = policy
        return JSONResponse(policy)

    async def _effective(self, request: Request) -> Response:
        name = _name(request)
        return JSONResponse(self._policies.get(name, {"name": name, "spec": {"rules": [{"enforce": False}]}}))

    async def _delete(self, request: Request) -> Response:
        if self._policies.pop(_name(request), None) is None:
            raise ErrorResponse(404, "Requested entity was not found.")
        return JSONResponse({})


def _refused(text: str) -> ErrorResponse:
    return ErrorResponse(400, text, status="FAILED_PRECONDITION")


def _name(request: Request) -> str:
    return f"projects/{request.path_params['project']}/policies/{request.path_params['constraint']}"
