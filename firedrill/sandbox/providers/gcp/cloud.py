"""Client of the sandbox's Google Cloud: its control API, and the configured project and region."""

import base64
from typing import Any
from urllib.parse import quote

import httpx

from firedrill.provider.resource import ProviderError
from firedrill.provider.values import Properties

NO_KEEP_ALIVE = httpx.Limits(max_keepalive_connections=0)
"""A new connection for each request: a busy server may close an idle one just as it is used again."""
DEPLOY_SECONDS = 900
"""Timeout of a write: a deployment waits for the startup probes of its instances."""


class Cloud:
    """One sandbox's Google Cloud. ``project`` and ``region`` are the provider's configuration, '' by default."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.project = ""
        self.region = ""
        self._url = url
        self._http = httpx.Client(
            base_url=url, timeout=DEPLOY_SECONDS, trust_env=False, transport=transport, limits=NO_KEEP_ALIVE
        )

    def _request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise ProviderError(
                f"the sandbox's Google Cloud at {self._url} does not respond ({error}): start it with `firedrill up`"
            ) from None
        if response.status_code >= 400 and response.status_code != 404:
            raise ProviderError(_error_message(response))
        return response

    def create(self, kind: str, id: str, properties: Properties) -> tuple[str, Properties]:
        """Create a resource and return its id and properties."""
        return self._write("POST", kind, id, properties)

    def update(self, kind: str, id: str, properties: Properties) -> Properties:
        """Replace a resource's properties and return the stored ones."""
        return self._write("PUT", kind, id, properties)[1]

    def _write(self, method: str, kind: str, id: str, properties: Properties) -> tuple[str, Properties]:
        response = self._request(method, _path(kind, id), {"properties": properties})
        if response.status_code == 404:
            raise ProviderError(_error_message(response))
        resource = response.json()
        return resource["id"], resource["properties"]

    def read(self, kind: str, id: str) -> Properties | None:
        """Return a resource's properties, or None when there is none."""
        response = self._request("GET", _path(kind, id))
        if response.status_code == 404:
            return None
        properties: Properties = response.json()["properties"]
        return properties

    def delete(self, kind: str, id: str) -> None:
        """Delete a resource; a missing one is not an error."""
        self._request("DELETE", _path(kind, id))

    def secret(self, version: str) -> bytes | None:
        """Return the value of ``projects/P/secrets/S/versions/V``, or None for a disabled or missing one."""
        try:
            response = self._request("GET", f"/v1/{version}:access")
        except ProviderError:
            return None
        return base64.b64decode(response.json()["payload"]["data"]) if response.status_code == 200 else None


def _path(kind: str, id: str) -> str:
    return f"/-/resources/{kind}/{quote(id, safe='/')}"


def _error_message(response: httpx.Response) -> str:
    try:
        return f"Error {response.status_code}: {response.json()['error']['message']}"
    except (ValueError, KeyError):
        return f"Error {response.status_code}: {response.text}"
