"""Restriction policies of single objects: https://docs.datadoghq.com/api/latest/restriction-policies/ ."""

import copy

from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

POLICIES = "restriction_policies"
RELATIONS = {
    "monitor": {"viewer", "editor"},
    "dashboard": {"viewer", "editor"},
    "notebook": {"viewer", "editor"},
    "slo": {"viewer", "editor"},
    "synthetics-test": {"viewer", "editor"},
    "workflow": {"viewer", "runner", "editor"},
    "connection": {"viewer", "resolver", "editor"},
}
"""The relations that a principal can have to an object, by the kind of the object."""


def policy_response(identifier: str, bindings: list[Body]) -> ApiResponse:
    """Return a policy as responses have it."""
    return ApiResponse({"data": {"id": identifier, "type": "restriction_policy", "attributes": {"bindings": bindings}}})


def resource(call: Call) -> str:
    """Return the object of the path, ``kind:id``. Raises :class:`ApiError` 400."""
    identifier = call.path["resource_id"]
    kind, _, name = identifier.partition(":")
    if not kind or not name:
        raise ApiError(400, f"Invalid resource: {identifier!r} is not in a valid format")
    return identifier


@serves("v2.get_restriction_policy")
def get_policy(call: Call) -> ApiResponse:
    """Return the policy of an object; without one it has no bindings."""
    identifier = resource(call)
    policy = call.get(POLICIES, identifier)
    return policy_response(identifier, policy["bindings"] if policy else [])


@serves("v2.update_restriction_policy")
def put_policy(call: Call) -> ApiResponse:
    """Replace the policy of an object."""
    identifier = resource(call)
    kind = identifier.partition(":")[0]
    if kind not in RELATIONS:
        raise generic_error(400, f"resource {identifier!r} cannot be restricted")
    bindings: list[Body] = copy.deepcopy(call.body["data"]["attributes"]["bindings"])
    for binding in bindings:
        if binding["relation"] not in RELATIONS[kind]:
            raise generic_error(400, f"a {kind} has no relation {binding['relation']!r}")
        wrong = [
            text for text in binding["principals"] if text.partition(":")[0] not in {"user", "team", "role", "org"}
        ]
        if wrong:
            raise generic_error(400, f"principal {wrong[0]!r} is not like team:ID, user:ID, role:ID or org:ID")
    call.put(POLICIES, identifier, {"id": identifier, "bindings": bindings})
    return policy_response(identifier, bindings)


@serves("v2.delete_restriction_policy")
def delete_policy(call: Call) -> ApiResponse:
    """Remove the policy of an object."""
    call.delete(POLICIES, resource(call))
    return NO_CONTENT
