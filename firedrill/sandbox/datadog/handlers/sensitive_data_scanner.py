"""Sensitive Data Scanner: https://docs.datadoghq.com/api/latest/sensitive-data-scanner/ ."""

import copy
import hashlib
import uuid

from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import titled_error
from firedrill.sandbox.datadog.store import Body

GROUPS = "sds_groups"
RULES = "sds_rules"
LIMITS: Body = {
    "count_limit": 750,
    "group_count_limit": 20,
    "rule_count_limit": 750,
    "custom_rule_count_limit": 100,
    "is_onboarded_to_telemetry": True,
    "is_pci_compliant": False,
    "has_highlight_enabled": True,
    "has_multi_pass_enabled": True,
    "has_cascading_enabled": False,
    "is_configuration_superseded": False,
    "is_float_sampling_rate_enabled": False,
    "min_sampling_rate": 10,
}
"""``meta`` of responses with groups."""
OBFUSCATION_LIMITS: Body = {"group_targeted_obfuscation_limit": 50, "org_targeted_obfuscation_limit": 1000}
"""What ``meta`` of the whole configuration has beside them."""


def configuration_id(call: Call) -> str:
    """Return the id of the organisation's configuration."""
    return hashlib.sha256(call.org.encode()).hexdigest()


def new_version(call: Call) -> Body:
    """Return the version of the configuration after a write."""
    return {"version": call.number("sds_version", 1)}


def check_type(call: Call, expected: str) -> None:
    """Raise :class:`ApiError` 400 unless the body is of the type."""
    data = call.body.get("data") if isinstance(call.body, dict) else None
    kind = data.get("type") if isinstance(data, dict) else None
    if kind != expected:
        raise titled_error(400, f'got type "{kind or ""}" expected one of "{expected}"')


def not_found(what: str) -> ApiError:
    """Return a 404 in this family's format."""
    detail = f"scanning {what} could not be found"
    return ApiError(404, {"status": "404", "code": "Not Found", "title": "Not Found", "detail": detail})


def group_response(call: Call, body: Body) -> Body:
    """Return a group with references to its rules."""
    rules = [{"id": rule["id"], "type": "sensitive_data_scanner_rule"} for rule in rules_of(call, body["id"])]
    reference = {"id": configuration_id(call), "type": "sensitive_data_scanner_configuration"}
    return {
        "id": body["id"],
        "type": "sensitive_data_scanner_group",
        "attributes": body["attributes"],
        "relationships": {"configuration": {"data": reference}, "rules": {"data": rules}},
    }


def rules_of(call: Call, identifier: str) -> list[Body]:
    """Return the rules of a group."""
    return [rule for rule in call.list(RULES) if rule["relationships"]["group"]["data"]["id"] == identifier]


def ordered_groups(call: Call) -> list[Body]:
    """Return all groups in their order."""
    return sorted(call.list(GROUPS), key=lambda body: int(body["place"]))


@serves("v2.list_scanning_groups")
def list_groups(call: Call) -> ApiResponse:
    """Return the configuration: groups in their order, and their rules."""
    groups = [group_response(call, body) for body in ordered_groups(call)]
    references = [{"id": body["id"], "type": body["type"]} for body in groups]
    data = {
        "attributes": {},
        "id": configuration_id(call),
        "relationships": {"groups": {"data": references}},
        "type": "sensitive_data_scanner_configuration",
    }
    return ApiResponse(
        {"data": data, "included": [*groups, *call.list(RULES)], "meta": {**LIMITS, **OBFUSCATION_LIMITS, "version": 1}}
    )


@serves("v2.create_scanning_group")
def create_group(call: Call) -> ApiResponse:
    """Create a group, last in the order."""
    requested = copy.deepcopy(call.body["data"]["attributes"])
    if not (requested.get("name") or "").strip():
        raise titled_error(400, 'attribute "name" is required')
    products = requested.get("product_list") or []
    attributes: Body = {
        "description": "",
        "filter": {"query": "*"},
        "is_enabled": False,
        "product_list": products,
        "samplings": [],
        **requested,
    }
    body: Body = {"id": str(uuid.uuid4()), "attributes": attributes, "place": len(call.list(GROUPS))}
    call.put(GROUPS, body["id"], body)
    data = group_response(call, body)
    data["relationships"]["targeted_obfuscations"] = {"data": []}
    return ApiResponse({"data": data, "meta": {**LIMITS, **new_version(call)}}, 201)


