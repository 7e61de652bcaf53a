"""Vertex AI's evaluation service, ``:evaluateInstances`` with a pointwise metric, graded by the sandbox's Gemini.

https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations/evaluateInstances. Scores are 1 to 5
and depend only on the text, since the sandbox's models understand nothing. The judge's model has its failures too.
"""

import asyncio
import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.gemini.failures import Failures

SCORES = (5, 5, 5, 4, 4, 4, 3, 1)
"""Scores to choose from: most answers are good."""


def routes(failures: Failures) -> list[BaseRoute]:
    """Return the route; ``failures`` are those of Gemini."""

    async def evaluate(request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError:
            raise ErrorResponse(400, "Invalid JSON payload received.") from None
        prompt_text = _judge_prompt(body)
        model = str((body.get("autoraterConfig") or {}).get("autoraterModel", "")).rpartition("/")[2]
        failure = failures.failure_of_next_call(model)
        if failure is not None:
            await asyncio.sleep(failure.seconds)
            if failure.mode == "throttled":
                raise ErrorResponse(429, "Resource exhausted. Please try again later.", status="RESOURCE_EXHAUSTED")
            if failure.mode != "slow":
                raise ErrorResponse(503, "The service is currently unavailable.", status="UNAVAILABLE")
        score = SCORES[hashlib.sha256(prompt_text.encode()).digest()[0] % len(SCORES)]
        return JSONResponse({"pointwiseMetricResult": {"score": score, "explanation": f"A score of {score} of 5."}})

    return [Route("/{version}/projects/{project}/locations/{location}:evaluateInstances", evaluate, methods=["POST"])]


def _judge_prompt(body: Any) -> str:
    """Return the judge's prompt with the instance's values. Raises ErrorResponse 400 for any other metric."""
    try:
        metric = body["pointwiseMetricInput"]
        prompt, instance = metric["metricSpec"]["metricPromptTemplate"], json.loads(metric["instance"]["jsonInstance"])
    except (KeyError, TypeError, ValueError):
        raise ErrorResponse(400, "pointwiseMetricInput with metricSpec.metricPromptTemplate and instance.jsonInstance "
                               "is needed: the sandbox serves no other metric") from None  # fmt: skip
    for name, value in instance.items():
        prompt = prompt.replace(f"{{{name}}}", str(value))
    return str(prompt)
