"""Vertex AI's evaluation service, ``:evaluateInstances`` with a pointwise metric, graded by the sandbox's Gemini.

https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations/evaluateInstances. Scores are 1 to 5
and the same for the same text, since the sandbox's models understand nothing; the judge's model fails as it is told to.
"""

import asyncio
import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.gemini_failures import Failures

SCORES = (5, 5, 5, 4, 4, 4, 3, 1)
"""Most answers are good ones."""


def routes(failing: Failures) -> list[BaseRoute]:
    """The route; ``failing`` is Gemini's."""

    async def evaluate(request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError:
            raise GoogleError(400, "Invalid JSON payload received.") from None
        asked = _asked(body)
        model = str((body.get("autoraterConfig") or {}).get("autoraterModel", "")).rpartition("/")[2]
        failure = failing.strike(model)
        if failure is not None:
            await asyncio.sleep(failure.seconds)
            if failure.mode == "throttled":
                raise GoogleError(429, "Resource exhausted. Please try again later.", status="RESOURCE_EXHAUSTED")
            if failure.mode != "slow":
                raise GoogleError(503, "The service is currently unavailable.", status="UNAVAILABLE")
        score = SCORES[hashlib.sha256(asked.encode()).digest()[0] % len(SCORES)]
        return JSONResponse({"pointwiseMetricResult": {"score": score, "explanation": f"A score of {score} of 5."}})

    return [Route("/{version}/projects/{project}/locations/{location}:evaluateInstances", evaluate, methods=["POST"])]


def _asked(body: Any) -> str:
    """The judge's prompt with the instance's values in it; GoogleError 400 for any other metric."""
    try:
        given = body["pointwiseMetricInput"]
        prompt, instance = given["metricSpec"]["metricPromptTemplate"], json.loads(given["instance"]["jsonInstance"])
    except (KeyError, TypeError, ValueError):
        raise GoogleError(400, "pointwiseMetricInput with metricSpec.metricPromptTemplate and instance.jsonInstance "
                               "is needed: the sandbox serves no other metric") from None  # fmt: skip
    for name, value in instance.items():
        prompt = prompt.replace(f"{{{name}}}", str(value))
    return str(prompt)
