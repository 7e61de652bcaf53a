"""DORA deployments and failures: https://docs.datadoghq.com/api/latest/dora-metrics/ ."""

import copy
import uuid
from datetime import UTC, datetime

from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import titled_error
from firedrill.sandbox.datadog.store import Body

DEPLOYMENTS, FAILURES = "dora_deployments", "dora_failures"
LIMIT_MAX = 1000
UNITS = ((10**17, 10**9), (10**11, 10**3), (0, 1))
"""The smallest number that is taken for a unit, and how many of it a second has: nanoseconds, milliseconds, seconds."""


def store_event(call: Call, kind: str, type_: str) -> ApiResponse:
    """Store an event. The same id again is a second event with that id: nothing is deduplicated."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    identifier = str(attributes.pop("id", None) or uuid.uuid4())
    call.put(kind, str(uuid.uuid4()), {"id": identifier, "type": type_, "attributes": attributes})
    return ApiResponse({"data": {"id": identifier, "type": type_}}, 200)


def list_events(call: Call, kind: str, type_: str) -> ApiResponse:
    """Return the events whose tags or members match each term of the query, newest first.

    Raises :class:`ApiError` 400 for a body of another type than ``type_``.
    """
    data = (call.body or {}).get("data") or {}
    if data.get("type") != type_:
        raise titled_error(400, f'got type "{data.get("type") or ""}" expected one of "{type_}"')
    search = data.get("attributes") or {}
    terms = str(search.get("query") or "*").split()
    events = [
        event
        for event in call.list(kind)
        if all(term == "*" or matches_term(event["attributes"], term) for term in terms)
    ]
    limit = search.get("limit", 10)
    if not isinstance(limit, int) or not 1 <= limit <= LIMIT_MAX:
        raise ApiError(400, f"limit: must be from 1 to {LIMIT_MAX}")
    return ApiResponse({"data": [event_response(event) for event in events[::-1][:limit]]})


def event_response(event: Body) -> Body:
    """Return an event as lists have it.

    Requests have times as numbers and the URL of the repository; lists have dates, and the URL without its scheme.
    """
    attributes = copy.deepcopy(event["attributes"])
    for name in ("started_at", "finished_at"):
        if name in attributes:
            attributes[name] = moment(attributes[name])
    if event["type"] == "dora_deployment" and attributes.get("git"):
        git = attributes["git"]
        repository = git["repository_url"].partition("://")[2] or git["repository_url"]
        attributes["git"] = {"commit_sha": git["commit_sha"], "repository_id": repository.removesuffix(".git")}
    return {**event, "attributes": attributes}


def moment(time: int) -> str:
    """Return a Unix time in nanoseconds, milliseconds or seconds as a date with time, ``2026-11-24T02:31:00Z``."""
    per_second = next(units for least, units in UNITS if abs(time) >= least)
    return datetime.fromtimestamp(time / per_second, UTC).isoformat().replace("+00:00", "Z")


def matches_term(attributes: Body, term: str) -> bool:
    """Return whether an event has ``key:value`` as a custom tag or a member."""
    key, _, value = term.partition(":")
    return term in (attributes.get("custom_tags") or ()) or str(attributes.get(key.lstrip("@"))) == value


@serves("v2.create_dora_deployment")
def create_deployment(call: Call) -> ApiResponse:
    """Record a deployment."""
    return store_event(call, DEPLOYMENTS, "dora_deployment")


@serves("v2.create_dora_failure")
def create_failure(call: Call) -> ApiResponse:
    """Record a failure."""
    return store_event(call, FAILURES, "dora_failure")


@serves("v2.list_dora_deployments", read_only=True)
def list_deployments(call: Call) -> ApiResponse:
    """Return deployments, newest first."""
    return list_events(call, DEPLOYMENTS, "dora_deployments_list_request")


@serves("v2.list_dora_failures", read_only=True)
def list_failures(call: Call) -> ApiResponse:
    """Return failures, newest first."""
    return list_events(call, FAILURES, "dora_failures_list_request")
