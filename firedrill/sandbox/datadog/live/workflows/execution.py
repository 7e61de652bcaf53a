"""Execution of workflows: API v2 workflow objects in, a workflow instance out.

https://docs.datadoghq.com/actions/workflows. It needs no server: everything it uses is an argument.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import httpx

from firedrill.sandbox.datadog.http.in_process import Api, CallRefused
from firedrill.sandbox.datadog.live.template_variables import UnknownVariable, fill
from firedrill.sandbox.datadog.live.workflows.actions import ACTIONS, ActionContext, Json, StepFailed

Trigger = Literal["monitor", "api"]
MAX_RETRIES = 10
INTERVAL = re.compile(r"(\d+(?:\.\d+)?)s")


class NotStarted(Exception):
    """A workflow that cannot start; the text is the reason (unpublished, no such trigger, over its rate limit)."""


@dataclass
class StepRun:
    """One executed step of an instance."""

    name: str
    action: str
    status: Literal["succeeded", "failed"]
    started: float
    finished: float
    output: Any = None
    error: str | None = None


@dataclass
class WorkflowInstance:
    """One run of a workflow. Times are epoch seconds."""

    id: str
    workflow_id: str
    workflow_name: str
    handle: str
    trigger: Trigger
    created: float
    inputs: Json
    source: Json
    status: Literal["queued", "running", "succeeded", "failed", "canceled"] = "queued"
    finished: float | None = None
    steps: list[StepRun] = field(default_factory=list)
    error: str | None = None

    def as_json(self) -> Json:
        """Return the instance as plain data."""
        return asdict(self)


def _no_account(request: str, body: Any) -> Any:
    del body
    raise CallRefused(f"{request}: this instance has no account")


@dataclass(frozen=True)
class WorkflowEnvironment:
    """Environment of instances: HTTP, the account's connections and API, and time (a drill passes its own clock)."""

    http: httpx.Client
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datadog: Api = _no_account
    now: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep


def find_by_handle(workflows: Iterable[Mapping[str, Any]], handle: str) -> Mapping[str, Any]:
    """Return the workflow with a handle. Raises :class:`NotStarted` when there is none."""
    for workflow in workflows:
        if _spec(workflow).get("handle") == handle:
            return workflow
    raise NotStarted(f"there is no workflow with the handle {handle!r}")


def start_workflow(
    workflow: Mapping[str, Any],
    trigger: Trigger,
    inputs: Mapping[str, Any],
    *,
    source: Mapping[str, Any] | None = None,
    earlier_starts: Sequence[float] = (),
    now: float,
) -> WorkflowInstance:
    """Return a new instance, not executed yet. ``earlier_starts`` are those of its instances by the same trigger.

    Raises :class:`NotStarted`: monitors only start published workflows, within the trigger's rate limit.
    """
    attributes, spec = workflow["attributes"], _spec(workflow)
    declared_trigger = _trigger(spec, trigger)
    if declared_trigger is None:
        raise NotStarted(f"workflow {attributes['name']!r} has no {trigger}Trigger")
    if trigger == "monitor":
        if not attributes.get("published"):
            raise NotStarted(f"workflow {attributes['name']!r} is not published")
        limit = (declared_trigger["monitorTrigger"] or {}).get("rateLimit") or {}
        count, interval = limit.get("count"), INTERVAL.fullmatch(str(limit.get("interval") or ""))
        if count and interval and sum(1 for at in earlier_starts if at > now - float(interval[1])) >= count:
            raise NotStarted(f"workflow {attributes['name']!r} is over its rate limit: {count} in {interval[0]}")
    return WorkflowInstance(
        id=str(uuid.uuid4()),
        workflow_id=str(workflow["id"]),
        workflow_name=attributes["name"],
        handle=str(spec.get("handle") or ""),
        trigger=trigger,
        created=now,
        inputs=resolve_inputs(workflow, inputs),
        source=dict(source or {}),
    )


