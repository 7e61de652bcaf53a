"""After an update that was killed, or whose API did not answer: what exists without being recorded.

The engine records that it is about to create a resource before it asks the provider. When it is killed then, the
object may exist without an id in the state, and the next update would create a second one, or be refused for the name.
Such objects are found (:mod:`firedrill.engine.lookup`) and taken into the state, as ``pulumi import`` would. One whose
create said what no read says again, such as a key, is deleted, as is one that a replacement was making. Dynamic
resources look for their own name when they are made.
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

from firedrill.engine import google
from firedrill.engine.lookup import candidates, row_of
from firedrill.sandbox.providers.datadog import provider
from firedrill.sandbox.providers.datadog.api import Api, ApiError
from firedrill.sandbox.providers.resource import Call, ResourceKind

Json = Mapping[str, Any]
Resource = dict[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark of a secret in a state, no secret
UNCERTAIN = re.compile(r"\b50[0234]\b|no answer|timed? ?out|deadline|connection reset|EOF", re.IGNORECASE)
"""Errors after which an object may exist all the same: of the API's server, or none at all."""


@dataclass
class Recovery:
    """What was found, in words, and what the state is to take over."""

    told: list[str] = field(default_factory=list)
    adopted: list[Resource] = field(default_factory=list)


@dataclass(frozen=True)
class Accounts:
    """Where a stack's objects are."""

    datadog: Api
    google: google.Google


@dataclass(frozen=True)
class Interrupted:
    """What a killed update was at work on: ``creating``, and the resource."""

    doing: str
    type: str
    urn: str

    def __str__(self) -> str:
        return f"{self.doing} {self.type.rpartition(':')[2]} {self.urn.rpartition('::')[2]}"


def interrupted(stack: automation.Stack) -> list[Interrupted]:
    """What the state says was under way when an update was killed."""
    return [Interrupted(one["type"], one["resource"]["type"], one["resource"]["urn"]) for one in _pending(stack)]


def _pending(stack: automation.Stack) -> Sequence[Json]:
    """The state's pending operations. A state that is a file is read as such: each command asks for them."""
    backend = stack.workspace.env_vars.get("PULUMI_BACKEND_URL") or ""
    if backend.startswith("file://"):
        folder = Path(url2pathname(urlsplit(backend).path)) / ".pulumi" / "stacks"
        state = folder / stack.workspace.project_settings().name / f"{stack.name}.json"
        found = json.loads(state.read_text()) if state.exists() else {}
        return ((found.get("checkpoint") or {}).get("latest") or {}).get("pending_operations") or ()
    return (stack.export_stack().deployment or {}).get("pending_operations") or ()


def recover(stack: automation.Stack, accounts: Accounts) -> list[str]:
    """Take over or delete what a killed update left unrecorded, and forget its creates; in words, what was done."""
    if not _pending(stack):
        return []
    state = stack.export_stack()
    deployment: dict[str, Any] = dict(state.deployment or {})
    pending = deployment.get("pending_operations") or []
    creating = [one["resource"] for one in pending if one["type"] == "creating"]
    if not creating:
        return []
    resources = list(deployment.get("resources") or ())
    found = _settle(accounts.datadog, creating, resources, adopt=True)
    possible, deleted = google.left(accounts.google, creating, resources)
    deployment["resources"] = [*resources, *found.adopted, *possible]
    deployment["pending_operations"] = [one for one in pending if one["type"] != "creating"]
    stack.import_stack(automation.Deployment(version=state.version, deployment=deployment))
    taken = [one["urn"] for one in (*found.adopted, *possible)]
    if taken:  # reads what only a read knows, such as the id of a test's monitor, and drops what does not exist
        stack.refresh(target=taken, on_output=lambda _: None, color="never")
    there = {one["urn"] for one in (stack.export_stack().deployment or {}).get("resources") or () if possible}
    told = [f"{_creating(one)} without recording it: it is taken over" for one in possible if one["urn"] in there]
    return [*found.told, *told, *deleted]


def after_failures(stack: automation.Stack, api: Api, failed: Sequence[tuple[Resource, str]]) -> list[str]:
    """Delete what creates made whose answers were lost. ``failed``: resources (type, urn, inputs) and their errors."""
    uncertain = [resource for resource, error in failed if UNCERTAIN.search(error)]
    if not uncertain:
        return []
    resources = (stack.export_stack().deployment or {}).get("resources") or []
    return _settle(api, uncertain, resources, adopt=False).told


def _settle(api: Api, creating: Sequence[Resource], resources: Sequence[Resource], *, adopt: bool) -> Recovery:
    ids = {(one["type"], str(one["id"])) for one in resources if one.get("id")}
    urns = {one["urn"] for one in resources}
    table = provider()
    table.configure({"apiUrl": api.url, "apiKey": api.api_key, "appKey": api.app_key})
    found = Recovery()
    for resource in creating:
        kind, row = table.kinds.get(resource["type"]), row_of(resource["type"])
        if kind is None or row is None:
            continue
        call, inputs = Call(resource["urn"]), dict(resource.get("inputs") or {})
        for identifier in dict.fromkeys(candidates(api, resource["type"], inputs)):
            if (resource["type"], identifier) in ids:
                continue
            name = f"{_creating(resource)} ({identifier})"
            same = _is(kind, call, identifier, inputs)
            if adopt and not row.once and resource["urn"] not in urns and (same or (row.partly and same is not None)):
                found.adopted.append({**resource, "id": identifier, "outputs": {}})
                found.told.append(f"{name} without recording it: it is taken over")
                break
            if same:
                kind.delete(call, identifier, inputs, {})
                found.told.append(f"{name} without recording it: it is deleted, and made again")
    return found


def _creating(resource: Json) -> str:
    return str(Interrupted("creating", resource["type"], resource["urn"]))


def _is(kind: ResourceKind, call: Call, identifier: str, inputs: Resource) -> bool | None:
    """Whether an object is just what was declared; None where it does not exist or is of another kind."""
    try:
        read = kind.read(call, identifier, inputs, {})
    except ApiError as error:
        if error.status in {400, 404}:
            return None
        raise
    if read is None:
        return None
    changes = kind.diff(call, identifier, read[0], read[1], inputs).changes
    return all(SECRET in str(inputs.get(re.split(r"[.\[]", path)[0])) for path in changes)


def name_of(body: Json) -> str | None:
    """What an object is called, in a resource's inputs or in a body of the API."""
    for part in _parts(body):
        found = part.get("name") or part.get("title")
        if isinstance(found, str):
            return found
    return None


def _parts(body: Json) -> Iterator[Json]:
    yield body
    yield body.get("attributes") or {}
    yield (body.get("data") or {}).get("attributes") or {}
