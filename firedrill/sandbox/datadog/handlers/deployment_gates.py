"""Deployment gates: https://docs.datadoghq.com/api/latest/deployment-gates/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import MONITOR_STATES, MONITORS
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import timestamp, titled_error
from firedrill.sandbox.datadog.store import Body

GATES = "deployment_gates"
RULES = "deployment_rules"
EVALUATIONS = "gate_evaluations"
RULE_OPTIONS = {
    "monitor": ("duration", "query", "warmup", "fail_on_no_data", "fail_on_no_groups_found"),
    "faulty_deployment_detection": ("duration", "excluded_resources", "allowed_resources"),
}
"""Options of a rule, by its type; responses leave empty ones out."""


def author(call: Call) -> Body:
    """Return the caller as an author."""
    me = call.me
    return {"id": me["id"], "name": me["attributes"]["name"], "handle": me["attributes"]["handle"]}


def find(call: Call, parameter: str = "gate_id", name: str = "gate_id") -> Body:
    """Return the gate of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path[parameter]
    if not is_uuid(identifier):
        raise titled_error(400, f'attribute "{name}" Invalid id')
    gate = call.get(GATES, identifier)
    if gate is None:
        raise titled_error(404, "Gate does not exist")
    return gate


@serves("v2.create_deployment_gate")
def create(call: Call) -> ApiResponse:
    """Create a gate, identified by service, environment and identifier."""
    requested = call.body["data"]["attributes"]
    key = (requested["service"], requested["env"], requested.get("identifier") or "default")
    for name in ("service", "env"):
        if not requested[name]:
            raise titled_error(400, f"required {name} field is missing")
    if any(key == key_of(gate) for gate in call.list(GATES)):
        raise titled_error(400, "Gate already exists with the given env, service and identifier")
    attributes = {
        "created_at": timestamp(call),
        "created_by": author(call),
        "dry_run": requested.get("dry_run", False),
        "env": key[1],
        "identifier": key[2],
        "service": key[0],
        "updated_at": timestamp(call),
        "updated_by": author(call),
    }
    body: Body = {"id": str(uuid.uuid4()), "type": "deployment_gate", "attributes": attributes}
    call.put(GATES, body["id"], body)
    return ApiResponse({"data": body})


def key_of(gate: Body) -> tuple[str, str, str]:
    """Return what identifies a gate: service, environment and identifier."""
    attributes = gate["attributes"]
    return attributes["service"], attributes["env"], attributes["identifier"]


@serves("v2.get_deployment_gate")
def get(call: Call) -> ApiResponse:
    """Return one gate."""
    return ApiResponse({"data": find(call, "id", "id")})


@serves("v2.list_deployment_gates")
def list_gates(call: Call) -> ApiResponse:
    """Return all gates."""
    return ApiResponse({"data": call.list(GATES), "meta": {"page": {"cursor": "", "next_cursor": "", "size": 50}}})


