"""Global variables, private locations, suites and settings of synthetic tests."""

import copy
import re
import secrets
import uuid

from firedrill.sandbox.datadog.account import SYNTHETICS_TESTS, SYNTHETICS_VARIABLES, iso, org_number
from firedrill.sandbox.datadog.overlays.dashboards import short_id
from firedrill.sandbox.datadog.overlays.synthetics import person
from firedrill.sandbox.datadog.overlays.synthetics_locations import KNOWN, locations
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

PRIVATE = "synthetics_private_locations"
SUITES = "synthetics_suites"
CAP = "synthetics_cap"


def shown(body: Body) -> Body:
    """A variable without its secret."""
    found = copy.deepcopy(body)
    value = found.get("value") or {}
    if value.get("secure"):
        value.pop("value", None)
    return found


def variable(call: Call, identifier: str, old: Body | None) -> Body:
    """A variable from a body. Raises :class:`ApiError` 400."""
    given = call.body
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", given["name"]):
        raise ApiError(400, "name: must consist of upper case letters, digits and underscores")
    if any(one["name"] == given["name"] and one["id"] != identifier for one in call.list(SYNTHETICS_VARIABLES)):
        raise ApiError(400, f"name: variable {given['name']} already exists")
    test = given.get("parse_test_public_id")
    if test and call.get(SYNTHETICS_TESTS, test) is None:
        raise ApiError(400, f"parse_test_public_id: test {test} not found")
    value = {"secure": bool(given.get("is_fido") or given.get("is_totp")), **(given.get("value") or {})}
    if old and "value" not in value and old["value"].get("secure"):
        value["value"] = old["value"].get("value")
    body: Body = {
        "id": identifier,
        "name": given["name"],
        "description": given["description"],
        "type": "variable",
        "tags": given["tags"],
        "last_error": None,
        "value": value,
        "created_at": old["created_at"] if old else iso(call.now),
        "modified_at": iso(call.now),
    }
    for key in ("is_fido", "is_totp", "parse_test_public_id", "parse_test_options", "attributes"):
        if given.get(key) is not None:
            body[key] = copy.deepcopy(given[key])
    return body


def find_variable(call: Call) -> Body:
    """The variable of the path. Raises :class:`ApiError` 404."""
    found = call.get(SYNTHETICS_VARIABLES, call.path["variable_id"])
    if found is None:
        raise ApiError(404, "Global variable not found")
    return found


@serves("v1.create_global_variable")
def create_variable(call: Call) -> Answer:
    """Create a variable."""
    body = variable(call, str(uuid.uuid4()), None)
    call.put(SYNTHETICS_VARIABLES, body["id"], body)
    return Answer(shown(body))


@serves("v1.get_global_variable")
def get_variable(call: Call) -> Answer:
    """One variable."""
    return Answer(shown(find_variable(call)))


@serves("v1.list_global_variables")
def list_variables(call: Call) -> Answer:
    """All variables."""
    return Answer({"variables": [shown(one) for one in call.list(SYNTHETICS_VARIABLES)]})


@serves("v1.edit_global_variable")
def edit_variable(call: Call) -> Answer:
    """Replace a variable."""
    old = find_variable(call)
    body = variable(call, old["id"], old)
    call.put(SYNTHETICS_VARIABLES, body["id"], body)
    return Answer(shown(body))


@serves("v1.delete_global_variable")
def delete_variable(call: Call) -> Answer:
    """Delete a variable."""
    call.delete(SYNTHETICS_VARIABLES, find_variable(call)["id"])
    return Answer(None)


@serves("v1.create_private_location")
def create_location(call: Call) -> Answer:
    """Create a private location. Keys are shown once; here they open nothing."""
    given = call.body
    name = re.sub(r"[^a-z0-9]+", "_", given["name"].lower())
    identifier = f"pl:{name}-{secrets.token_hex(16)}"
    location = {
        "createdAt": iso(call.now),
        "modifiedAt": iso(call.now),
        "description": given["description"],
        "tags": given["tags"],
        "name": given["name"],
        "metadata": given.get("metadata") or {"restricted_roles": []},
        "id": identifier,
        "createdBy": call.me["attributes"]["handle"],
    }
    call.put(PRIVATE, identifier, location)
    secret = {
        "authentication": {"id": secrets.token_hex(16), "key": secrets.token_hex(32)},
        "config_decryption": {"key": secrets.token_hex(64)},
    }
    return Answer(
        {
            "private_location": {**location, "secrets": secret},
            "config": {"id": identifier, "site": "datadoghq.com", "accessKey": secrets.token_hex(16)},
            "result_encryption": {"id": secrets.token_hex(16), "key": secrets.token_hex(64)},
        }
    )


def find_location(call: Call) -> Body:
    """The private location of the path. Raises :class:`ApiError` 404."""
    found = call.get(PRIVATE, call.path["location_id"])
    if found is None:
        raise ApiError(404, "Private location not found")
    return found


@serves("v1.get_private_location")
def get_location(call: Call) -> Answer:
    """One private location."""
    return Answer(find_location(call))


