"""The parts of a workflow's specification, in the form of POST /api/v2/workflows.

Actions and their inputs: https://docs.datadoghq.com/actions/actions_catalog
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pulumi

Json = dict[str, Any]
ROW = 216
"""Pixels between steps on the editor's canvas. Without display bounds the editor adds its own, which would be drift."""


@dataclass(frozen=True)
class WorkflowInput:
    """An input, which a message may give: ``@workflow-handle(name="...")``. Its default is for runs by hand or API."""

    name: str
    default: pulumi.Input[str]
    description: str


@dataclass(frozen=True)
class WorkflowStep:
    """One action. ``fallback`` is the step after two failures, so it is only for actions that may be repeated."""

    name: str
    action: str
    parameters: Mapping[str, Any]
    connection: str | None = None
    fallback: str | None = None


def request(
    name: str, connection: str, verb: str, url: pulumi.Input[str], body: Any = None, *, fallback: str | None = None
) -> WorkflowStep:
    """Return an HTTP step."""
    parameters = {"verb": verb, "url": url} | ({} if body is None else {"body": body})
    return WorkflowStep(name, "com.datadoghq.http.request", parameters, connection, fallback)


def python(name: str, script: str, *, fallback: str | None = None) -> WorkflowStep:
    """Return a step that runs a script's ``main``, whose result is ``{{ Steps.NAME.data }}``."""
    return WorkflowStep(name, "com.datadoghq.datatransformation.funcPy", {"script": script}, fallback=fallback)


def specification(
    handle: str,
    inputs: Sequence[WorkflowInput],
    steps: Sequence[WorkflowStep],
    connections: Mapping[str, pulumi.Input[str]],
    *,
    at_most_every: int,
) -> Json:
    """Return a workflow that a message, the API or a dashboard's button starts.

    A monitor starts it at most once in ``at_most_every`` seconds. Steps run in order; a fallback step runs only after
    a failure.
    """
    fallbacks = {step.fallback for step in steps}
    order = [step for step in steps if step.name not in fallbacks]
    following = {step.name: after.name for step, after in pairwise(order)}
    start = [order[0].name]
    spec: Json = {
        "handle": handle,
        "triggers": [
            {
                "monitorTrigger": {"rateLimit": {"count": 1, "interval": f"{at_most_every}s"}},
                "startStepNames": start,
            },
            {"apiTrigger": {}, "startStepNames": start},
            {"dashboardTrigger": {}, "startStepNames": start},
        ],
        "steps": [_step(step, following.get(step.name), row) for row, step in enumerate(steps, 1)],
    }
    if inputs:
        spec["inputSchema"] = {
            "parameters": [
                {
                    "name": parameter.name,
                    "type": "STRING",
                    "label": parameter.name.replace("_", " ").capitalize(),
                    "description": parameter.description,
                    "defaultValue": parameter.default,
                }
                for parameter in inputs
            ]
        }
    if connections:
        listed = [{"connectionId": identifier, "label": label} for label, identifier in connections.items()]
        spec["connectionEnvs"] = [{"env": "default", "connections": listed}]
    return spec


def _step(step: WorkflowStep, following: str | None, row: int) -> Json:
    body: Json = {
        "name": step.name,
        "actionId": step.action,
        "parameters": [{"name": name, "value": value} for name, value in step.parameters.items()],
        "display": {"bounds": {"x": 0, "y": row * ROW}},
    }
    if step.connection:
        body["connectionLabel"] = step.connection
    if following:
        body["outboundEdges"] = [{"nextStepName": following, "branchName": "main"}]
    if step.fallback:
        retry = {"kind": "RETRY_STRATEGY_LINEAR", "linear": {"interval": "5s", "maxRetries": 1}}
        body["errorHandlers"] = [{"fallbackStepName": step.fallback, "retryStrategy": retry}]
    return body
