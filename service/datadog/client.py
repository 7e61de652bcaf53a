"""Datadog's public API through ``datadog-api-client``, as plain JSON; every failure is a :class:`Problem`.

The client's models do not parse responses: one unknown enum value would fail a whole list. Its endpoint objects still
supply method, path, host and the keys that an operation needs. Operations have the client's names, such as
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

from service.datadog.limits import cut_to_limits
from service.problems import CallerError, Problem, Unavailable
from service.settings import Settings
from service.telemetry import last_seen
from service.telemetry.redactor import Redactor

TIMEOUT = (1.0, 5.0)
"""Seconds to connect and to wait for bytes."""
RETRY_AFTER = 5
UNSTABLE_OPERATIONS = (
    "create_incident",
    "get_incident",
    "list_incidents",
    "update_incident",
    "create_incident_attachment",
)
"""Operations that the client calls unstable. Without a version in front, since the client (2.62) raises with it."""
UNSTABLE_WARNING = "Using unstable operation"
DEPRECATED_WARNING = "get_schedule_on_call_user is deprecated"
"""Its successor names no end of the shift."""


class NotFound(CallerError):
    """Datadog has no such object."""

    status = 404
    title = "There is no such object"


class Managed(CallerError):
    """The object is managed by Pulumi or by a person, not by the service."""

    status = 409
    title = "The object is managed elsewhere"


class DatadogRefused(Problem):
    """Datadog refuses the service's keys: the caller cannot change that."""

    status = 502
    title = "Datadog refused the call"


class Datadog:
    """The API client of a process. Safe for threads."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self.settings = settings
        self._redactor = redactor
        self._lock = threading.Lock()
        self._client: ApiClient | None = None
        self._apis: dict[str, Any] = {}
        self.http = urllib3.PoolManager(timeout=urllib3.Timeout(*TIMEOUT), retries=False, maxsize=8)

    @property
    def off_reason(self) -> str | None:
        """The reason why the API cannot be called; None when it can."""
        missing = [
            name
            for name, value in (
                ("DD_API_KEY", self.settings.datadog_api_key),
                ("DD_APP_KEY", self.settings.datadog_app_key),
            )
            if not value
        ]
        return f"{' and '.join(missing)} not set" if missing else None

    def call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        """Call an operation and return its JSON response, None for an empty one. Raises :class:`Problem`."""
        if self.off_reason:
            raise Unavailable(f"Datadog's API is off: {self.off_reason}", retry_after=60)
        version, group, name = operation.split(".")
        function = getattr(self._api(version, group), name)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", UNSTABLE_WARNING)
                warnings.filterwarnings("ignore", DEPRECATED_WARNING)
                sent = [cut_to_limits(operation, self.redact(argument)) for argument in arguments]
                response = function(*sent, **self.redact(keywords))
            content = response.data
            last_seen.note(group)
        except UnicodeDecodeError as error:
            raise Unreachable("Datadog's response is not text") from error
        except ApiException as error:
            raise _problem(operation.rpartition(".")[2], error.status or 0, error.headers or {}) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("API", error) from error
        try:
            return json.loads(content) if content.strip() else None
        except ValueError as error:
            raise Unreachable("Datadog's response broke off") from error

    def redact(self, value: Any) -> Any:
        """Return a JSON value as it is sent: without private data."""
        return self._redactor.redact_json(value)

    def get(self, path: str, query: dict[str, str]) -> Any:
        """Read a path that the client does not know yet, and return the JSON response. Raises :class:`Problem`."""
        settings = self.settings
        headers = {"DD-API-KEY": settings.datadog_api_key or "", "DD-APPLICATION-KEY": settings.datadog_app_key or ""}
        url = f"{settings.datadog_api_url or f'https://api.{settings.datadog_site}'}{path}"
        try:
            response = self.http.request("GET", url, fields=query, headers=headers)
            if response.status >= 300:
                raise _problem(path, response.status, response.headers)
            return json.loads(response.data)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("API", error) from error
        except ValueError as error:
            raise Unreachable("Datadog's response broke off") from error

    def _api(self, version: str, group: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = ApiClient(self._configuration())
            if (key := f"{version}.{group}") not in self._apis:
                # Importing all groups takes 1.4 s and 100 MB: each is imported when it is first used.
                module = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", group).lower()
                api = importlib.import_module(f"datadog_api_client.{version}.api.{module}")
                self._apis[key] = getattr(api, group)(self._client)
            return self._apis[key]

    def _configuration(self) -> Configuration:
        settings = self.settings
        configuration = Configuration(  # type: ignore[no-untyped-call]  # publishes no types
            host=settings.datadog_api_url,
            api_key={"apiKeyAuth": settings.datadog_api_key, "appKeyAuth": settings.datadog_app_key},
            check_input_type=False,
            preload_content=False,
            request_timeout=TIMEOUT,
            # The default repeats failed sends three times, while callers wait and an outbox entry's lease runs out.
            retry_policy=False,
        )
        if settings.datadog_api_url is None:
            configuration.server_variables["site"] = settings.datadog_site
        for operation in UNSTABLE_OPERATIONS:
            configuration.unstable_operations[operation] = True
        return configuration

    def send_through_agent(self, path: str, subdomain: str, body: Any) -> None:
        """Post to an intake through the agent in the container, which adds the key. Raises :class:`Unavailable`."""
        headers = {"Content-Type": "application/json", "X-Datadog-EVP-Subdomain": subdomain}
        try:
            response = self.http.request(
                "POST",
                f"{self.settings.agent_url}{path}",
                body=json.dumps(self.redact(body)).encode(),
                headers=headers,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable("agent", error) from error
        if response.status < 300:
            last_seen.note(subdomain)
        else:
            raise Unreachable(f"Datadog's agent answered {response.status}")


class Unreachable(Unavailable):
    """Datadog does not answer now, or asks to wait (``limited``). ``unknown``: the write may have arrived."""

    def __init__(
        self, detail: str, *, retry_after: int = RETRY_AFTER, unknown: bool = True, limited: bool = False
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.unknown = unknown
        self.limited = limited


def _unreachable(target: str, error: Exception) -> Unreachable:
    """Return the problem for an error below HTTP. Without a connection no write has arrived."""
    unknown = not isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
    return Unreachable(f"Datadog's {target} cannot be reached ({type(error).__name__})", unknown=unknown)


def _problem(name: str, status: int, headers: Mapping[str, str]) -> Problem:
    """Return the problem for an error status."""
    if status == 429:
        # The case of header names differs between hosts and versions of HTTP.
        reset = urllib3.HTTPHeaderDict(headers).get("X-RateLimit-Reset", "")
        wait = int(reset) if reset.isdecimal() else RETRY_AFTER
        return Unreachable(f"Datadog limits {name} (429)", retry_after=wait, unknown=False, limited=True)
    if status >= 500 or status == 408:
        return Unreachable(f"Datadog answered {status} to {name}")
    if status == 404:
        return NotFound(f"Datadog knows no such object ({name})")
    if status in (401, 403):
        return DatadogRefused(f"Datadog refused the service's keys for {name} ({status})")
    # Datadog's text is left out, since it may quote the request.
    return CallerError(f"Datadog refused {name} ({status})", status=400 if status != 409 else 409)
