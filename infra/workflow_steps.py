"""The parts that a workflow's specification is made of, in the form of POST /api/v2/workflows.

Actions and their inputs: https://docs.datadoghq.com/actions/actions_catalog
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pulumi

Json = dict[str, Any]
ROW = 216
"""Pixels between steps on the editor's canvas. Without display bounds the editor writes its own, which would be
drift."""


@dataclass(frozen=True)
class Input:
    """What a message may give: ``@workflow-handle(name="...")``. Everything has a default, so that a run by hand or by
    the API needs nothing."""

    name: str
    default: pulumi.Input[str]
    description: str


@dataclass(frozen=True)
class Step:
    """One action. ``fallback`` is where to go on when it fails twice: so only for what may be repeated."""

    name: str
    action: str
    parameters: Mapping[str, Any]
    connection: str | None = None
    fallback: str | None = None


def request(
    name: str, connection: str, verb: str, url: pulumi.Input[str], body: Any = None, *, fallback: str | None = None
) -> Step:
    """An HTTP step."""
    parameters = {"verb": verb, "url": url} | ({} if body is None else {"body": body})
    return Step(name, "com.datadoghq.http.request", parameters, connection, fallback)


def python(name: str, script: str, *, fallback: str | None = None) -> Step:
    """A step that runs a script's ``main``; what it returns is ``{{ Steps.NAME.data }}``."""
    return Step(name, "com.datadoghq.datatransformation.funcPy", {"script": script}, fallback=fallback)


def specification(
    handle: str,
    inputs: Sequence[Input],
    steps: Sequence[Step],
    connections: Mapping[str, pulumi.Input[str]],
    *,
    at_most_every: int,
) -> Json:
    """A workflow that a message, the API or a dashboard's button starts, at most once in so many seconds by a monitor.

    Steps run in their order; those that are a fallback of another run only then.
    """
    fallbacks = {step.fallback for step in steps}
    order = [step for step in steps if step.name not in fallbacks]
    following = {step.name: after.name for step, after in pairwise(order)}
    start = [order[0].name]
    found: Json = {
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
        found["inputSchema"] = {
            "parameters": [
                {
                    "name": one.name,
                    "type": "STRING",
                    "label": one.name.replace("_", " ").capitalize(),
                    "description": one.description,
                    "defaultValue": one.default,
                }
                for one in inputs
            ]
        }
    if connections:
        listed = [{"connectionId": identifier, "label": label} for label, identifier in connections.items()]
        found["connectionEnvs"] = [{"env": "default", "connections": listed}]
    return found


def _step(step: Step, following: str | None, row: int) -> Json:
    found: Json = {
        "name": step.name,
        "actionId": step.action,
        "parameters": [{"name": name, "value": value} for name, value in step.parameters.items()],
        "display": {"bounds": {"x": 0, "y": row * ROW}},
    }
    if step.connection:
        found["connectionLabel"] = step.connection
    if following:
        found["outboundEdges"] = [{"nextStepName": following, "branchName": "main"}]
    if step.fallback:
        retry = {"kind": "RETRY_STRATEGY_LINEAR", "linear": {"interval": "5s", "maxRetries": 1}}
        found["errorHandlers"] = [{"fallbackStepName": step.fallback, "retryStrategy": retry}]
    return found