def execute_workflow(
    workflow: Mapping[str, Any], instance: WorkflowInstance, environment: WorkflowEnvironment
) -> WorkflowInstance:
    """Run all steps that follow from the trigger, one after the other, and return the updated ``instance``."""
    spec = _spec(workflow)
    instance.status = "running"
    steps = {step["name"]: step for step in spec.get("steps") or ()}
    context: Json = {
        "Source": instance.source,
        "Trigger": instance.inputs,
        "Steps": {},
        "WorkflowName": instance.workflow_name,
        "WorkflowId": instance.workflow_id,
        "InstanceId": instance.id,
    }
    queue, visited = list((_trigger(spec, instance.trigger) or {}).get("startStepNames") or ()), set()
    while queue:
        name = queue.pop(0)
        if name in visited:
            continue
        visited.add(name)
        if name not in steps:
            instance.error = f"there is no step {name!r}"
            break
        step_run = _run_step(steps[name], spec, context, environment)
        instance.steps.append(step_run)
        context["Steps"][name] = step_run.output
        if step_run.status == "succeeded":
            queue += [edge["nextStepName"] for edge in steps[name].get("outboundEdges") or ()
                        if edge.get("branchName", "main") == "main"]  # fmt: skip
            continue
        fallbacks = [
            handler["fallbackStepName"] for handler in _handlers(steps[name]) if handler.get("fallbackStepName")
        ]
        if not fallbacks:
            instance.error = f"step {name!r}: {step_run.error}"
            break
        queue += fallbacks
    instance.status, instance.finished = "failed" if instance.error else "succeeded", environment.now()
    return instance


def _run_step(
    step: Mapping[str, Any], spec: Mapping[str, Any], context: Json, environment: WorkflowEnvironment
) -> StepRun:
    action, started = step["actionId"], environment.now()
    if action not in ACTIONS:
        error = f"the sandbox does not support the action {action}; it supports {', '.join(ACTIONS)}"
        return StepRun(step["name"], action, "failed", started, started, error=error)
    retries, pause = _retries(step)
    error = ""
    for attempt in range(retries + 1):
        if attempt:
            environment.wait(pause)
        try:
            action_context = ActionContext(
                _connection(step, spec, environment), environment.http, environment.wait, environment.datadog, context
            )
            inputs = {
                parameter["name"]: fill(parameter.get("value"), context) for parameter in step.get("parameters") or ()
            }
            output = ACTIONS[action](inputs, action_context)
            return StepRun(step["name"], action, "succeeded", started, environment.now(), output)
        except (StepFailed, UnknownVariable) as failure:
            error = str(failure)
    return StepRun(step["name"], action, "failed", started, environment.now(), error=error)


def _connection(
    step: Mapping[str, Any], spec: Mapping[str, Any], environment: WorkflowEnvironment
) -> Mapping[str, Any] | None:
    label = step.get("connectionLabel")
    if not label:
        return None
    for connection_environment in spec.get("connectionEnvs") or ():
        for connection in connection_environment.get("connections") or ():
            if connection.get("label") == label:
                declared = environment.connections.get(str(connection["connectionId"]))
                if declared is None:
                    raise StepFailed(f"connection {connection['connectionId']} ({label}) does not exist")
                return declared
    raise StepFailed(f"no connection has the label {label!r}")


def _retries(step: Mapping[str, Any]) -> tuple[int, float]:
    """Return the number of retries and the seconds between them, by the linear strategy."""
    for handler in _handlers(step):
        linear = (handler.get("retryStrategy") or {}).get("linear") or {}
        if linear:
            interval = INTERVAL.fullmatch(str(linear.get("interval") or ""))
            return min(int(linear.get("maxRetries") or 0), MAX_RETRIES), float(interval[1]) if interval else 0.0
    return 0, 0.0


def _handlers(step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(step.get("errorHandlers") or ())


def _spec(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = workflow["attributes"].get("spec") or {}
    return spec


def _trigger(spec: Mapping[str, Any], kind: Trigger) -> Mapping[str, Any] | None:
    return next((trigger for trigger in spec.get("triggers") or () if f"{kind}Trigger" in trigger), None)


def resolve_inputs(workflow: Mapping[str, Any], inputs: Mapping[str, Any]) -> Json:
    """Return the inputs, completed by the defaults of the workflow's input schema. Raises :class:`NotStarted`."""
    declared = (_spec(workflow).get("inputSchema") or {}).get("parameters") or ()
    defaults = {parameter["name"]: parameter["defaultValue"] for parameter in declared if "defaultValue" in parameter}
    unknown = sorted(set(inputs) - {parameter["name"] for parameter in declared})
    if unknown:
        raise NotStarted(f"the workflow has no input {unknown[0]!r}")
    missing = sorted(parameter["name"] for parameter in declared if parameter["name"] not in {**defaults, **inputs})
    if missing:
        raise NotStarted(f"the workflow needs the input {missing[0]!r}")
    return {**defaults, **inputs}
