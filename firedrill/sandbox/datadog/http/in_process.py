"""The account's API called from inside the server: the steps of workflows pass the checks that any client passes."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.datadog.http.handler import ApiError

Api = Callable[[str, Any], Any]
"""``api("POST /api/v2/incidents", body)`` returns the JSON of the response, and raises :class:`CallRefused`."""
USER_AGENT = "Datadog Workflow Automation"


class CallRefused(Exception):
    """The API refused a call; the message has its status and its reason."""


def in_process_api(directory: Directory, org: str, clock: Callable[[], datetime] = utc_now) -> Api:
    """Return the API of an organisation, without HTTP between."""
    api = AccountApi(directory, clock)

    def call(request: str, body: Any = None) -> Any:
        method, _, target = request.partition(" ")
        url = urlsplit(target)
        try:
            match, endpoint = api.endpoint(api.routes.match(method, url.path), url.path)
            payload = None if body is None else json.loads(json.dumps(body))
            workflow_call = api.call(match, org, QueryParams(url.query), payload)
            workflow_call.user_agent = USER_AGENT
            return api.perform(workflow_call, endpoint).body
        except ApiError as error:
            raise CallRefused(f"{request}: status {error.status}: {error}") from error

    return call
