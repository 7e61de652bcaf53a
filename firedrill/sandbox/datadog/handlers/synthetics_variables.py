"""Global variables of synthetic tests: https://docs.datadoghq.com/api/latest/synthetics/ ."""

import copy
import re
import uuid

from firedrill.sandbox.datadog.account import SYNTHETICS_TESTS, SYNTHETICS_VARIABLES, iso
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def without_secret(body: Body) -> Body:
    """Return a variable without its secret."""
    variable = copy.deepcopy(body)
    value = variable.get("value") or {}
    if value.get("secure"):
        value.pop("value", None)
    return variable


def read_response(call: Call, variable: Body) -> Body:
    """Return a variable as reads have it, with who made and who changed it."""
    me = {key: call.me["attributes"][key] for key in ("name", "handle", "email")}
    return {**without_secret(variable), "creator": me, "editor": me}


def variable_body(call: Call, identifier: str, old: Body | None) -> Body:
    """Return a variable from the request. Raises :class:`ApiError` 400."""
    requested = call.body
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", requested["name"]):
        raise ApiError(400, "name: must consist of upper case letters, digits and underscores")
    if any(
        variable["name"] == requested["name"] and variable["id"] != identifier
        for variable in call.list(SYNTHETICS_VARIABLES)
    ):
        raise ApiError(400, f"name: variable {requested['name']} already exists")
    test = requested.get("parse_test_public_id")
    if test and call.get(SYNTHETICS_TESTS, test) is None:
        raise ApiError(400, f"parse_test_public_id: test {test} not found")
    value = {"secure": bool(requested.get("is_fido") or requested.get("is_totp")), **(requested.get("value") or {})}
    if old and "value" not in value and old["value"].get("secure"):
        value["value"] = old["value"].get("value")
    body: Body = {
        "id": identifier,
        "name": requested["name"],
        "description": requested["description"],
        "type": "variable",
        "tags": requested["tags"],
        "last_error": None,
        "value": value,
        "created_at": old["created_at"] if old else iso(call.now),
        "modified_at": iso(call.now),
    }
    for key in ("is_fido", "is_totp", "parse_test_public_id", "parse_test_options", "attributes"):
        if requested.get(key) is not None:
            body[key] = copy.deepcopy(requested[key])
    return body


def find_variable(call: Call) -> Body:
    """Return the variable of the path. Raises :class:`ApiError` 404."""
    variable = call.get(SYNTHETICS_VARIABLES, call.path["variable_id"])
    if variable is None:
        raise ApiError(404, "Synthetics global variable not found")
    return variable


@serves("v1.create_global_variable")
def create_variable(call: Call) -> ApiResponse:
    """Create a variable."""
    body = variable_body(call, str(uuid.uuid4()), None)
    call.put(SYNTHETICS_VARIABLES, body["id"], body)
    return ApiResponse(without_secret(body))


@serves("v1.get_global_variable")
def get_variable(call: Call) -> ApiResponse:
    """Return one variable."""
    return ApiResponse(read_response(call, find_variable(call)))


@serves("v1.list_global_variables")
def list_variables(call: Call) -> ApiResponse:
    """Return all variables."""
    return ApiResponse({"variables": [read_response(call, variable) for variable in call.list(SYNTHETICS_VARIABLES)]})


@serves("v1.edit_global_variable")
def edit_variable(call: Call) -> ApiResponse:
    """Replace a variable."""
    old = find_variable(call)
    body = variable_body(call, old["id"], old)
    call.put(SYNTHETICS_VARIABLES, body["id"], body)
    return ApiResponse(without_secret(body))


@serves("v1.delete_global_variable")
def delete_variable(call: Call) -> ApiResponse:
    """Delete a variable."""
    call.delete(SYNTHETICS_VARIABLES, find_variable(call)["id"])
    return ApiResponse(None)
