"""How the sandbox's Gemini fails, model by model, as quotas and outages do; read and set below ``/-/gemini/failures``.

POST ``{"model": NAME or "*", "mode": MODE, "seconds": 0..600, "share": 0..1}`` sets one model's failure (mode ``none``
ends it), GET reads all with what they did so far, DELETE ends all. A model's own failure wins over that of ``*``.
"""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.google.errors import GoogleError

PATH = "/-/gemini/failures"
EVERY_MODEL = "*"
NONE = "none"
MODES = ("throttled", "slow", "empty", "blocked", "down", "malformed", "cut", "leaking", "endless")
SLOW_SECONDS = 6.0
LONGEST_SECONDS = 600.0


@dataclass
class Failure:
    """One model's failure and how many of its calls it met. ``seconds`` pass before any answer to a failing call."""

    model: str
    mode: str
    seconds: float = 0.0
    share: float = 1.0
    calls: int = 0
    failed: int = 0

    def strikes(self) -> bool:
        """Whether this call fails: of any N calls in a row, N times the share do, spread evenly."""
        self.calls += 1
        # A share such as 0.1 is not exact in binary: a hair above it, ten calls still have their one failure.
        due = math.floor(self.calls * self.share + 1e-9)
        strikes = due > self.failed
        self.failed += strikes
        return strikes


class Failures:
    """The failures that are on."""

    def __init__(self, models: Collection[str]) -> None:
        self._models = models
        self._on: dict[str, Failure] = {}

    def strike(self, model: str) -> Failure | None:
        """The failure that a call of the model meets, or None."""
        failure = self._on.get(model) or self._on.get(EVERY_MODEL)
        return failure if failure and failure.strikes() else None

    def set(self, body: object) -> None:
        """Turn on, change or end one; GoogleError 400 for a body that is not as above."""
        failure = self._read(body)
        self._on.pop(failure.model, None)
        if failure.mode != NONE:
            self._on[failure.model] = failure

    def clear(self) -> None:
        """End all."""
        self._on.clear()

    def listing(self) -> list[dict[str, Any]]:
        """All that are on, by model."""
        return [vars(failure) for _, failure in sorted(self._on.items())]

    def _read(self, body: object) -> Failure:
        if not isinstance(body, dict):
            raise GoogleError(400, 'the body must be {"model", "mode", "seconds", "share"}')
        unknown = set(body) - {"model", "mode", "seconds", "share"}
        if unknown:
            raise GoogleError(400, f"unknown: {', '.join(sorted(unknown))}; known are model, mode, seconds, share")
        model, mode = body.get("model", EVERY_MODEL), body.get("mode")
        if model != EVERY_MODEL and model not in self._models:
            raise GoogleError(400, f"model {model!r} is not served; served are *, {', '.join(sorted(self._models))}")
        if mode not in (*MODES, NONE):
            raise GoogleError(400, f"mode {mode!r} is not one of {', '.join((*MODES, NONE))}")
        seconds = _number(body, "seconds", SLOW_SECONDS if mode == "slow" else 0.0, LONGEST_SECONDS)
        return Failure(model, mode, seconds, _number(body, "share", 1.0, 1.0))

    def routes(self) -> list[BaseRoute]:
        """The control's routes."""

        async def change(request: Request) -> Response:
            try:
                self.set(await request.json())
            except json.JSONDecodeError as error:
                raise GoogleError(400, f"the body is not JSON: {error}") from None
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


def _number(body: dict[str, Any], key: str, default: float, most: float) -> float:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise GoogleError(400, f"{key} must be a number from 0 to {most:g}, not {value!r}")
    return float(value)
