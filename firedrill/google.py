"""Google Cloud's REST APIs: authentication, errors in one line, and one base URL in place of all hosts (the sandbox's).

https://docs.cloud.google.com/docs/authentication/application-default-credentials
"""

from collections.abc import Generator
from typing import Any

import httpx

from firedrill.errors import KnownFailure

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT = 30.0
"""Seconds for one request."""


class GoogleError(KnownFailure):
    """A refused or unanswered request. status: the HTTP status; 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ApplicationDefaultCredentials(httpx.Auth):
    """The Google account of this environment.

    A token is valid for an hour, and a deployment may take longer: each request refreshes it where needed.

    Raises:
        KnownFailure: the environment has no Google account.
    """

    def __init__(self) -> None:
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        try:
            self._credentials, _ = google.auth.default(scopes=[SCOPE])
            self._refresh()
        except GoogleAuthError as error:
            raise KnownFailure(f"no Google account: run `gcloud auth application-default login` ({error})") from error

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a valid token to a request."""
        if not self._credentials.valid:
            self._refresh()
        request.headers["Authorization"] = f"Bearer {self._credentials.token}"
        yield request

    def _refresh(self) -> None:
        import google.auth.transport.requests

        self._credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]


class GoogleClient:
    """Requests to Google's APIs. base: replaces every host with the sandbox's URL."""

    def __init__(self, auth: httpx.Auth | None = None, base: str = "") -> None:
        self._base = base
        self._http = httpx.Client(auth=auth, trust_env=not base)

    def call(
        self, request: str, body: Any = None, *, quota_project: str = "", timeout: float = TIMEOUT
    ) -> dict[str, Any]:
        """Send "METHOD api/path" ("GET run/v2/projects/p"); return the answer's JSON.

        api: the host without ``.googleapis.com``; quota_project: the project that the request is charged to.

        Raises:
            GoogleError: the request was refused or not answered.
        """
        method, _, place = request.partition(" ")
        api, _, path = place.partition("/")
        host = f"{api}.googleapis.com"
        url = f"{self._base or f'https://{host}'}/{path}"
        headers = {"x-goog-user-project": quota_project} if quota_project and not self._base else {}
        try:
            response = self._http.request(method, url, json=body, headers=headers, timeout=timeout)
        except httpx.HTTPError as error:
            raise GoogleError(f"{host} does not answer: {error or type(error).__name__}") from error
        if not response.is_success:
            target = f"{method} {host}/{path.partition('?')[0]}"
            raise GoogleError(f"{target} answered {response.status_code}: {_reason(response)}", response.status_code)
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer


def _reason(response: httpx.Response) -> str:
    """Return Google's own message (https://google.aip.dev/193), or the beginning of the text."""
    if "json" in response.headers.get("content-type", ""):
        error = response.json().get("error")
        if isinstance(error, dict):
            return str(error.get("message") or "no reason given").strip()
    return response.text[:200].strip() or response.reason_phrase
