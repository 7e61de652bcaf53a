"""Faults that a test switches on for its organisation: ``PUT /-/faults`` with the organisation's DD-API-KEY.

The body is ``{"faults": [{"kind": ..., ...}]}``; ``GET`` shows the faults, ``DELETE`` clears them. Members of a fault:

* ``kind``: ``rate_limit``, ``bad_gateway``, ``gateway_timeout``, ``forbidden``; ``slow`` (a delayed response), ``cut``
  (a response that breaks off) or ``empty`` (a read whose lists are empty although the objects exist);
* ``path``: a prefix of the paths, default all; ``methods``: default all;
* ``every``: only each n-th request that matches; ``times``: how often, default without end;
* ``seconds``: the delay of a slow response, or the time until a rate limit resets.
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from firedrill.sandbox.datadog.http.rate_limits import rate_limit_headers

RESPONSES = {
    "rate_limit": (429, "Rate limit of 100 requests in 60 seconds reached. Please try again later."),
    "bad_gateway": (502, "Bad Gateway"),
    "gateway_timeout": (504, "Gateway Timeout"),
    "forbidden": (403, "Forbidden"),
}
EMPTY = "empty"
KINDS = (*RESPONSES, "slow", "cut", EMPTY)


@dataclass
class Fault:
    """One fault; ``times`` counts down, None has no end."""

    kind: str
    path: str = "/"
    times: int | None = None
    seconds: float = 1.0
    every: int = 1
    methods: tuple[str, ...] = ()
    met: int = 0
    """Requests that matched so far."""


class Faults:
    """The active faults of each organisation."""

    def __init__(self) -> None:
        self._active: dict[str, list[Fault]] = {}

    async def inject(self, org: str, method: str, path: str) -> Response | None:
        """Return the response that a fault injects; None when the request proceeds."""
        fault = self._next(org, path, empty=False, method=method)
        if fault is not None:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
                return None
            if fault.kind == "cut":  # promises more than it sends, so that the connection breaks midway
                return Response(b'{"data": [', headers={"content-length": "4096"}, media_type="application/json")
            status, text = RESPONSES[fault.kind]
            headers = rate_limit_headers(100, 60, 0, fault.seconds, "sandbox_fault") if status == 429 else {}
            return JSONResponse({"errors": [text]}, status, headers)
        return None

    def emptied(self, org: str, path: str, body: Any) -> Any:
        """Return a body whose lists a fault has emptied, or the body itself."""
        lists = [key for key, value in body.items() if isinstance(value, list)] if isinstance(body, dict) else []
        if not (lists or isinstance(body, list)) or self._next(org, path, empty=True) is None:
            return body
        return [] if isinstance(body, list) else {**body, **{key: [] for key in lists}}

    def _next(self, org: str, path: str, *, empty: bool, method: str = "GET") -> Fault | None:
        """Return the fault that meets a request, and count it."""
        for fault in self._active.get(org, ()):
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
        """Show, set or clear the faults of an organisation: ``/-/faults``."""
        org = request.headers.get("dd-api-key", "")
        if request.method == "DELETE":
            self._active.pop(org, None)
        elif request.method == "PUT":
            try:
                requested = [Fault(**fault) for fault in (await request.json())["faults"]]
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"errors": [f"not a list of faults: {error}"]}, 400)
            unknown = [fault.kind for fault in requested if fault.kind not in KINDS]
            if unknown:
                return JSONResponse({"errors": [f"unknown kind {unknown[0]!r}: one of {', '.join(KINDS)}"]}, 400)
            self._active[org] = requested
        return JSONResponse({"faults": [asdict(fault) for fault in self._active.get(org, ())]})
