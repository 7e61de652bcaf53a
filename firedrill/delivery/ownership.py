"""One owner for a shared object: a stack that would make what another one manages already is stopped at preview."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from pulumi.automation.events import StepEventMetadata

from firedrill.delivery.target import Target
from firedrill.engine.recovery import name_of
from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api

MANAGED = "managed_by:pulumi"
"""The tag of what a stack declares."""
Json = dict[str, Any]


def taken(target: Target, planned: Iterable[StepEventMetadata]) -> list[str]:
    """What a preview would create though a managed object of the same kind and name exists already.

    Names carry the environment, so that two stacks of one environment and account meet here.
    """
    api, found = target.datadog, []
    left = {one.urn for one in target.interrupted()}  # what a killed update may have made is this stack's own
    for step in planned:
        looked = LISTS.get(step.type)
        if (
            str(getattr(step.op, "value", step.op)) != "create"
            or looked is None
            or step.new is None
            or step.urn in left
        ):
            continue
        name = name_of(step.new.inputs or {})
        if name is None:
            continue
        for other, identifier in looked(api, name):
            if other == name:
                found.append(
                    f"{step.urn.split('::')[-1]}: {name!r} exists already as {identifier}, and another stack manages "
                    f"it ({MANAGED}): give this stack another env, or let one of the two own it (`pulumi import`)"
                )
    return found


def refuse(target: Target, planned: Iterable[StepEventMetadata]) -> None:
    """Stop for what another stack manages.

    Raises:
        KnownFailure: each such object, in one line.
    """
    if found := taken(target, planned):
        raise KnownFailure("\n".join(found))


def _monitors(api: Api, name: str) -> Iterator[tuple[str, str]]:
    for one in api.call(f"GET /api/v1/monitor?name={quote(name)}&monitor_tags={MANAGED}"):
        if MANAGED in (one.get("tags") or ()):
            yield str(one["name"]), f"monitor {one['id']}"


def _slos(api: Api, name: str) -> Iterator[tuple[str, str]]:
    for one in api.call(f"GET /api/v1/slo?query={quote(name)}&tags_query={MANAGED}&limit=1000")["data"]:
        if MANAGED in (one.get("tags") or ()):
            yield str(one["name"]), f"SLO {one['id']}"


LISTS = {
    "datadog:index/monitor:Monitor": _monitors,
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": _slos,
}
"""How the objects of a type are found by name."""
