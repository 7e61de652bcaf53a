"""Faults that a test switches on for its organisation: ``PUT /-/faults`` with the organisation's DD-API-KEY.

Body: ``{"faults": [{"kind": "rate_limit"|"bad_gateway"|"gateway_timeout"|"slow"|"cut"|"empty"|"forbidden", "path":
prefix of the path, default all, "methods": only these, "every": only each n-th request that it meets, "times": how
often, default for ever, "seconds": of a slow answer or until a limit resets}]}``. An empty one is a read whose lists
have nothing in them, though the objects exist. ``GET`` shows what is on, ``DELETE`` switches all off.
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from firedrill.sandbox.datadog.rate_limits import rate_limit_headers

ANSWERS = {
    "rate_limit": (429, "Rate limit of 100 requests in 60 seconds reached. Please try again later."),
    "bad_gateway": (502, "Bad Gateway"),
    "gateway_timeout": (504, "Gateway Timeout"),
    "forbidden": (403, "Forbidden"),
}
EMPTY = "empty"
KINDS = (*ANSWERS, "slow", "cut", EMPTY)


@dataclass
class Fault:
    """One fault; ``times`` counts down, None lasts."""

    kind: str
    path: str = "/"
    times: int | None = None
    seconds: float = 1.0
    every: int = 1
    methods: tuple[str, ...] = ()
    met: int = 0


class Faults:
    """The faults that are on, by organisation."""

    def __init__(self) -> None:
        self._on: dict[str, list[Fault]] = {}

    async def answer(self, org: str, method: str, path: str) -> Response | None:
        """What a fault makes of a request; None when it goes on as usual."""
        fault = self._next(org, path, empty=False, method=method)
        if fault is not None:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
                return None
            if fault.kind == "cut":  # promises more than it sends, so that the connection breaks midway
                return Response(b'{"data": [', headers={"content-length": "4096"}, media_type="application/json")
            status, text = ANSWERS[fault.kind]
            headers = rate_limit_headers(100, 60, 0, fault.seconds, "sandbox_fault") if status == 429 else {}
            return JSONResponse({"errors": [text]}, status, headers)
        return None

    def emptied(self, org: str, path: str, body: Any) -> Any:
        """What an answer's body is, where a fault empties its lists."""
        lists = [key for key, value in body.items() if isinstance(value, list)] if isinstance(body, dict) else []
        if not (lists or isinstance(body, list)) or self._next(org, path, empty=True) is None:
            return body
        return [] if isinstance(body, list) else {**body, **{key: [] for key in lists}}

    def _next(self, org: str, path: str, *, empty: bool, method: str = "GET") -> Fault | None:
        """The fault that meets a request, counted."""
        for fault in self._on.get(org, ()):
            if fault.times == 0 or not path.startswith(fault.path) or (fault.kind == EMPTY) != empty:
                continue
            if fault.methods and method not in fault.methods:
                continue
            fault.met += 1
            if fault.met % fault.every:
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None

    async def control(self, request: Request) -> Response:
        """``/-/faults``."""
        org = request.headers.get("dd-api-key", "")
        if request.method == "DELETE":
            self._on.pop(org, None)
        elif request.method == "PUT":
            try:
                wanted = [Fault(**fault) for fault in (await request.json())["faults"]]
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"errors": [f"not a list of faults: {error}"]}, 400)
            unknown = [fault.kind for fault in wanted if fault.kind not in KINDS]
            if unknown:
                return JSONResponse({"errors": [f"unknown kind {unknown[0]!r}: one of {', '.join(KINDS)}"]}, 400)
            self._on[org] = wanted
        return JSONResponse({"faults": [asdict(fault) for fault in self._on.get(org, ())]})