def find_group(call: Call, identifier: str) -> Body:
    """Return a group. Raises :class:`ApiError` 404."""
    body = call.get(GROUPS, identifier)
    if body is None:
        raise not_found("group")
    return body


@serves("v2.update_scanning_group")
def update_group(call: Call) -> ApiResponse:
    """Change a group."""
    check_type(call, "sensitive_data_scanner_group")
    body = find_group(call, call.path["group_id"])
    body["attributes"] |= copy.deepcopy(call.body["data"].get("attributes") or {})
    call.put(GROUPS, body["id"], body)
    return ApiResponse({"meta": new_version(call)})


@serves("v2.delete_scanning_group")
def delete_group(call: Call) -> ApiResponse:
    """Delete a group with its rules."""
    body = find_group(call, call.path["group_id"])
    for rule in rules_of(call, body["id"]):
        call.delete(RULES, rule["id"])
    call.delete(GROUPS, body["id"])
    return ApiResponse({"meta": new_version(call)})


@serves("v2.reorder_scanning_groups")
def reorder(call: Call) -> ApiResponse:
    """Put the groups in another order, which names each of them once."""
    related = call.body["data"].get("relationships") or {}
    order = [entry.get("id") for entry in (related.get("groups") or {}).get("data") or []]
    groups = {entry["id"]: entry for entry in ordered_groups(call)}
    if sorted(map(str, order)) != sorted(groups):
        raise titled_error(400, "all groups must be in the order exactly once")
    for place, identifier in enumerate(order):
        call.put(GROUPS, identifier, {**groups[identifier], "place": place})
    return ApiResponse({"meta": {**LIMITS, **new_version(call)}})


@serves("v2.create_scanning_rule")
def create_rule(call: Call) -> ApiResponse:
    """Add a rule to a group."""
    data = call.body["data"]
    reference = ((data.get("relationships") or {}).get("group") or {}).get("data") or {}
    find_group(call, str(reference.get("id")))
    requested = copy.deepcopy(data["attributes"])
    standard = (data["relationships"].get("standard_pattern") or {}).get("data")
    if not (requested.get("name") or "").strip() and not standard:
        raise titled_error(400, 'attribute "name" is required')
    if not requested.get("pattern") and not standard:
        raise titled_error(400, 'attribute "pattern" is required')
    attributes: Body = {
        "is_enabled": False,
        "labels": [],
        "namespaces": [],
        "excluded_namespaces": [],
        "priority": 5,
        "suppressions": {},
        "tags": [],
        **requested,
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
    shown = {**body, "relationships": {**related, "targeted_obfuscations": {"data": []}}}
    return ApiResponse({"data": shown, "meta": new_version(call)}, 201)


def find_rule(call: Call) -> Body:
    """Return the rule of the path. Raises :class:`ApiError` 404."""
    rule = call.get(RULES, call.path["rule_id"])
    if rule is None:
        raise not_found("rule")
    return rule


@serves("v2.update_scanning_rule")
def update_rule(call: Call) -> ApiResponse:
    """Change a rule."""
    check_type(call, "sensitive_data_scanner_rule")
    body, changes = find_rule(call), copy.deepcopy(call.body["data"].get("attributes") or {})
    if "name" in changes and not str(changes["name"] or "").strip():
        raise titled_error(400, 'attribute "name" is required')
    body["attributes"] |= changes
    call.put(RULES, body["id"], body)
    return ApiResponse({"meta": new_version(call)})


@serves("v2.delete_scanning_rule")
def delete_rule(call: Call) -> ApiResponse:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return ApiResponse({"meta": new_version(call)})
