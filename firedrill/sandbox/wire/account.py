"""The sandbox's API in this process as a transport: one organisation for each case, and a record of all requests."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.datadog.http.handler import ApiError

Json = Any


@dataclass(frozen=True)
class SentRequest:
    """A request that a provider sent: `path` as sent, still percent-encoded; `query` without the question mark."""

    method: str
    path: str
    query: str
    body: Json


@dataclass
class AccountTransport(httpx.BaseTransport):
    """A transport that answers as one organisation of the sandbox.

    echo: whether a refused write is answered with its own body and an id, so that a resource exists although the
    account lacks what it refers to. Further requests to such a resource are answered in the same way; echoed has the
    answers by path.
    """

    api: AccountApi
    org: str
    echo: bool = False
    requests: list[SentRequest] = field(default_factory=list)
    echoed: dict[str, Json] = field(default_factory=dict)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Record a request and answer it."""
        path, _, query = request.url.raw_path.decode().partition("?")
        text = request.read().decode()
        try:
            body = json.loads(text) if text.strip() else None
        except ValueError:
            body = text
        self.requests.append(SentRequest(request.method, path, query, body))
        try:
            return self._perform(request.method, path, query, json.loads(text) if body != text and text else body)
        except ApiError as error:
            return self._echo(request.method, path, body) or httpx.Response(error.status, json=error.body)

    def _perform(self, method: str, path: str, query: str, body: Json) -> httpx.Response:
        match, endpoint = self.api.endpoint(self.api.routes.match(method, path), path)
        response = self.api.perform(self.api.call(match, self.org, QueryParams(query), body), endpoint)
        if response.body is None:
            return httpx.Response(response.status)
        return httpx.Response(response.status, json=response.body)

    def _echo(self, method: str, path: str, body: Json) -> httpx.Response | None:
        """Return the answer to a request for a resource that only this transport has, None for other requests."""
        if method == "DELETE" and path in self.echoed:
            return httpx.Response(204)
        if path in self.echoed and not isinstance(body, dict):
            return httpx.Response(200, json=self.echoed[path])
        if self.echo and method == "GET" and path.startswith("/api/v1/monitor/"):
            return httpx.Response(200, json={"id": int(path.rpartition("/")[2])})
        if not isinstance(body, dict) or not (self.echo or path in self.echoed):
            return None
        id = f"00000000-0000-4000-8000-{len(self.echoed):012d}"
        data = body.get("data")
        answer = {"data": {"id": id, **data}} if isinstance(data, dict) else {"id": id, "public_id": id, **body}
        for place in (path, f"{path}/{id}"):
            self.echoed[place] = answer
        return httpx.Response(200, json=answer)
