"""Deployment gates: https://docs.datadoghq.com/api/latest/deployment-gates/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import MONITOR_STATES, MONITORS
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

GATES = "deployment_gates"
RULES = "deployment_rules"
EVALUATIONS = "gate_evaluations"
KNOWN_OPTIONS = {
    "faulty_deployment_detection": ("duration", "excluded_resources", "allowed_resources"),
    "monitor": ("duration", "query", "warmup", "fail_on_no_data", "fail_on_no_groups_found"),
}
"""Options that a rule of a type keeps; empty ones are not answered."""


def error(status: int, detail: str) -> ApiError:
    """The form of this family's errors."""
    title = {400: "Bad Request", 404: "Not Found"}[status]
    return ApiError(status, {"status": str(status), "title": title, "detail": detail})


def person(call: Call) -> Body:
    """Who made or changed something."""
    me = call.me
    return {"id": me["id"], "name": me["attributes"]["name"], "handle": me["attributes"]["handle"]}


def zulu(call: Call) -> str:
    """Now, as this family writes it."""
    return call.now.isoformat(timespec="microseconds").replace("+00:00", "Z")


def find(call: Call, parameter: str = "gate_id", name: str = "gate_id") -> Body:
    """The gate of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path[parameter]
    if not is_uuid(identifier):
        raise error(400, f'attribute "{name}" Invalid id')
    found = call.get(GATES, identifier)
    if found is None:
        raise error(404, "Gate does not exist")
    return found


@serves("v2.create_deployment_gate")
def create(call: Call) -> Answer:
    """Create a gate; service, environment and identifier name it."""
    given = call.body["data"]["attributes"]
    key = (given["service"], given["env"], given.get("identifier") or "default")
    for name in ("service", "env"):
        if not given[name]:
            raise error(400, f"required {name} field is missing")
    if any(key == key_of(one) for one in call.list(GATES)):
        raise error(400, "Gate already exists with the given env, service and identifier")
    attributes = {
        "created_at": zulu(call),
        "created_by": person(call),
        "dry_run": given.get("dry_run", False),
        "env": key[1],
        "identifier": key[2],
        "service": key[0],
        "updated_at": zulu(call),
        "updated_by": person(call),
    }
    body: Body = {"id": str(uuid.uuid4()), "type": "deployment_gate", "attributes": attributes}
    call.put(GATES, body["id"], body)
    return Answer({"data": body})


def key_of(gate: Body) -> tuple[str, str, str]:
    """What names a gate."""
    attributes = gate["attributes"]
    return attributes["service"], attributes["env"], attributes["identifier"]


@serves("v2.get_deployment_gate")
def get(call: Call) -> Answer:
    """One gate."""
    return Answer({"data": find(call, "id", "id")})


@serves("v2.list_deployment_gates")
def list_gates(call: Call) -> Answer:
    """All gates."""
    return Answer({"data": call.list(GATES), "meta": {"page": {"cursor": "", "next_cursor": "", "size": 50}}})


@serves("v2.update_deployment_gate")
def update(call: Call) -> Answer:
    """Change whether a gate only watches."""
    body = find(call, "id", "id")
    body["attributes"] |= {
        "dry_run": call.body["data"]["attributes"]["dry_run"],
        "updated_at": zulu(call),
        "updated_by": person(call),
    }
    call.put(GATES, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_deployment_gate")
def delete(call: Call) -> Answer:
    """Delete a gate with its rules."""
    identifier = find(call, "id", "id")["id"]
    for rule in rules_of(call, identifier):
        call.delete(RULES, rule["id"])
    call.delete(GATES, identifier)
    return NO_CONTENT


def rules_of(call: Call, gate: str) -> list[Body]:
    """The rules of a gate."""
    return [one for one in call.list(RULES) if one["attributes"]["gate_id"] == gate]


def find_rule(call: Call) -> Body:
    """The rule of the path. Raises :class:`ApiError` 400, 404."""
    for parameter in ("gate_id", "id"):
        if not is_uuid(call.path[parameter]):
            raise error(400, f'attribute "{parameter}" Invalid id')
    found = call.get(RULES, call.path["id"])
    if found is None or found["attributes"]["gate_id"] != call.path["gate_id"]:
        raise error(404, "Rule does not exist")
    return found


def options(kind: str, given: Body) -> Body:
    """The options of a rule that are not empty."""
    known = KNOWN_OPTIONS.get(kind, ())
    return {key: copy.deepcopy(given[key]) for key in known if given.get(key) or given.get(key) is False}


@serves("v2.create_deployment_rule")
def create_rule(call: Call) -> Answer:
    """Add a rule to a gate."""
    gate = find(call)
    given = call.body["data"]["attributes"]
    if given["type"] == "monitor" and not given["options"].get("query"):
        raise error(400, "query is required for monitor rules")
    attributes = {
        "created_at": zulu(call),
        "created_by": person(call),
        "dry_run": given.get("dry_run", False),
        "gate_id": gate["id"],
        "name": given["name"],
        "options": options(given["type"], given["options"]),
        "type": given["type"],
        "updated_at": zulu(call),
        "updated_by": person(call),
    }
    body: Body = {"id": str(uuid.uuid4()), "type": "deployment_rule", "attributes": attributes}
    call.put(RULES, body["id"], body)
    return Answer({"data": body})


@serves("v2.get_deployment_rule")
def get_rule(call: Call) -> Answer:
    """One rule."""
    return Answer({"data": find_rule(call)})


@serves("v2.get_deployment_gate_rules")
def list_rules(call: Call) -> Answer:
    """The rules of a gate. Each with its id, which the models leave out: without it none of the list can be changed."""
    gate = find(call)["id"]
    rules = [{**one["attributes"], "id": one["id"]} for one in rules_of(call, gate)]
    return Answer({"data": {"id": gate, "type": "list_deployment_rules", "attributes": {"rules": rules}}})


@serves("v2.update_deployment_rule")
def update_rule(call: Call) -> Answer:
    """Change a rule; its type stays."""
    body = find_rule(call)
    given = call.body["data"]["attributes"]
    body["attributes"] |= {
        "dry_run": given["dry_run"],
        "name": given["name"],
        "options": options(body["attributes"]["type"], given["options"]),
        "updated_at": zulu(call),
        "updated_by": person(call),
    }
    call.put(RULES, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_deployment_rule")
def delete_rule(call: Call) -> Answer:
    """Delete a rule."""
    call.delete(RULES, find_rule(call)["id"])
    return NO_CONTENT


@serves("v2.trigger_deployment_gates_evaluation")
def evaluate(call: Call) -> Answer:
    """Evaluate the gate of a service."""
    given = call.body["data"]["attributes"]
    for name in ("service", "env"):
        if not given[name]:
            raise error(400, f"required {name} field is missing")
    service, env, identifier = given["service"], given["env"], given.get("identifier") or "default"
    gate = next((one for one in call.list(GATES) if key_of(one) == (service, env, identifier)), None)
    if gate is None:
        raise error(404, f"no gate found for service {service}, env {env}, and identifier {identifier}")
    body: Body = {"id": str(uuid.uuid4()), "gate": gate["id"], "created": call.now.timestamp()}
    call.put(EVALUATIONS, body["id"], body)
    attributes = {"evaluation_id": body["id"]}
    return Answer(
        {"data": {"id": body["id"], "type": "deployment_gates_evaluation_response", "attributes": attributes}}, 202
    )


def verdict(call: Call, rule: Body, since: float) -> str:
    """``in_progress`` in the warm-up and while the duration runs, ``fail`` when a monitor that the query selects alerts
    (or, where the rule says so, has no data), else ``pass``.

    Faulty deployment detection has no documented rule that could be evaluated here: it passes when its time is over.
    """
    given = rule["options"]
    if call.now.timestamp() - since < given.get("warmup", 0):
        return "in_progress"
    if rule["type"] == "monitor":
        failing = {"Alert", "No Data"} if given.get("fail_on_no_data") else {"Alert"}
        wanted = {term.removeprefix("tag:").strip('"') for term in given.get("query", "").split()}
        for monitor in call.list(MONITORS):
            state = (call.get(MONITOR_STATES, str(monitor["id"])) or {}).get("overall_state")
            if wanted <= set(monitor["tags"]) and state in failing:
                return "fail"
    return (
        "in_progress"
        if call.now.timestamp() - since < given.get("duration", 0)
        or (rule["type"] != "monitor" and call.now.timestamp() - since < 60)
        else "pass"
    )


@serves("v2.get_deployment_gates_evaluation_result")
def evaluation(call: Call) -> Answer:
    """How far an evaluation is."""
    identifier = call.path["id"]
    if not is_uuid(identifier):
        raise error(400, 'attribute "id" Invalid id')
    known = call.get(EVALUATIONS, identifier)
    gate = call.get(GATES, known["gate"]) if known else None
    if known is None or gate is None:
        raise error(404, f"gate evaluation with id {identifier} not found")
    rules = [one["attributes"] for one in rules_of(call, gate["id"])]
    results = [
        {"name": one["name"], "status": verdict(call, one, known["created"]), "dry_run": one["dry_run"]}
        for one in rules
    ]
    counted = {one["status"] for one in results if not one["dry_run"]}
    status = "fail" if "fail" in counted else "in_progress" if "in_progress" in counted else "pass"
    attributes = {
        "dry_run": gate["attributes"]["dry_run"],
        "evaluation_id": identifier,
        "evaluation_url": f"https://app.datadoghq.com/ci/deployment-gates/evaluations?query=%40evaluation_id%3A{identifier}",
        "gate_id": gate["id"],
        "gate_status": status,
        "rules": results,
    }
    return Answer(
        {"data": {"id": identifier, "type": "deployment_gates_evaluation_result_response", "attributes": attributes}}
    )
