"""Failures of the sandbox's Gemini for each model, read and set by ``/-/gemini/failures``.

POST ``{"model": NAME or "*", "mode": MODE, "seconds": 0..600, "share": 0..1}`` sets one model's failure (mode ``none``
ends it), GET lists all with their counters, DELETE ends all. A model's own failure overrides that of ``*``.
"""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import ErrorResponse

PATH = "/-/gemini/failures"
EVERY_MODEL = "*"
NONE = "none"
MODES = ("throttled", "slow", "empty", "blocked", "down", "malformed", "cut", "leaking", "endless")
SLOW_SECONDS = 6.0
MAX_SECONDS = 600.0


@dataclass
class Failure:
    """One model's failure with its counters. A failing call is delayed by ``seconds``."""

    model: str
    mode: str
    seconds: float = 0.0
    share: float = 1.0
    calls: int = 0
    failed: int = 0

    def affects_next_call(self) -> bool:
        """Count a call and return whether it fails. Of N calls in a row, N times ``share`` fail, evenly spread."""
        self.calls += 1
        # A share such as 0.1 is not exact in binary; the epsilon keeps one failure in ten calls.
        failures_due = math.floor(self.calls * self.share + 1e-9)
        affected = failures_due > self.failed
        self.failed += affected
        return affected


class Failures:
    """The active failures by model."""

    def __init__(self, models: Collection[str]) -> None:
        self._models = models
        self._active: dict[str, Failure] = {}

    def failure_of_next_call(self, model: str) -> Failure | None:
        """Count a call of the model and return the failure that it meets, or None."""
        failure = self._active.get(model) or self._active.get(EVERY_MODEL)
        return failure if failure and failure.affects_next_call() else None

    def set(self, body: object) -> None:
        """Turn on, change or end a failure. Raises ErrorResponse 400 for an invalid body."""
        failure = self._read(body)
        self._active.pop(failure.model, None)
        if failure.mode != NONE:
            self._active[failure.model] = failure

    def clear(self) -> None:
        """End all failures."""
        self._active.clear()

    def listing(self) -> list[dict[str, Any]]:
        """Return the active failures, sorted by model."""
        return [vars(failure) for _, failure in sorted(self._active.items())]

    def _read(self, body: object) -> Failure:
        if not isinstance(body, dict):
            raise ErrorResponse(400, 'the body must be {"model", "mode", "seconds", "share"}')
        unknown = set(body) - {"model", "mode", "seconds", "share"}
        if unknown:
            raise ErrorResponse(400, f"unknown keys: {', '.join(sorted(unknown))}; use model, mode, seconds, share")
        model, mode = body.get("model", EVERY_MODEL), body.get("mode")
        if model != EVERY_MODEL and model not in self._models:
            raise ErrorResponse(
                400, f"model {model!r} is not served; use * or one of {', '.join(sorted(self._models))}"
            )
        if mode not in (*MODES, NONE):
            raise ErrorResponse(400, f"mode {mode!r} is not one of {', '.join((*MODES, NONE))}")
        seconds = _read_number(body, "seconds", SLOW_SECONDS if mode == "slow" else 0.0, MAX_SECONDS)
        return Failure(model, mode, seconds, _read_number(body, "share", 1.0, 1.0))

    def routes(self) -> list[BaseRoute]:
        """Return the routes that read and set failures."""

        async def change(request: Request) -> Response:
            try:
                self.set(await request.json())
            except json.JSONDecodeError as error:
                raise ErrorResponse(400, f"the body is not JSON: {error}") from None
            return JSONResponse({"failures": self.listing()})

        async def show(_request: Request) -> Response:
            return JSONResponse({"failures": self.listing()})

        async def clear(_request: Request) -> Response:
            self.clear()
            return JSONResponse({"failures": []})

        return [
            Route(PATH, change, methods=["POST"]),
            Route(PATH, show, methods=["GET"]),
            Route(PATH, clear, methods=["DELETE"]),
        ]


def _read_number(body: dict[str, Any], key: str, default: float, maximum: float) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= maximum:
        raise ErrorResponse(400, f"{key} must be a number from 0 to {maximum:g}, not {value!r}")
    return float(value)
