"""The sandbox's Google Cloud as the provider uses it: its control API, and the configured project and region."""

import base64
from typing import Any
from urllib.parse import quote

import httpx

from firedrill.sandbox.providers.resource import ProviderError
from firedrill.sandbox.providers.values import Properties

KEPT = httpx.Limits(max_keepalive_connections=0)
"""A connection for each request: a busy server takes an idle one for abandoned in the moment of its next use."""
DEPLOY_SECONDS = 900
"""How long a write may take: a deployment waits for the startup probes of its instances."""


class Cloud:
    """One sandbox's Google Cloud. ``project`` and ``region`` are the provider's configuration, empty when not given."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.project = ""
        self.region = ""
        self._url = url
        self._http = httpx.Client(
            base_url=url, timeout=DEPLOY_SECONDS, trust_env=False, transport=transport, limits=KEPT
        )

    def _request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise ProviderError(
                f"the sandbox's Google Cloud at {self._url} does not answer ({error}): start it with `firedrill up`"
            ) from None
        if answer.status_code >= 400 and answer.status_code != 404:
            raise ProviderError(_message(answer))
        return answer

    def create(self, kind: str, id: str, properties: Properties) -> tuple[str, Properties]:
        """Make a resource: its id and properties."""
        return self._write("POST", kind, id, properties)

    def update(self, kind: str, id: str, properties: Properties) -> Properties:
        """Replace a resource's properties."""
        return self._write("PUT", kind, id, properties)[1]

    def _write(self, method: str, kind: str, id: str, properties: Properties) -> tuple[str, Properties]:
        answer = self._request(method, _path(kind, id), {"properties": properties})
        if answer.status_code == 404:
            raise ProviderError(_message(answer))
        found = answer.json()
        return found["id"], found["properties"]

    def read(self, kind: str, id: str) -> Properties | None:
        """A resource's properties, or None when there is none."""
        answer = self._request("GET", _path(kind, id))
        if answer.status_code == 404:
            return None
        found: Properties = answer.json()["properties"]
        return found

    def delete(self, kind: str, id: str) -> None:
        """Delete a resource; gone already is success."""
        self._request("DELETE", _path(kind, id))

    def secret(self, version: str) -> bytes | None:
        """The value of ``projects/P/secrets/S/versions/V``, or None when it cannot be read (disabled, gone)."""
        try:
            answer = self._request("GET", f"/v1/{version}:access")
        except ProviderError:
            return None
        return base64.b64decode(answer.json()["payload"]["data"]) if answer.status_code == 200 else None


def _path(kind: str, id: str) -> str:
    return f"/-/resources/{kind}/{quote(id, safe='/')}"


def _message(answer: httpx.Response) -> str:
    try:
        return f"Error {answer.status_code}: {answer.json()['error']['message']}"
    except (ValueError, KeyError):
        return f"Error {answer.status_code}: {answer.text}"
