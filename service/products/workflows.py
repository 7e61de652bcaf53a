"""Workflow automation: started by id, handle or name; the model switch waits for its workflow's end."""

import time
from typing import Any

from pydantic import Field, field_validator
from pydantic_core import from_json

from service.context import Context
from service.models import UnknownModel, resolve
from service.problems import CallerError
from service.products.client import Json, NotFound
from service.products.endpoint import Answer, Asked, Endpoint

SWITCH_MODEL = "switch-model"
ENDED = {"success", "succeeded", "completed", "failed", "error", "canceled", "cancelled", "timed_out"}
WAIT_SECONDS, POLL_SECONDS = 15.0, 0.25


class Trigger(Asked):
    """Which workflow, and what it gets."""

    workflow_id: str = Field(min_length=1, max_length=200, description="its id, handle or name")
    context: dict[str, Any] = Field(default_factory=dict, description="the workflow's input")

    @field_validator("context", mode="before")
    @classmethod
    def _from_query(cls, given: object) -> object:
        return from_json(given) if isinstance(given, str) else given


class ModelSwitch(Asked):
    """Which model shall answer from now on."""

    model: str = Field(
        default="", max_length=100, description="by default the fallback model; retired names are mapped"
    )
    reason: str = Field(default="asked for through the API", max_length=500)


def trigger(context: Context, asked: Trigger) -> Answer:
    """``POST /datadog/workflows/trigger/{workflow_id}``."""
    workflow = _find(context, asked.workflow_id)
    return {**_start(context, workflow, asked.context), "status": "started"}


def switch_model(context: Context, asked: ModelSwitch) -> Answer:
    """``POST /datadog/workflows/model-switch``: the workflow's HTTP step changes the model of all instances."""
    try:
        model = resolve(asked.model or context.settings.model_fallback)
    except UnknownModel as error:
        raise CallerError(str(error)) from None
    workflow = _find(context, SWITCH_MODEL)
    # A workflow refuses inputs that it does not declare.
    schema = (workflow["attributes"].get("spec") or {}).get("inputSchema") or {}
    declared = {one["name"] for one in schema.get("parameters") or ()}
    given = {name: value for name, value in (("model", model), ("reason", asked.reason)) if name in declared}
    started = _start(context, workflow, given)
    status = _wait(context, started)
    named = {"model_asked": asked.model} if asked.model and asked.model != model else {}
    return {**started, "model": model, **named, "status": status}


def _start(context: Context, workflow: Json, given: dict[str, Any]) -> dict[str, Any]:
    body = {"meta": {"payload": given}}
    made = context.datadog.call("v2.WorkflowAutomationApi.create_workflow_instance", workflow["id"], body)
    return {
        "workflow_id": workflow["id"],
        "name": workflow["attributes"]["name"],
        "handle": _handle(workflow),
        "instance_id": made["data"]["id"],
    }


def _wait(context: Context, started: dict[str, Any]) -> str:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        answer = context.datadog.call(
            "v2.WorkflowAutomationApi.get_workflow_instance", started["workflow_id"], started["instance_id"]
        )
        attributes = answer["data"].get("attributes") or {}
        # Recorded answers have the status under instanceStatus, older ones under status.
        detail = attributes.get("instanceStatus") or {}
        status = str(detail.get("detailsKind") or attributes.get("status") or "unknown").lower()
        if status in ENDED or time.monotonic() > deadline:
            return status
        time.sleep(POLL_SECONDS)


def _find(context: Context, wanted: str) -> Json:
    """By id, else handle, else name. Raises :class:`NotFound` with the handles that there are."""
    found = context.datadog.call("v2.WorkflowAutomationApi.list_workflows")["data"]
    for same in (lambda one: one["id"], _handle, lambda one: one["attributes"]["name"]):
        for one in found:
            if same(one) == wanted:
                return one
    handles = sorted(handle for one in found if (handle := _handle(one)))
    raise NotFound(f"no workflow has this id, handle or name; handles: {', '.join(handles) or 'none'}")


def _handle(workflow: Json) -> str | None:
    handle: str | None = (workflow["attributes"].get("spec") or {}).get("handle")
    return handle


ENDPOINTS = (
    Endpoint(
        "POST", "/workflows/trigger/{workflow_id}", "Trigger a workflow",
        "WorkflowAutomationApi.create_workflow_instance (v2)", Trigger, trigger, creates=True,
    ),
    Endpoint(
        "POST", "/workflows/model-switch", "Switch the model through its workflow",
        "WorkflowAutomationApi.create_workflow_instance, get_workflow_instance (v2)", ModelSwitch, switch_model,
        creates=True,
    ),
)  # fmt: skip
