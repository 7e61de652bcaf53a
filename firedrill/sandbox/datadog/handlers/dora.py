"""DORA deployments and failures: https://docs.datadoghq.com/api/latest/dora-metrics/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

DEPLOYMENTS, FAILURES = "dora_deployments", "dora_failures"
LIMIT_MAX = 1000


def store_event(call: Call, kind: str, type_: str) -> ApiResponse:
    """Store an event. The same id again is a second event with that id: nothing is deduplicated."""
    attributes = copy.deepcopy(call.body["data"]["attributes"])
    identifier = str(attributes.pop("id", None) or uuid.uuid4())
    call.put(kind, str(uuid.uuid4()), {"id": identifier, "type": type_, "attributes": attributes})
    return ApiResponse({"data": {"id": identifier, "type": type_}}, 200)


def list_events(call: Call, kind: str) -> ApiResponse:
    """Return the events whose tags or members match each term of the query, newest first."""
    search = (call.body or {}).get("data", {}).get("attributes", {})
    terms = str(search.get("query") or "*").split()
    events = [
        event
        for event in call.list(kind)
        if all(term == "*" or matches_term(event["attributes"], term) for term in terms)
    ]
    limit = search.get("limit", 10)
    if not isinstance(limit, int) or not 1 <= limit <= LIMIT_MAX:
        raise ApiError(400, f"limit: must be from 1 to {LIMIT_MAX}")
    return ApiResponse({"data": events[::-1][:limit]})


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
    return list_events(call, DEPLOYMENTS)


@serves("v2.list_dora_failures", read_only=True)
def list_failures(call: Call) -> ApiResponse:
    """Return failures, newest first."""
    return list_events(call, FAILURES)
