"""Recovery from an update that was killed, or whose API did not answer: objects that exist without being recorded.

The engine records that it is about to create a resource before it asks the provider. When it is killed then, the
object may exist without an id in the state, and the next update would create a second one, or be refused for the name.
Such objects are found (:mod:`~firedrill.engine.recovery_datadog`, :mod:`~firedrill.engine.recovery_google`) and adopted
into the state, as ``pulumi import`` would. An object whose create response is needed and cannot be read again, such as
a key, is deleted, as is one that a replacement was creating. Dynamic resources look for their own name on creation.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pulumi import automation

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.datadog.provider import provider
from firedrill.engine import recovery_google
from firedrill.engine.recovery_datadog import candidate_ids, lookup_for
from firedrill.google import GoogleClient
from firedrill.provider.resource import ResourceCall, ResourceKind

Json = Mapping[str, Any]
Resource = dict[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark of a secret in a state, no secret
UNCERTAIN = re.compile(r"\b50[0234]\b|no answer|timed? ?out|deadline|connection reset|EOF", re.IGNORECASE)
"""Errors after which the object may exist: a server error of the API, or no response."""


@dataclass(frozen=True)
class Accounts:
    """The accounts that hold a stack's objects."""

    datadog: DatadogClient
    google: GoogleClient


@dataclass(frozen=True)
class PendingOperation:
    """An operation that was under way when an update was killed. operation: Pulumi's word, such as ``creating``."""

    operation: str
    type: str
    urn: str

    def __str__(self) -> str:
        return f"{self.operation} {self.type.rpartition(':')[2]} {self.urn.rpartition('::')[2]}"


@dataclass
class Recovered:
    """The outcome of a recovery: descriptions of what was done, and the resources that the state adopts."""

    descriptions: list[str] = field(default_factory=list)
    adopted: list[Resource] = field(default_factory=list)


def pending_operations(stack: automation.Stack) -> list[PendingOperation]:
    """Return the operations that the state records as under way: those of an update that was killed."""
    return [
        PendingOperation(pending["type"], pending["resource"]["type"], pending["resource"]["urn"])
        for pending in _pending(stack)
    ]


def _pending(stack: automation.Stack) -> Sequence[Json]:
    """Return the state's pending operations. A state in a file is read directly: every command asks for them."""
    backend = stack.workspace.env_vars.get("PULUMI_BACKEND_URL") or ""
    if backend.startswith("file://"):
        folder = Path(url2pathname(urlsplit(backend).path)) / ".pulumi" / "stacks"
        file = folder / stack.workspace.project_settings().name / f"{stack.name}.json"
        state = json.loads(file.read_text()) if file.exists() else {}
        return ((state.get("checkpoint") or {}).get("latest") or {}).get("pending_operations") or ()
    return (stack.export_stack().deployment or {}).get("pending_operations") or ()


def recover(stack: automation.Stack, accounts: Accounts) -> list[str]:
    """Adopt or delete what a killed update left unrecorded, and clear its pending creates.

    Returns:
        A description of each object that was adopted or deleted.
    """
    if not _pending(stack):
        return []
    state = stack.export_stack()
    deployment: dict[str, Any] = dict(state.deployment or {})
    pending = deployment.get("pending_operations") or []
    creating = [operation["resource"] for operation in pending if operation["type"] == "creating"]
    if not creating:
        return []
    recorded = list(deployment.get("resources") or ())
    recovered = _adopt_or_delete(accounts.datadog, creating, recorded, adopt=True)
    possible, deleted = recovery_google.unrecorded(accounts.google, creating, recorded)
    deployment["resources"] = [*recorded, *recovered.adopted, *possible]
    deployment["pending_operations"] = [operation for operation in pending if operation["type"] != "creating"]
    stack.import_stack(automation.Deployment(version=state.version, deployment=deployment))
    urns = [resource["urn"] for resource in (*recovered.adopted, *possible)]
    if urns:  # reads what only a read knows, such as the id of a test's monitor, and drops what does not exist
        stack.refresh(target=urns, on_output=lambda _: None, color="never")
    existing = {
        resource["urn"] for resource in (stack.export_stack().deployment or {}).get("resources") or () if possible
    }
    adopted = [
        f"{_creating(resource)} without recording it: adopted into the state"
        for resource in possible
        if resource["urn"] in existing
    ]
    return [*recovered.descriptions, *adopted, *deleted]


def delete_uncertain(
    stack: automation.Stack, client: DatadogClient, failed: Sequence[tuple[Resource, str]]
) -> list[str]:
    """Delete the objects that failed creates created after all, because only their responses were lost.

    failed: resources (type, urn, inputs) with their errors.

    Returns:
        A description of each object that was deleted.
    """
    uncertain = [resource for resource, error in failed if UNCERTAIN.search(error)]
    if not uncertain:
        return []
    recorded = (stack.export_stack().deployment or {}).get("resources") or []
    return _adopt_or_delete(client, uncertain, recorded, adopt=False).descriptions


def _adopt_or_delete(
    client: DatadogClient, creating: Sequence[Resource], recorded: Sequence[Resource], *, adopt: bool
) -> Recovered:
    ids = {(resource["type"], str(resource["id"])) for resource in recorded if resource.get("id")}
    urns = {resource["urn"] for resource in recorded}
    kinds = provider(client).kinds
    recovered = Recovered()
    for resource in creating:
        kind, lookup = kinds.get(resource["type"]), lookup_for(resource["type"])
        if kind is None or lookup is None:
            continue
        call, inputs = ResourceCall(resource["urn"]), dict(resource.get("inputs") or {})
        for identifier in dict.fromkeys(candidate_ids(client, resource["type"], inputs)):
            if (resource["type"], identifier) in ids:
                continue
            description = f"{_creating(resource)} ({identifier}) without recording it"
            as_declared = _is_as_declared(kind, call, identifier, inputs)
            usable = as_declared or (lookup.several_requests and as_declared is not None)
            if adopt and not lookup.shown_once and resource["urn"] not in urns and usable:
                recovered.adopted.append({**resource, "id": identifier, "outputs": {}})
                recovered.descriptions.append(f"{description}: adopted into the state")
                break
            if as_declared:
                kind.delete(call, identifier, inputs, {})
                recovered.descriptions.append(f"{description}: deleted, to be created again")
    return recovered


def _creating(resource: Json) -> str:
    return str(PendingOperation("creating", resource["type"], resource["urn"]))


def _is_as_declared(kind: ResourceKind, call: ResourceCall, identifier: str, inputs: Resource) -> bool | None:
    """Return whether an object equals its declaration; None where it does not exist or is of another kind."""
    try:
        read = kind.read(call, identifier, inputs, {})
    except DatadogError as error:
        if error.status in {400, 404}:
            return None
        raise
    if read is None:
        return None
    changes = kind.diff(call, identifier, read[0], read[1], inputs).changes
    return all(SECRET in str(inputs.get(re.split(r"[.\[]", path)[0])) for path in changes)


def name_of(body: Json) -> str | None:
    """Return the name or title of an object, from a resource's inputs or a body of the API; None without one."""
    for level in _levels(body):
        name = level.get("name") or level.get("title")
        if isinstance(name, str):
            return name
    return None


def _levels(body: Json) -> Iterator[Json]:
    """Yield the objects that may hold the name: the body, and JSON:API's attributes in it."""
    yield body
    yield body.get("attributes") or {}
    yield (body.get("data") or {}).get("attributes") or {}
