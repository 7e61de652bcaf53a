"""Runs a declared workflow: which steps, in which order, with which values (API v2 workflow objects in, a run out).

https://docs.datadoghq.com/actions/workflows. Usable without a server: everything it needs is an argument.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import httpx

from firedrill.sandbox.datadog.live.workflow_actions import ACTIONS, Json, StepFailed, Surroundings
from firedrill.sandbox.datadog.live.workflow_values import UnknownVariable, fill
from firedrill.sandbox.datadog.own_api import Api, Refused

Trigger = Literal["monitor", "api"]
MOST_RETRIES = 10
INTERVAL = re.compile(r"(\d+(?:\.\d+)?)s")


class NotStarted(Exception):
    """A workflow that does not start; the text says why (unpublished, no such trigger, over its rate limit)."""


@dataclass
class StepRun:
    """One step of a run."""

    name: str
    action: str
    status: Literal["succeeded", "failed"]
    started: float
    finished: float
    output: Any = None
    error: str | None = None


@dataclass
class Run:
    """One instance of a workflow. Times are epoch seconds."""

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
        """The run as plain data."""
        return asdict(self)


def _no_account(request: str, body: Any) -> Any:
    del body
    raise Refused(f"{request}: this run has no account")


@dataclass(frozen=True)
class Means:
    """What runs may use: HTTP, the account's connections and API, and time (a drill brings its own clock)."""

    http: httpx.Client
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datadog: Api = _no_account
    now: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep


def by_handle(workflows: Iterable[Mapping[str, Any]], handle: str) -> Mapping[str, Any]:
    """The workflow with a handle. Raises :class:`NotStarted` when there is none."""
    for workflow in workflows:
        if _spec(workflow).get("handle") == handle:
            return workflow
    raise NotStarted(f"there is no workflow with the handle {handle!r}")


def start(
    workflow: Mapping[str, Any],
    trigger: Trigger,
    inputs: Mapping[str, Any],
    *,
    source: Mapping[str, Any] | None = None,
    earlier: Sequence[float] = (),
    now: float,
) -> Run:
    """A new run, not executed yet. ``earlier`` are the start times of its runs by the same trigger.

    Raises :class:`NotStarted`: monitors run published workflows only, within the trigger's rate limit.
    """
    attributes, spec = workflow["attributes"], _spec(workflow)
    found = _trigger(spec, trigger)
    if found is None:
        raise NotStarted(f"workflow {attributes['name']!r} has no {trigger}Trigger")
    if trigger == "monitor":
        if not attributes.get("published"):
            raise NotStarted(f"workflow {attributes['name']!r} is not published")
        limit = (found["monitorTrigger"] or {}).get("rateLimit") or {}
        count, interval = limit.get("count"), INTERVAL.fullmatch(str(limit.get("interval") or ""))
        if count and interval and sum(1 for at in earlier if at > now - float(interval[1])) >= count:
            raise NotStarted(f"workflow {attributes['name']!r} is over its rate limit: {count} in {interval[0]}")
    return Run(
        id=str(uuid.uuid4()),
        workflow_id=str(workflow["id"]),
        workflow_name=attributes["name"],
        handle=str(spec.get("handle") or ""),
        trigger=trigger,
        created=now,
        inputs=inputs_of(workflow, inputs),
        source=dict(source or {}),
    )


