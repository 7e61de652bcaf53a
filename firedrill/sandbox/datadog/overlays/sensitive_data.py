"""Sensitive Data Scanner: https://docs.datadoghq.com/api/latest/sensitive-data-scanner/ ."""

import copy
import hashlib
import uuid

from firedrill.sandbox.datadog.forms import typed
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

GROUPS = "sds_groups"
RULES = "sds_rules"
LIMITS: Body = {
    "count_limit": 500,
    "group_count_limit": 20,
    "rule_count_limit": 500,
    "is_pci_compliant": False,
    "has_highlight_enabled": True,
    "has_multi_pass_enabled": True,
    "has_cascading_enabled": False,
    "is_configuration_superseded": False,
    "is_float_sampling_rate_enabled": False,
    "min_sampling_rate": 10,
}
"""``meta`` of answers that carry groups."""


def configuration(call: Call) -> str:
    """The id of the organisation's configuration."""
    return hashlib.sha256(call.org.encode()).hexdigest()


def version(call: Call) -> Body:
    """The version of the configuration after a write."""
    return {"version": call.number("sds_version", 1)}


def check_type(call: Call, expected: str) -> None:
    """Raise :class:`ApiError` 400 unless the body is of the type."""
    data = call.body.get("data") if isinstance(call.body, dict) else None
    kind = data.get("type") if isinstance(data, dict) else None
    if kind != expected:
        raise typed(400, f'got type "{kind or ""}" expected one of "{expected}"')


def not_found(what: str) -> ApiError:
    """The form of this family's 404."""
    detail = f"scanning {what} could not be found"
    return ApiError(404, {"status": "404", "code": "Not Found", "title": "Not Found", "detail": detail})


def group(call: Call, body: Body) -> Body:
    """A group with references to its rules."""
    rules = [{"id": one["id"], "type": "sensitive_data_scanner_rule"} for one in rules_of(call, body["id"])]
    reference = {"id": configuration(call), "type": "sensitive_data_scanner_configuration"}
    return {
        "id": body["id"],
        "type": "sensitive_data_scanner_group",
        "attributes": body["attributes"],
        "relationships": {"configuration": {"data": reference}, "rules": {"data": rules}},
    }


def rules_of(call: Call, identifier: str) -> list[Body]:
    """The rules of a group."""
    return [one for one in call.list(RULES) if one["relationships"]["group"]["data"]["id"] == identifier]


def ordered(call: Call) -> list[Body]:
    """All groups in their order."""
    return sorted(call.list(GROUPS), key=lambda one: int(one["place"]))


@serves("v2.list_scanning_groups")
def list_groups(call: Call) -> Answer:
    """The configuration: groups in their order, and their rules."""
    groups = [group(call, one) for one in ordered(call)]
    references = [{"id": one["id"], "type": one["type"]} for one in groups]
    data = {
        "attributes": {},
        "id": configuration(call),
        "relationships": {"groups": {"data": references}},
        "type": "sensitive_data_scanner_configuration",
    }
    return Answer({"data": data, "included": [*groups, *call.list(RULES)], "meta": {**LIMITS, "version": 1}})


@serves("v2.create_scanning_group")
def create_group(call: Call) -> Answer:
    """Create a group, last in the order."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    if not given.get("name"):
        raise typed(400, 'attribute "name" is required')
    products = given.get("product_list") or []
    attributes: Body = {
        "description": "",
        "filter": {"query": "*"},
        "is_enabled": False,
        "product_list": products,
        "samplings": [{"product": one, "rate": 100} for one in products],
        **given,
    }
    body: Body = {"id": str(uuid.uuid4()), "attributes": attributes, "place": len(call.list(GROUPS))}
    call.put(GROUPS, body["id"], body)
    return Answer({"data": group(call, body), "meta": {**LIMITS, **version(call)}}, 201)


def find_group(call: Call, identifier: str) -> Body:
    """A group. Raises :class:`ApiError` 404."""
    found = call.get(GROUPS, identifier)
    if found is None:
        raise not_found("group")
    return found


@serves("v2.update_scanning_group")
def update_group(call: Call) -> Answer:
    """Change a group."""
    check_type(call, "sensitive_data_scanner_group")
    body = find_group(call, call.path["group_id"])
    body["attributes"] |= copy.deepcopy(call.body["data"].get("attributes") or {})
    call.put(GROUPS, body["id"], body)
    return Answer({"meta": version(call)})


@serves("v2.delete_scanning_group")
def delete_group(call: Call) -> Answer:
    """Delete a group with its rules."""
    body = find_group(call, call.path["group_id"])
    for rule in rules_of(call, body["id"]):
        call.delete(RULES, rule["id"])
    call.delete(GROUPS, body["id"])
    return Answer({"meta": version(call)})


@serves("v2.reorder_scanning_groups")
def reorder(call: Call) -> Answer:
    """Put the groups in another order: all of them, each once."""
    related = call.body["data"].get("relationships") or {}
    wanted = [one.get("id") for one in (related.get("groups") or {}).get("data") or []]
    known = {one["id"]: one for one in ordered(call)}
    if sorted(map(str, wanted)) != sorted(known):
        raise typed(400, "all groups must be in the order exactly once")
    for place, identifier in enumerate(wanted):
        call.put(GROUPS, identifier, {**known[identifier], "place": place})
    return Answer({"meta": {**LIMITS, **version(call)}})


@serves("v2.create_scanning_rule")
def create_rule(call: Call) -> Answer:
    """Add a rule to a group."""
    data = call.body["data"]
    reference = ((data.get("relationships") or {}).get("group") or {}).get("data") or {}
    find_group(call, str(reference.get("id")))
    given = copy.deepcopy(data["attributes"])
    standard = (data["relationships"].get("standard_pattern") or {}).get("data")
    if not given.get("pattern") and not standard:
        raise typed(400, 'attribute "pattern" is required')
    attributes: Body = {
        "is_enabled": False,
        "labels": [],
        "namespaces": [],
        "excluded_namespaces": [],
        "priority": 5,
        "tags": [],
        **given,
    }
    related: Body = {"group": {"data": {"id": reference["id"], "type": "sensitive_data_scanner_group"}}}
    if standard:
        related["standard_pattern"] = {"data": standard}
    body: Body = {
        "id": str(uuid.uuid4()),
        "type": "sensitive_data_scanner_rule",
        "attributes": attributes,
        "relationships": related,
    }
    call.put(RULES, body["id"], body)
    return Answer({"data": body, "meta": version(call)}, 201)


def find_rule(call: Call) -> Body:
    """The rule of the path. Raises :class:`ApiError` 404."""
    found = call.get(RULES, call.path["rule_id"])
    if found is None:
        raise not_found("rule")
    return found


@serves("v2.update_scanning_rule")
def update_rule(call: Call) -> Answer:
    """Change a rule."""
    check_type(call, "sensitive_data_scanner_rule")
    body = find_rule(call)
    body["attributes"] |= copy.deepcopy(call.body["data"].get("attributes") or {})
    call.put(RULES, body["id"], body)
    return Answer({"meta": version(call)})


@serves("v2.delete_scanning_rule")
def delete_rule(call: Call) -> Answer:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return Answer({"meta": version(call)})
