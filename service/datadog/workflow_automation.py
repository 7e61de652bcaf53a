"""Workflow Automation: workflows started by id, handle or name; the model switch waits until its workflow ends."""

import time
from typing import Any

from pydantic import Field, field_validator
from pydantic_core import from_json

from service.context import Context
from service.datadog.client import NotFound
from service.datadog.endpoint import Endpoint, Json, Parameters
from service.llm.models import UnknownModel, resolve
from service.problems import CallerError

SWITCH_MODEL = "switch-model"
ENDED = {"success", "succeeded", "completed", "failed", "error", "canceled", "cancelled", "timed_out"}
WAIT_SECONDS, POLL_SECONDS = 15.0, 0.25


class Trigger(Parameters):
    """A workflow to start, with its input."""

    workflow_id: str = Field(min_length=1, max_length=200, description="its id, handle or name")
    context: dict[str, Any] = Field(default_factory=dict, description="the workflow's input")

    @field_validator("context", mode="before")
    @classmethod
    def _from_query(cls, context: object) -> object:
        return from_json(context) if isinstance(context, str) else context


class ModelSwitch(Parameters):
    """The model that shall answer from now on."""

    model: str = Field(
        default="", max_length=100, description="by default the fallback model; retired names are mapped"
    )
    reason: str = Field(default="requested through the API", max_length=500)


def trigger_workflow(context: Context, trigger: Trigger) -> Json:
    """Start a workflow: ``POST /datadog/workflows/trigger/{workflow_id}``."""
    workflow = _find_workflow(context, trigger.workflow_id)
    return {**_start(context, workflow, trigger.context), "status": "started"}


def switch_model(context: Context, switch: ModelSwitch) -> Json:
    """Switch the model of all instances by the workflow's HTTP step: ``POST /datadog/workflows/model-switch``."""
    try:
        model = resolve(switch.model or context.settings.model_fallback)
    except UnknownModel as error:
        raise CallerError(str(error)) from None
    workflow = _find_workflow(context, SWITCH_MODEL)
    # A workflow refuses inputs that it does not declare.
    schema = (workflow["attributes"].get("spec") or {}).get("inputSchema") or {}
    declared = {parameter["name"] for parameter in schema.get("parameters") or ()}
    inputs = {name: value for name, value in (("model", model), ("reason", switch.reason)) if name in declared}
    started = _start(context, workflow, inputs)
    status = _wait(context, started)
    retired = {"model_asked": switch.model} if switch.model and switch.model != model else {}
    return {**started, "model": model, **retired, "status": status}


def _start(context: Context, workflow: Json, inputs: Json) -> Json:
    body = {"meta": {"payload": inputs}}
    instance = context.datadog.call("v2.WorkflowAutomationApi.create_workflow_instance", workflow["id"], body)
    return {
        "workflow_id": workflow["id"],
        "name": workflow["attributes"]["name"],
        "handle": _handle(workflow),
        "instance_id": instance["data"]["id"],
    }


def _wait(context: Context, started: Json) -> str:
    """Return the status of a workflow's instance when it has ended, or when it takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        answer = context.datadog.call(
            "v2.WorkflowAutomationApi.get_workflow_instance", started["workflow_id"], started["instance_id"]
        )
        attributes = answer["data"].get("attributes") or {}
        # Recorded responses have the status under instanceStatus, older ones under status.
        detail = attributes.get("instanceStatus") or {}
        status = str(detail.get("detailsKind") or attributes.get("status") or "unknown").lower()
        if status in ENDED or time.monotonic() > deadline:
            return status
        time.sleep(POLL_SECONDS)


def _find_workflow(context: Context, key: str) -> Json:
    """Return the workflow with this id, else handle, else name. Raises :class:`NotFound` with all handles."""
    workflows: list[Json] = context.datadog.call("v2.WorkflowAutomationApi.list_workflows")["data"]
    for key_of in (lambda workflow: workflow["id"], _handle, lambda workflow: workflow["attributes"]["name"]):
        for workflow in workflows:
            if key_of(workflow) == key:
                return workflow
    handles = sorted(handle for workflow in workflows if (handle := _handle(workflow)))
    raise NotFound(f"no workflow has this id, handle or name; handles: {', '.join(handles) or 'none'}")


def _handle(workflow: Json) -> str | None:
    handle: str | None = (workflow["attributes"].get("spec") or {}).get("handle")
    return handle


ENDPOINTS = (
    Endpoint(
        "POST", "/workflows/trigger/{workflow_id}", "Trigger a workflow",
        "WorkflowAutomationApi.create_workflow_instance (v2)", Trigger, trigger_workflow, creates=True,
    ),
    Endpoint(
        "POST", "/workflows/model-switch", "Switch the model through its workflow",
        "WorkflowAutomationApi.create_workflow_instance, get_workflow_instance (v2)", ModelSwitch, switch_model,
        creates=True,
    ),
)  # fmt: skip
