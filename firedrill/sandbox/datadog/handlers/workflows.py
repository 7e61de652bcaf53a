"""Workflows and their instances: https://docs.datadoghq.com/api/latest/workflow-automation/ ."""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.account import WORKFLOW_INSTANCES, WORKFLOWS
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import numbered_page
from firedrill.sandbox.datadog.http.response_parts import timestamp
from firedrill.sandbox.datadog.store import Body

DESCRIPTION_LIMIT, NAME_LIMIT = 300, 200
"""Characters."""


def spec_faults(spec: Any) -> list[str]:
    """Return what makes a specification invalid."""
    steps = spec.get("steps") or []
    names = {step["name"] for step in steps}
    starts = {name for trigger in spec.get("triggers") or [] for name in trigger.get("startStepNames") or []}
    nexts = {edge["nextStepName"] for step in steps for edge in step.get("outboundEdges") or []}
    faults = []
    if "steps" not in spec:  # an empty list is a draft
        faults.append("spec is invalid")
    if len(names) != len(steps):
        faults.append("step names must be unique")
    faults += [f"step [{name}] does not exist" for name in sorted((starts | nexts) - names)]
    if not spec.get("triggers"):
        faults.append("no trigger found. At least one trigger is required.")
    return faults


def check(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 with all faults of a workflow."""
    faults = []
    if len(attributes.get("description") or "") > DESCRIPTION_LIMIT:
        faults.append(f"workflow description exceeds size limit of [{DESCRIPTION_LIMIT}] characters")
    if not attributes.get("name"):
        faults.append("workflow name is required")
    elif len(attributes["name"]) > NAME_LIMIT:
        faults.append(f"workflow name exceeds size limit of [{NAME_LIMIT}] characters")
    faults += spec_faults(attributes.get("spec") or {})
    if faults:
        raise ApiError(400, *({"detail": detail} for detail in faults))


def find(call: Call) -> Body:
    """Return the workflow of the path. Raises :class:`ApiError` 400, 404."""
    identifier = call.path["workflow_id"]
    if not is_uuid(identifier):
        raise ApiError(400, {"detail": "invalid workflow id"})
    workflow = call.get(WORKFLOWS, identifier)
    if workflow is None:
        raise ApiError(404, {"detail": "workflow not found"})
    return workflow


@serves("v2.create_workflow")
def create(call: Call) -> ApiResponse:
    """Create a workflow."""
    requested = call.body["data"]["attributes"]
    check(requested)
    identifier, me = str(uuid.uuid4()), {"data": {"id": call.me["id"], "type": "users"}}
    attributes: Body = {
        "createdAt": timestamp(call),
        "description": "",
        "published": True,
        **copy.deepcopy({key: value for key, value in requested.items() if key != "webhookSecret"}),
        "tags": sorted(requested.get("tags") or []),
        "updatedAt": timestamp(call),
    }
    body = {
        "id": identifier,
        "type": "workflows",
        "attributes": attributes,
        "relationships": {"creator": me, "owner": me},
    }
    call.put(WORKFLOWS, identifier, body)
    return ApiResponse({"data": body}, 201)


@serves("v2.get_workflow")
def get(call: Call) -> ApiResponse:
    """Return one workflow."""
    return ApiResponse({"data": find(call)})


@serves("v2.list_workflows")
def list_workflows(call: Call) -> ApiResponse:
    """Return all workflows without their specifications."""
    bodies = call.list(WORKFLOWS)
    shown = numbered_page(call, bodies, "limit", "page", 50)
    return ApiResponse(
        {"data": shown, "meta": {"page": {"totalCount": len(bodies), "totalFilteredCount": len(bodies)}}}
    )


@serves("v2.update_workflow")
def update(call: Call) -> ApiResponse:
    """Change a workflow."""
    body = find(call)
    requested = {key: value for key, value in call.body["data"]["attributes"].items() if key != "webhookSecret"}
    attributes = {**body["attributes"], **copy.deepcopy(requested)}
    check(attributes)
    body["attributes"] = {**attributes, "tags": sorted(attributes.get("tags") or []), "updatedAt": timestamp(call)}
    call.put(WORKFLOWS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.delete_workflow")
def delete(call: Call) -> ApiResponse:
    """Delete a workflow and its instances."""
    identifier = find(call)["id"]
    for instance in call.list(WORKFLOW_INSTANCES):
        if instance["workflow_id"] == identifier:
            call.delete(WORKFLOW_INSTANCES, instance["id"])
    call.delete(WORKFLOWS, identifier)
    return NO_CONTENT


@serves("v2.create_workflow_instance")
def create_instance(call: Call) -> ApiResponse:
    """Queue an instance; the runner is notified."""
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
    return ApiResponse({"data": {"id": identifier}})


def find_instance(call: Call) -> Body:
    """Return the instance of the path. Raises :class:`ApiError` 400, 404."""
    if not is_uuid(call.path["workflow_id"]):
        detail = "value <no value> is invalid for field workflow_id"
        raise ApiError(400, {"code": "INVALID_FIELD_VALUE", "detail": detail})
    if call.get(WORKFLOWS, call.path["workflow_id"]) is None and call.operation.method == "GET":
        raise ApiError(404, {"code": "WORKFLOW_NOT_FOUND", "detail": "workflow not found"})
    identifier = call.path["instance_id"]
    instance = call.get(WORKFLOW_INSTANCES, identifier)
    if instance is None or instance["workflow_id"] != call.path["workflow_id"]:
        raise ApiError(404, {"code": "INSTANCE_NOT_FOUND", "detail": f"instance {identifier} not found"})
    return instance


@serves("v2.get_workflow_instance")
def get_instance(call: Call) -> ApiResponse:
    """Return one instance: status, inputs and steps."""
    instance = find_instance(call)
    attributes = {key: value for key, value in instance.items() if key != "id"}
    return ApiResponse({"data": {"id": instance["id"], "attributes": attributes}})


@serves("v2.list_workflow_instances")
def list_instances(call: Call) -> ApiResponse:
    """Return the instances of a workflow, newest first."""
    workflow = find(call)
    instances = [instance for instance in call.list(WORKFLOW_INSTANCES) if instance["workflow_id"] == workflow["id"]][
        ::-1
    ]
    shown = numbered_page(call, instances)
    data = [{"id": instance["id"]} for instance in shown]
    return ApiResponse({"data": data, "meta": {"page": {"totalCount": len(instances)}}})


@serves("v2.cancel_workflow_instance")
def cancel(call: Call) -> ApiResponse:
    """Cancel an instance that has not ended."""
    instance = find_instance(call)
    if instance["status"] in ("queued", "running"):
        call.put(WORKFLOW_INSTANCES, instance["id"], {**instance, "status": "canceled"})
    return ApiResponse({})