def execute(workflow: Mapping[str, Any], run: Run, means: Means) -> Run:
    """Run all steps that follow from the trigger, one after the other; fills in and returns ``run``."""
    spec = _spec(workflow)
    run.status = "running"
    steps = {step["name"]: step for step in spec.get("steps") or ()}
    context: Json = {
        "Source": run.source,
        "Trigger": run.inputs,
        "Steps": {},
        "WorkflowName": run.workflow_name,
        "WorkflowId": run.workflow_id,
        "InstanceId": run.id,
    }
    waiting, seen = list((_trigger(spec, run.trigger) or {}).get("startStepNames") or ()), set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name not in steps:
            run.error = f"there is no step {name!r}"
            break
        done = _step(steps[name], spec, context, means)
        run.steps.append(done)
        context["Steps"][name] = done.output
        if done.status == "succeeded":
            waiting += [edge["nextStepName"] for edge in steps[name].get("outboundEdges") or ()
                        if edge.get("branchName", "main") == "main"]  # fmt: skip
            continue
        fallbacks = [
            handler["fallbackStepName"] for handler in _handlers(steps[name]) if handler.get("fallbackStepName")
        ]
        if not fallbacks:
            run.error = f"step {name!r}: {done.error}"
            break
        waiting += fallbacks
    run.status, run.finished = "failed" if run.error else "succeeded", means.now()
    return run


def _step(step: Mapping[str, Any], spec: Mapping[str, Any], context: Json, means: Means) -> StepRun:
    action, started = step["actionId"], means.now()
    if action not in ACTIONS:
        error = f"the sandbox does not know the action {action}: it knows {', '.join(ACTIONS)}"
        return StepRun(step["name"], action, "failed", started, started, error=error)
    retries, pause = _retries(step)
    error = ""
    for attempt in range(retries + 1):
        if attempt:
            means.wait(pause)
        try:
            around = Surroundings(_connection(step, spec, means), means.http, means.wait, means.datadog, context)
            inputs = {one["name"]: fill(one.get("value"), context) for one in step.get("parameters") or ()}
            output = ACTIONS[action](inputs, around)
            return StepRun(step["name"], action, "succeeded", started, means.now(), output)
        except (StepFailed, UnknownVariable) as failure:
            error = str(failure)
    return StepRun(step["name"], action, "failed", started, means.now(), error=error)


def _connection(step: Mapping[str, Any], spec: Mapping[str, Any], means: Means) -> Mapping[str, Any] | None:
    label = step.get("connectionLabel")
    if not label:
        return None
    for environment in spec.get("connectionEnvs") or ():
        for connection in environment.get("connections") or ():
            if connection.get("label") == label:
                found = means.connections.get(str(connection["connectionId"]))
                if found is None:
                    raise StepFailed(f"connection {connection['connectionId']} ({label}) does not exist")
                return found
    raise StepFailed(f"no connection has the label {label!r}")


def _retries(step: Mapping[str, Any]) -> tuple[int, float]:
    """Number of retries and the seconds between them, of the linear strategy."""
    for handler in _handlers(step):
        linear = (handler.get("retryStrategy") or {}).get("linear") or {}
        if linear:
            interval = INTERVAL.fullmatch(str(linear.get("interval") or ""))
            return min(int(linear.get("maxRetries") or 0), MOST_RETRIES), float(interval[1]) if interval else 0.0
    return 0, 0.0


def _handlers(step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(step.get("errorHandlers") or ())


def _spec(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = workflow["attributes"].get("spec") or {}
    return spec


def _trigger(spec: Mapping[str, Any], kind: Trigger) -> Mapping[str, Any] | None:
    return next((trigger for trigger in spec.get("triggers") or () if f"{kind}Trigger" in trigger), None)


def inputs_of(workflow: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
    """The given inputs and the defaults of those that the input schema declares. Raises :class:`NotStarted`."""
    declared = (_spec(workflow).get("inputSchema") or {}).get("parameters") or ()
    defaults = {one["name"]: one["defaultValue"] for one in declared if "defaultValue" in one}
    unknown = sorted(set(given) - {one["name"] for one in declared})
    if unknown:
        raise NotStarted(f"the workflow has no input {unknown[0]!r}")
    missing = sorted(one["name"] for one in declared if one["name"] not in {**defaults, **given})
    if missing:
        raise NotStarted(f"the workflow needs the input {missing[0]!r}")
    return {**defaults, **given}