@serves("v1.update_private_location")
def update_location(call: Call) -> Answer:
    """Change a private location."""
    body = {**find_location(call), **call.body, "modifiedAt": iso(call.now)}
    call.put(PRIVATE, body["id"], body)
    return Answer(body)


@serves("v1.delete_private_location")
def delete_location(call: Call) -> Answer:
    """Delete a private location."""
    call.delete(PRIVATE, find_location(call)["id"])
    return Answer(None, 204)


@serves("v1.list_locations")
def list_locations(call: Call) -> Answer:
    """Public and private locations."""
    private = [{"id": one["id"], "name": one["name"]} for one in call.list(PRIVATE)]
    public = [{"id": one["name"], "name": one["display_name"]} for one in locations(list(KNOWN))]
    return Answer({"locations": [*public, *private]})


@serves("v2.get_on_demand_concurrency_cap")
def get_cap(call: Call) -> Answer:
    """How many on-demand tests run at once."""
    value = (call.get(CAP, "cap") or {"value": 1})["value"]
    data = {"type": "on_demand_concurrency_cap", "attributes": {"on_demand_concurrency_cap": value}}
    return Answer({"data": data})


@serves("v2.set_on_demand_concurrency_cap")
def set_cap(call: Call) -> Answer:
    """Say how many on-demand tests may run at once."""
    value = call.body.get("on_demand_concurrency_cap")
    if value is None or value < 0:
        raise ApiError(400, "on_demand_concurrency_cap: must be a number from 0 up")
    call.put(CAP, "cap", {"value": value})
    return get_cap(call)


def suite(call: Call, old: Body | None) -> Body:
    """A suite from a body."""
    given = call.body["data"]["attributes"]
    identifier = old["public_id"] if old else short_id()
    return {
        "type": "suite",
        "monitor_id": old["monitor_id"] if old else call.number("monitors", 150_000_001),
        "name": given["name"],
        "options": given.get("options") or {},
        "tests": given.get("tests") or [],
        "tags": given.get("tags") or [],
        "public_id": identifier,
        "created_at": old["created_at"] if old else iso(call.now),
        "modified_at": iso(call.now),
        "created_by": old["created_by"] if old else person(call),
        "message": given.get("message") or "",
        "org_id": org_number(call.org),
        "modified_by": person(call),
    }


def suite_answer(body: Body) -> Answer:
    """A suite as JSON:API."""
    return Answer({"data": {"type": "suites", "attributes": body, "id": body["public_id"]}})


def find_suite(call: Call) -> Body:
    """The suite of the path. Raises :class:`ApiError` 404."""
    found = call.get(SUITES, call.path["public_id"])
    if found is None:
        raise ApiError(404, "Synthetics suite not found")
    return found


@serves("v2.create_synthetics_suite")
def create_suite(call: Call) -> Answer:
    """Create a suite."""
    body = suite(call, None)
    call.put(SUITES, body["public_id"], body)
    return suite_answer(body)


@serves("v2.get_synthetics_suite")
def get_suite(call: Call) -> Answer:
    """One suite."""
    return suite_answer(find_suite(call))


@serves("v2.edit_synthetics_suite")
def edit_suite(call: Call) -> Answer:
    """Replace a suite."""
    body = suite(call, find_suite(call))
    call.put(SUITES, body["public_id"], body)
    return suite_answer(body)


@serves("v2.delete_synthetics_suites")
def delete_suites(call: Call) -> Answer:
    """Delete suites."""
    gone = []
    for identifier in call.body["data"]["attributes"]["public_ids"]:
        if not call.delete(SUITES, identifier):
            raise ApiError(404, "Synthetics suite not found")
        deleted = call.now.strftime("%Y-%m-%d %H:%M:%S.%f")
        gone.append(
            {"type": "suites", "attributes": {"deleted_at": deleted, "public_id": identifier}, "id": identifier}
        )
    return Answer({"data": gone})


@serves("v2.search_suites")
def search_suites(call: Call) -> Answer:
    """Suites by name."""
    words = call.query.get("query", "").lower()
    found = [one for one in call.list(SUITES) if words in one["name"].lower()]
    start, count = call.integer("start", 0, 0, 10**6), call.integer("count", 50, 0, 1000)
    entries = [
        {
            **{
                key: one[key]
                for key in ("monitor_id", "modified_at", "options", "tests", "name", "tags", "public_id", "type")
            },
            "created_by": {key: one["created_by"][key] for key in ("name", "handle")},
            "monitor_status": "No Data",
            "last_triggered_ts": None,
            "monitor_name": f"[Synthetics] {one['name']}",
            "notifications": [],
        }
        for one in found
    ]
    facets = [{"name": "tag", "values": tag_counts(found)}]
    attributes = {"facets": facets, "suites": entries[start : start + count], "total": len(found)}
    return Answer({"data": {"type": "suites_search", "id": str(uuid.uuid4()), "attributes": attributes}})


def tag_counts(suites: list[Body]) -> list[Body]:
    """How many suites have each tag."""
    tags = [tag for one in suites for tag in one["tags"]]
    return [{"count": tags.count(tag), "name": tag} for tag in dict.fromkeys(tags)]
