"""An account in memory for tests of the provider: stores what is written under its path and answers it."""

import itertools
import json
from typing import Any

import httpx

from firedrill.datadog.client import DatadogClient

Json = Any


class MemoryAccount(httpx.BaseTransport):
    """A transport that is the API. objects: item path -> resource; requests: "METHOD path", in order.

    refuse: request -> the status and body that it gets; answers: path -> attributes that a create adds.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.requests: list[str] = []
        self.refuse: dict[str, tuple[int, Json]] = {}
        self.answers: dict[str, Json] = {}
        self._ids = itertools.count(101)

    @property
    def client(self) -> DatadogClient:
        """A client of this account."""
        return DatadogClient("http://memory.invalid", "key", "app", self)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path, json.loads(request.read() or "null")
        self.requests.append(f"{request.method} {path}")
        if refused := self.refuse.get(f"{request.method} {path}"):
            return httpx.Response(refused[0], json=refused[1])
        if path.endswith("/validate"):
            return httpx.Response(200, json={})
        if request.method == "POST":
            return self._create(path, body)
        if path not in self.objects:
            return httpx.Response(404, json={"errors": [f"{path} not found"]})
        if request.method in ("PUT", "PATCH"):
            self.objects[path] = self._merged(self.objects[path], body, request.method)
        resource = self.objects.pop(path) if request.method == "DELETE" else self.objects[path]
        return httpx.Response(200, json=_enveloped(path, resource))

    def _create(self, path: str, body: Json) -> httpx.Response:
        number = next(self._ids)
        id: int | str = number if path == "/api/v1/monitor" else f"00000000-0000-0000-0000-{number:012d}"
        resource = body["data"] if isinstance(body.get("data"), dict) else body
        if path == "/api/v1/dashboard":
            for index, widget in enumerate(resource["widgets"]):
                widget["id"] = number * 1000 + index
            resource = {**resource, "url": f"/dashboard/{id}", "author_handle": "me"}
        key = "name" if path.endswith(("/webhooks", "/custom-variables", "/indexes")) else "id"
        resource = {"id": id, **resource}
        if path in self.answers:
            resource["attributes"] = {**resource["attributes"], **self.answers[path]}
        resource["id"] = str(id).strip('"') if isinstance(id := resource["id"], str) else id
        name = str(resource[key])
        folder = "/api/v2/users" if path == "/api/v2/service_accounts" else path.removesuffix(f"/{name}")
        place = f"{folder}/{name}"
        self.objects[place] = resource
        return httpx.Response(200, json=_enveloped(path, resource))

    @staticmethod
    def _merged(old: Json, body: Json, method: str) -> Json:
        data = body.get("data", body)
        merged = {**old, **data}
        if method == "PATCH" and "attributes" in old:
            merged["attributes"] = {**old["attributes"], **data.get("attributes", {})}
        return merged


def _enveloped(path: str, resource: Json) -> Json:
    if path.startswith("/api/v1/slo"):
        return {"data": [resource]}
    return {"data": resource} if "attributes" in resource else resource
