"""The account's own API, called from inside the server: what its workflows' steps do passes the same checks."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.app import perform, serving_of
from firedrill.sandbox.datadog.routing import Routes, operations
from firedrill.sandbox.datadog.serving import ApiError, Call, load_families, utc_now

Api = Callable[[str, Any], Any]
"""``api("POST /api/v2/incidents", body)`` returns the answer's JSON, and raises :class:`Refused`."""


class Refused(Exception):
    """The API refused a call; the text has its status and its reason."""


def own_api(directory: Directory, org: str, clock: Callable[[], datetime] = utc_now) -> Api:
    """The API of an organisation, without HTTP between."""
    table, served = Routes(operations()), load_families()

    def call(request: str, body: Any = None) -> Any:
        method, _, target = request.partition(" ")
        parts = urlsplit(target)
        try:
            match, serving = serving_of(table.match(method, parts.path), served, set())
            sent = None if body is None else json.loads(json.dumps(body))
            query = QueryParams(parts.query)
            return perform(Call(match.operation, org, match.parameters, query, sent, directory, clock()), serving).body
        except ApiError as error:
            raise Refused(f"{request}: status {error.status}: {error}") from error

    return call
