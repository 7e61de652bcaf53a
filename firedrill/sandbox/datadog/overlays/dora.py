"""DORA deployments and failures, and CI pipeline executions: https://docs.datadoghq.com/api/latest/dora-metrics/ ."""

import copy
import uuid
from typing import Any

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

DEPLOYMENTS, FAILURES = "dora_deployments", "dora_failures"
MOST = 1000


def stored(call: Call, kind: str, type_: str) -> Answer:
    """Keep an event. The same id again is another event of the same id: nothing is deduplicated."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    identifier = str(given.pop("id", None) or uuid.uuid4())
    call.put(kind, str(uuid.uuid4()), {"id": identifier, "type": type_, "attributes": given})
    return Answer({"data": {"id": identifier, "type": type_}}, 200)


def listed(call: Call, kind: str) -> Answer:
    """Events whose tags or members contain each term of the query."""
    given = (call.body or {}).get("data", {}).get("attributes", {})
    terms = str(given.get("query") or "*").split()
    found = [one for one in call.list(kind) if all(term == "*" or matches(one["attributes"], term) for term in terms)]
    limit = given.get("limit", 10)
    if not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise ApiError(400, f"limit: must be from 1 to {MOST}")
    return Answer({"data": found[::-1][:limit]})


def matches(attributes: Body, term: str) -> bool:
    """``key:value`` as a custom tag or a member."""
    key, _, value = term.partition(":")
    return term in (attributes.get("custom_tags") or ()) or str(attributes.get(key.lstrip("@"))) == value


@serves("v2.create_dora_deployment")
def create_deployment(call: Call) -> Answer:
    """A deployment."""
    return stored(call, DEPLOYMENTS, "dora_deployment")


@serves("v2.create_dora_failure")
def create_failure(call: Call) -> Answer:
    """A failure."""
    return stored(call, FAILURES, "dora_failure")


@serves("v2.list_dora_deployments", reads=True)
def list_deployments(call: Call) -> Answer:
    """Deployments, the latest first."""
    return listed(call, DEPLOYMENTS)


@serves("v2.list_dora_failures", reads=True)
def list_failures(call: Call) -> Answer:
    """Failures, the latest first."""
    return listed(call, FAILURES)


# Telemetry has a connection of its own, which must not wait for a transaction of the objects.
@serves("v2.create_ci_app_pipeline_event", refused=400, reads=True)
def create_pipeline_event(call: Call) -> Answer:
    """An execution of a pipeline, a stage or a job."""
    data: Any = call.body["data"]
    for one in data if isinstance(data, list) else [data]:
        given = one["attributes"]
        resource = given["resource"]
        attributes = {
            "service": given.get("service") or "",
            "status": "error" if resource.get("status") == "error" else "info",
            "message": resource.get("name") or "",
            "tags": [*(resource.get("tags") or ()), f"env:{given.get('env') or 'none'}"],
            "ci_level": resource.get("level") or "pipeline",
            "attributes": {"ci": {"pipeline": resource, "status": resource.get("status")},
                           "provider": {"name": given.get("provider_name")}},
        }  # fmt: skip
        store = TelemetryStore(call.directory.store.path, call.org)
        store.append_events([Event(call.now.timestamp(), "cipipeline", attributes)])
    return Answer({}, 202)