@serves("v2.update_deployment_gate")
def update(call: Call) -> ApiResponse:
    """Change whether a gate runs dry."""
    body = find(call, "id", "id")
    body["attributes"] |= {
        "dry_run": call.body["data"]["attributes"]["dry_run"],
        "updated_at": timestamp(call),
        "updated_by": author(call),
    }
    call.put(GATES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_deployment_gate")
def delete(call: Call) -> ApiResponse:
    """Delete a gate with its rules."""
    identifier = find(call, "id", "id")["id"]
    for rule in rules_of(call, identifier):
        call.delete(RULES, rule["id"])
    call.delete(GATES, identifier)
    return NO_CONTENT


def rules_of(call: Call, gate: str) -> list[Body]:
    """Return the rules of a gate."""
    return [rule for rule in call.list(RULES) if rule["attributes"]["gate_id"] == gate]


def find_rule(call: Call) -> Body:
    """Return the rule of the path. Raises :class:`ApiError` 400, 404."""
    for parameter in ("gate_id", "id"):
        if not is_uuid(call.path[parameter]):
            raise titled_error(400, f'attribute "{parameter}" Invalid id')
    rule = call.get(RULES, call.path["id"])
    if rule is None or rule["attributes"]["gate_id"] != call.path["gate_id"]:
        raise titled_error(404, "Rule does not exist")
    return rule


def rule_options(kind: str, requested: Body) -> Body:
    """Return the options of a rule's type that are not empty."""
    names = RULE_OPTIONS.get(kind, ())
    return {key: copy.deepcopy(requested[key]) for key in names if requested.get(key) or requested.get(key) is False}


@serves("v2.create_deployment_rule")
def create_rule(call: Call) -> ApiResponse:
    """Add a rule to a gate."""
    gate = find(call)
    requested = call.body["data"]["attributes"]
    if requested["type"] not in RULE_OPTIONS:
        raise titled_error(400, f'attribute "type" must be one of "{" ".join(RULE_OPTIONS)}"')
    if requested["type"] == "monitor" and not requested["options"].get("query"):
        raise titled_error(400, "query is required for monitor rules")
    attributes = {
        "created_at": timestamp(call),
        "created_by": author(call),
        "dry_run": requested.get("dry_run", False),
        "gate_id": gate["id"],
        "name": requested["name"],
        "options": rule_options(requested["type"], requested["options"]),
        "type": requested["type"],
        "updated_at": timestamp(call),
        "updated_by": author(call),
    }
    body: Body = {"id": str(uuid.uuid4()), "type": "deployment_rule", "attributes": attributes}
    call.put(RULES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.get_deployment_rule")
def get_rule(call: Call) -> ApiResponse:
    """Return one rule."""
    return ApiResponse({"data": find_rule(call)})


@serves("v2.get_deployment_gate_rules")
def list_rules(call: Call) -> ApiResponse:
    """Return the rules of a gate, each with its id.

    The client's models leave the id out, but without it no rule of the list could be changed.
    """
    gate = find(call)["id"]
    rules = [{**rule["attributes"], "id": rule["id"]} for rule in rules_of(call, gate)]
    return ApiResponse({"data": {"id": gate, "type": "list_deployment_rules", "attributes": {"rules": rules}}})


@serves("v2.update_deployment_rule")
def update_rule(call: Call) -> ApiResponse:
    """Change a rule; its type stays."""
    body = find_rule(call)
    attributes = call.body["data"]["attributes"]
    body["attributes"] |= {
        "dry_run": attributes["dry_run"],
        "name": attributes["name"],
        "options": rule_options(body["attributes"]["type"], attributes["options"]),
        "updated_at": timestamp(call),
        "updated_by": author(call),
    }
    call.put(RULES, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_deployment_rule")
def delete_rule(call: Call) -> ApiResponse:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return NO_CONTENT


@serves("v2.trigger_deployment_gates_evaluation")
def trigger_evaluation(call: Call) -> ApiResponse:
    """Start an evaluation of the gate of a service."""
    requested = call.body["data"]["attributes"]
    for name in ("service", "env"):
        if not requested[name]:
            raise titled_error(400, f"required {name} field is missing")
    service, env, identifier = requested["service"], requested["env"], requested.get("identifier") or "default"
    gate = next((gate for gate in call.list(GATES) if key_of(gate) == (service, env, identifier)), None)
    if gate is None:
        raise titled_error(404, f"no gate found for service {service}, env {env}, and identifier {identifier}")
    body: Body = {"id": str(uuid.uuid4()), "gate": gate["id"], "created": call.now.timestamp()}
    call.put(EVALUATIONS, body["id"], body)
    attributes = {"evaluation_id": body["id"]}
    return ApiResponse(
        {"data": {"id": body["id"], "type": "deployment_gates_evaluation_response", "attributes": attributes}}, 202
    )


def rule_status(call: Call, rule: Body, since: float) -> str:
    """Return the status of a rule in an evaluation that began at ``since``.

    It is ``in_progress`` in the warm-up and while the duration runs; ``fail`` when a monitor that the query selects is
    in alert (or, where the rule says so, has no data); else ``pass``. Faulty deployment detection has no documented
    rule that could be evaluated here: it passes when its time is over.
    """
    options = rule["options"]
    if call.now.timestamp() - since < options.get("warmup", 0):
        return "in_progress"
    if rule["type"] == "monitor":
        failing = {"Alert", "No Data"} if options.get("fail_on_no_data") else {"Alert"}
        tags = {term.removeprefix("tag:").strip('"') for term in options.get("query", "").split()}
        for monitor in call.list(MONITORS):
            state = (call.get(MONITOR_STATES, str(monitor["id"])) or {}).get("overall_state")
            if tags <= set(monitor["tags"]) and state in failing:
                return "fail"
    return (
        "in_progress"
        if call.now.timestamp() - since < options.get("duration", 0)
        or (rule["type"] != "monitor" and call.now.timestamp() - since < 60)
        else "pass"
    )


@serves("v2.get_deployment_gates_evaluation_result")
def get_evaluation(call: Call) -> ApiResponse:
    """Return the state of an evaluation and of its rules."""
    identifier = call.path["id"]
    if not is_uuid(identifier):
        raise titled_error(400, 'attribute "id" Invalid id')
    stored = call.get(EVALUATIONS, identifier)
    gate = call.get(GATES, stored["gate"]) if stored else None
    if stored is None or gate is None:
        raise titled_error(404, f"gate evaluation with id {identifier} not found")
    rules = [stored_rule["attributes"] for stored_rule in rules_of(call, gate["id"])]
    results = [
        {"name": rule["name"], "status": rule_status(call, rule, stored["created"]), "dry_run": rule["dry_run"]}
        for rule in rules
    ]
    counted = {result["status"] for result in results if not result["dry_run"]}
    status = "fail" if "fail" in counted else "in_progress" if "in_progress" in counted else "pass"
    attributes = {
        "dry_run": gate["attributes"]["dry_run"],
        "evaluation_id": identifier,
        "evaluation_url": f"https://app.datadoghq.com/ci/deployment-gates/evaluations?query=%40evaluation_id%3A{identifier}",
        "gate_id": gate["id"],
        "gate_status": status,
        "rules": results,
    }
    return ApiResponse(
        {"data": {"id": identifier, "type": "deployment_gates_evaluation_result_response", "attributes": attributes}}
    )
