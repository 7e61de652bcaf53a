"""One owner for each object: a preview fails where a stack would create what another stack manages."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from pulumi.automation.events import StepEventMetadata

from firedrill.datadog.client import DatadogClient
from firedrill.delivery.resource_changes import operation_of
from firedrill.delivery.target import Target
from firedrill.engine.recovery import name_of
from firedrill.errors import KnownFailure

MANAGED = "managed_by:pulumi"
"""The tag of every object that a stack declares."""


def conflicts(target: Target, planned: Iterable[StepEventMetadata]) -> list[str]:
    """Describe each planned creation of a monitor or SLO that exists already under the same name, managed by a stack.

    Names contain the environment, so that two stacks of one environment and account conflict here.
    """
    descriptions = []
    # What a killed update may have created belongs to this stack.
    pending = {operation.urn for operation in target.pending_operations()}
    for step in planned:
        search = SEARCHES.get(step.type)
        if operation_of(step) != "create" or search is None or step.new is None or step.urn in pending:
            continue
        name = name_of(step.new.inputs or {})
        if name is None:
            continue
        for other, identifier in search(target.datadog, name):
            if other == name:
                descriptions.append(
                    f"{step.urn.split('::')[-1]}: {name!r} exists already as {identifier}, and another stack manages "
                    f"it ({MANAGED}): give this stack another env, or let one of the two own it (`pulumi import`)"
                )
    return descriptions


def refuse_conflicts(target: Target, planned: Iterable[StepEventMetadata]) -> None:
    """Refuse to create what another stack manages.

    Raises:
        KnownFailure: each such object, one a line.
    """
    if descriptions := conflicts(target, planned):
        raise KnownFailure("\n".join(descriptions))


def _monitors(client: DatadogClient, name: str) -> Iterator[tuple[str, str]]:
    for monitor in client.call(f"GET /api/v1/monitor?name={quote(name)}&monitor_tags={MANAGED}"):
        if MANAGED in (monitor.get("tags") or ()):
            yield str(monitor["name"]), f"monitor {monitor['id']}"


def _slos(client: DatadogClient, name: str) -> Iterator[tuple[str, str]]:
    for slo in client.call(f"GET /api/v1/slo?query={quote(name)}&tags_query={MANAGED}&limit=1000")["data"]:
        if MANAGED in (slo.get("tags") or ()):
            yield str(slo["name"]), f"SLO {slo['id']}"


SEARCHES = {
    "datadog:index/monitor:Monitor": _monitors,
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": _slos,
}
"""By type: the search for managed objects by name, which yields names and identifiers."""
