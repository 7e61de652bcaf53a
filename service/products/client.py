"""Datadog's public API through ``datadog-api-client``, as plain JSON, with every failure as a :class:`Problem`.

The client's own models are not used for answers: one unknown enum value would fail a whole list. Its endpoint objects
still know method, path, host and which keys an operation needs. An operation is named as the client does:
``v1.SyntheticsApi.list_tests``.
"""

import importlib
import json
import re
import threading
import warnings
from collections.abc import Mapping
from typing import Any

import urllib3
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException

from service.problems import CallerError, Problem, Unavailable
from service.redactor import redactor
from service.settings import Settings

Json = Any
TIMEOUT = (1.0, 5.0)
"""Seconds to connect and to wait for bytes."""
RETRY_AFTER = 5
PREVIEWS = ("create_incident", "get_incident", "list_incidents", "update_incident", "create_incident_attachment")
"""Used while the client still calls them unstable. Without the version: with it, the client raises (2.62)."""
UNSTABLE = re.compile(r"Using unstable operation")


class NotFound(CallerError):
    """Datadog has no such object."""

    status = 404
    title = "There is no such object"


class Managed(CallerError):
    """The object belongs to somebody else: Pulumi, or a person."""

    status = 409
    title = "The object is managed elsewhere"


class DatadogRefused(Problem):
    """Datadog does not take the service's keys or request: nothing that the caller can change."""

    status = 502
    title = "Datadog refused the call"


class Datadog:
    """The API client of a process. Safe for threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._client: ApiClient | None = None
        self._apis: dict[str, Any] = {}
        self.http = urllib3.PoolManager(timeout=urllib3.Timeout(*TIMEOUT), retries=False, maxsize=8)

    @property
    def off(self) -> str | None:
        """Why the API cannot be called; None when it can."""
        missing = [
            name
            for name, value in (
                ("DD_API_KEY", self.settings.datadog_api_key),
                ("DD_APP_KEY", self.settings.datadog_app_key),
            )
            if not value
        ]
        return f"{' and '.join(missing)} not set" if missing else None

    def call(self, operation: str, *arguments: Json, **named: Json) -> Json:
        """An operation's answer as JSON, None without one. Raises :class:`Problem`."""
        if self.off:
            raise Unavailable(f"Datadog's API is off: {self.off}", retry_after=60)
        version, group, name = operation.split(".")
        function = getattr(self._api(version, group), name)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", UNSTABLE.pattern)
                answer = function(*(redactor.value(one) for one in arguments), **redactor.value(named))
            content = answer.data
        except UnicodeDecodeError as error:
            raise Unreachable("Datadog's answer is no text") from error
        except ApiException as error:
            raise _problem(operation.rpartition(".")[2], error.status or 0, error.headers or {}) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("API", error) from error
        try:
            return json.loads(content) if content.strip() else None
        except ValueError as error:
            raise Unreachable("Datadog's answer broke off") from error

    def get(self, path: str, query: dict[str, str]) -> Json:
        """A read that the client does not know yet, as JSON. Raises :class:`Problem`."""
        settings = self.settings
        headers = {"DD-API-KEY": settings.datadog_api_key or "", "DD-APPLICATION-KEY": settings.datadog_app_key or ""}
        url = f"{settings.datadog_api_url or f'https://api.{settings.datadog_site}'}{path}"
        try:
            answer = self.http.request("GET", url, fields=query, headers=headers)
            if answer.status >= 300:
                raise _problem(path, answer.status, answer.headers)
            return json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("API", error) from error
        except ValueError as error:
            raise Unreachable("Datadog's answer broke off") from error

    def _api(self, version: str, group: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = ApiClient(self._configuration())
            if (key := f"{version}.{group}") not in self._apis:
                # Importing all groups takes 1.4 s and 100 MB: each comes at its first use.
                module = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", group).lower()
                found = importlib.import_module(f"datadog_api_client.{version}.api.{module}")
                self._apis[key] = getattr(found, group)(self._client)
            return self._apis[key]

    def _configuration(self) -> Configuration:
        settings = self.settings
        configuration = Configuration(  # type: ignore[no-untyped-call]  # publishes no types
            host=settings.datadog_api_url,
            api_key={"apiKeyAuth": settings.datadog_api_key, "appKeyAuth": settings.datadog_app_key},
            check_input_type=False,
            preload_content=False,
            request_timeout=TIMEOUT,
            # Its default repeats what could not be sent three times: callers wait, and an outbox entry's lease runs.
            retry_policy=False,
        )
        if settings.datadog_api_url is None:
            configuration.server_variables["site"] = settings.datadog_site
        for operation in PREVIEWS:
            configuration.unstable_operations[operation] = True
        return configuration

    def agent(self, path: str, subdomain: str, body: Json) -> None:
        """Send to an intake through the agent in the container, which adds the key. Raises :class:`Unavailable`."""
        headers = {"Content-Type": "application/json", "X-Datadog-EVP-Subdomain": subdomain}
        try:
            answer = self.http.request(
                "POST",
                f"{self.settings.agent_url}{path}",
                body=json.dumps(redactor.value(body)).encode(),
                headers=headers,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("agent", error) from error
        if answer.status >= 300:
            raise Unreachable(f"Datadog's agent answered {answer.status}")


class Unreachable(Unavailable):
    """Datadog does not answer now, or asks to wait. ``unknown``: whether a write may have been done all the same."""

    def __init__(self, detail: str, *, retry_after: int = RETRY_AFTER, unknown: bool = True) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.unknown = unknown


def _unreachable(what: str, error: Exception) -> Unreachable:
    """Of an error below HTTP; a connection that was never made carried nothing."""
    unknown = not isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
    return Unreachable(f"Datadog's {what} cannot be reached ({type(error).__name__})", unknown=unknown)


def _problem(name: str, status: int, headers: Mapping[str, str]) -> Problem:
    """What a refusal means for the caller."""
    if status == 429:
        # Case differs between hosts and versions of HTTP.
        reset = urllib3.HTTPHeaderDict(headers).get("X-RateLimit-Reset", "")
        wait = int(reset) if reset.isdecimal() else RETRY_AFTER
        return Unreachable(f"Datadog limits {name} (429)", retry_after=wait, unknown=False)
    if status >= 500 or status == 408:
        return Unreachable(f"Datadog answered {status} to {name}")
    if status == 404:
        return NotFound(f"Datadog knows no such object ({name})")
    if status in (401, 403):
        return DatadogRefused(f"Datadog refused the service's keys for {name} ({status})")
    # The text is Datadog's and may quote the request: only its class is told.
    return CallerError(f"Datadog refused {name} ({status})", status=400 if status != 409 else 409)
