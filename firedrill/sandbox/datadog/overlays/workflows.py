"""Workflows, their instances, action connections: https://docs.datadoghq.com/api/latest/workflow-automation/ ."""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.account import CONNECTIONS, WORKFLOW_INSTANCES, WORKFLOWS
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.paging import numbered_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

DESCRIPTION_LIMIT, NAME_LIMIT = 300, 200
"""Characters."""


def zulu(call: Call) -> str:
    """Now, as this family writes it."""
    return call.now.isoformat(timespec="microseconds").replace("+00:00", "Z")


def spec_faults(spec: Any) -> list[str]:
    """What makes a specification invalid."""
    steps = spec.get("steps") or []
    names = {step["name"] for step in steps}
    starts = {name for trigger in spec.get("triggers") or [] for name in trigger.get("startStepNames") or []}
    nexts = {edge["nextStepName"] for step in steps for edge in step.get("outboundEdges") or []}
    found = []
    if not steps:
        found.append("spec is invalid")
    if len(names) != len(steps):
        found.append("step names must be unique")
    found += [f"step [{name}] does not exist" for name in sorted((starts | nexts) - names)]
    if not spec.get("triggers"):
        found.append("no trigger found. At least one trigger is required.")
    return found


def check(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 with all faults."""
    found = []
    if len(attributes.get("description") or "") > DESCRIPTION_LIMIT:
        found.append(f"workflow description exceeds size limit of [{DESCRIPTION_LIMIT}] characters")
    if not attributes.get("name"):
        found.append("workflow name is required")
    elif len(attributes["name"]) > NAME_LIMIT:
        found.append(f"workflow name exceeds size limit of [{NAME_LIMIT}] characters")
    found += spec_faults(attributes.get("spec") or {})
    if found:
        raise ApiError(400, *({"detail": detail} for detail in found))


def find(call: Call) -> Body:
    """The workflow of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["workflow_id"]
    if not is_uuid(identifier):
        raise ApiError(400, {"detail": "invalid workflow id"})
    found = call.get(WORKFLOWS, identifier)
    if found is None:
        raise ApiError(404, {"detail": "workflow not found"})
    return found


@serves("v2.create_workflow")
def create(call: Call) -> Answer:
    """Create a workflow."""
    given = call.body["data"]["attributes"]
    check(given)
    identifier, me = str(uuid.uuid4()), {"data": {"id": call.me["id"], "type": "users"}}
    attributes: Body = {
        "createdAt": zulu(call),
        "description": "",
        "published": True,
        **copy.deepcopy({key: value for key, value in given.items() if key != "webhookSecret"}),
        "tags": sorted(given.get("tags") or []),
        "updatedAt": zulu(call),
    }
    body = {
        "id": identifier,
        "type": "workflows",
        "attributes": attributes,
        "relationships": {"creator": me, "owner": me},
    }
    call.put(WORKFLOWS, identifier, body)
    return Answer({"data": body}, 201)


@serves("v2.get_workflow")
def get(call: Call) -> Answer:
    """One workflow."""
    return Answer({"data": find(call)})


@serves("v2.list_workflows")
def list_workflows(call: Call) -> Answer:
    """All workflows without their specifications."""
    bodies = call.list(WORKFLOWS)
    shown = numbered_page(call, bodies, "limit", "page", 50)
    return Answer({"data": shown, "meta": {"page": {"totalCount": len(bodies), "totalFilteredCount": len(bodies)}}})


@serves("v2.update_workflow")
def update(call: Call) -> Answer:
    """Change a workflow."""
    body = find(call)
    given = {key: value for key, value in call.body["data"]["attributes"].items() if key != "webhookSecret"}
    attributes = {**body["attributes"], **copy.deepcopy(given)}
    check(attributes)
    body["attributes"] = {**attributes, "tags": sorted(attributes.get("tags") or []), "updatedAt": zulu(call)}
    call.put(WORKFLOWS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_workflow")
def delete(call: Call) -> Answer:
    """Delete a workflow and what ran of it."""
    identifier = find(call)["id"]
    for instance in call.list(WORKFLOW_INSTANCES):
        if instance["workflow_id"] == identifier:
            call.delete(WORKFLOW_INSTANCES, instance["id"])
    call.delete(WORKFLOWS, identifier)
    return NO_CONTENT


@serves("v2.create_workflow_instance")
def run(call: Call) -> Answer:
    """Queue an instance; the runner hears of it."""
    workflow = find(call)
    triggers = (workflow["attributes"].get("spec") or {}).get("triggers") or []
    if not any("apiTrigger" in trigger for trigger in triggers):
        raise ApiError(400, {"detail": "workflow has no API trigger"})
    if not workflow["attributes"].get("published"):
        raise ApiError(400, {"detail": "workflow is not published"})
    identifier = str(uuid.uuid4())
    inputs = ((call.body or {}).get("meta") or {}).get("payload") or {}
    instance = {
        "id": identifier,
        "workflow_id": workflow["id"],
        "status": "queued",
        "inputs": inputs,
        "trigger": "api",
        "created": call.now.timestamp(),
        "steps": [],
    }
    call.put(WORKFLOW_INSTANCES, identifier, instance)
    return Answer({"data": {"id": identifier}})


def find_instance(call: Call) -> Body:
    """The instance of the path. Raises :class:`ApiError` 404."""
    if call.get(WORKFLOWS, call.path["workflow_id"]) is None and call.operation.method == "GET":
        raise ApiError(404, {"code": "WORKFLOW_NOT_FOUND", "detail": "workflow not found"})
    identifier = call.path["instance_id"]
    found = call.get(WORKFLOW_INSTANCES, identifier)
    if found is None or found["workflow_id"] != call.path["workflow_id"]:
        raise ApiError(404, {"code": "INSTANCE_NOT_FOUND", "detail": f"instance {identifier} not found"})
    return found


@serves("v2.get_workflow_instance")
def get_instance(call: Call) -> Answer:
    """One instance: status, inputs and steps."""
    found = find_instance(call)
    attributes = {key: value for key, value in found.items() if key != "id"}
    return Answer({"data": {"id": found["id"], "attributes": attributes}})


@serves("v2.list_workflow_instances")
def list_instances(call: Call) -> Answer:
    """The instances of a workflow, latest first."""
    workflow = find(call)
    found = [one for one in call.list(WORKFLOW_INSTANCES) if one["workflow_id"] == workflow["id"]][::-1]
    shown = numbered_page(call, found)
    data = [{"id": one["id"]} for one in shown]
    return Answer({"data": data, "meta": {"page": {"totalCount": len(found)}}})


@serves("v2.cancel_workflow_instance")
def cancel(call: Call) -> Answer:
    """Cancel an instance that has not ended."""
    found = find_instance(call)
    if found["status"] in ("queued", "running"):
        call.put(WORKFLOW_INSTANCES, found["id"], {**found, "status": "canceled"})
    return Answer({})


def connection_error(status: int, what: str) -> ApiError:
    """The form of a connection's errors."""
    return ApiError(status, {"title": "Generic Error", "detail": what})


GROUPS = ("headers", "url_parameters", "tokens")
"""Lists of a connection's credentials."""


def secret_free(integration: Body) -> Body:
    """An integration without what is write-only."""
    shown = copy.deepcopy(integration)
    credentials = shown.get("credentials") or {}
    for group in GROUPS:
        for one in credentials.get(group) or []:
            if one.get("type") == "SECRET":
                one.pop("value", None)
    for key in ("api_token", "api_key", "app_key", "client_secret", "password", "private_key", "secret"):
        credentials.pop(key, None)
    if isinstance(credentials.get("body"), dict):
        credentials["body"].pop("content", None)
    return shown


def check_connection(integration: Body) -> None:
    """Raise :class:`ApiError` 400 for an AWS account that is none."""
    credentials = integration.get("credentials") or {}
    account = credentials.get("account_id")
    if credentials.get("type") == "AWSAssumeRole" and not (
        isinstance(account, str) and len(account) == 12 and account.isascii() and account.isdecimal()
    ):
        raise connection_error(
            400,
            "error creating connection: rpc error: code = InvalidArgument desc = invalid "
            'CustomConnectionDataUpdate_AwsAuth_AssumeRole.AccountId: value does not match regex pattern "^\\\\d{12}$"',
        )


def find_connection(call: Call, doing: str) -> Body:
    """The connection of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["connection_id"]
    if not is_uuid(identifier):
        raise connection_error(400, "error connectionId not a valid UUID")
    found = call.get(CONNECTIONS, identifier)
    if found is None:
        raise connection_error(404, f"error {doing} connection: rpc error: code = NotFound desc = connection not found")
    return found


def connection(body: Body) -> Body:
    """A connection as it is answered."""
    attributes = {**body["attributes"], "integration": secret_free(body["attributes"]["integration"])}
    return {"data": {**body, "attributes": attributes}}


@serves("v2.create_action_connection", checked=True)
def create_connection(call: Call) -> Answer:
    """Create a connection; secrets are kept but never answered."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    check_connection(attributes["integration"])
    credentials = attributes["integration"].get("credentials") or {}
    if credentials.get("type") == "AWSAssumeRole":
        credentials |= {"external_id": uuid.uuid4().hex, "principal_id": "464622532012"}
    body = {"id": str(uuid.uuid4()), "type": "action_connection", "attributes": attributes}
    call.put(CONNECTIONS, body["id"], body)
    return Answer(connection(body), 201)


@serves("v2.get_action_connection")
def get_connection(call: Call) -> Answer:
    """One connection."""
    return Answer(connection(find_connection(call, "getting")))


@serves("v2.update_action_connection")
def update_connection(call: Call) -> Answer:
    """Change name or credentials."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    check_connection(given.get("integration") or {})
    body = find_connection(call, "updating")
    old = body["attributes"]["integration"]
    if "integration" in given:
        credentials = {**old.get("credentials", {}), **(given["integration"].get("credentials") or {})}
        for group in GROUPS:
            if group in credentials:  # a client marks what goes
                credentials[group] = [one for one in credentials[group] if not one.get("deleted")]
        given["integration"] = {**old, **given["integration"], "credentials": credentials}
    body["attributes"] |= given
    call.put(CONNECTIONS, body["id"], body)
    return Answer(connection(body))


@serves("v2.delete_action_connection")
def delete_connection(call: Call) -> Answer:
    """Delete a connection."""
    call.delete(CONNECTIONS, find_connection(call, "deleting")["id"])
    return NO_CONTENT
