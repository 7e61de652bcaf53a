"""The cases in tests/unit/policies/cases: a ``passes.yaml`` and a ``fails.yaml`` for each policy.

``resources`` have a kind, a name and properties; ``links`` lists the resources whose outputs are in a property.
``expect`` in a failing case is a part of the message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi_policy import proxy

from policies.policy import Resource, Settings, Stack
from tests.unit.policies.check_defaults import check

FOLDER = Path(__file__).with_name("cases")
SETTINGS = Settings(contract=True, runbooks="docs/runbooks")


Inputs = Callable[[str, dict[str, Any]], Mapping[str, Any]]
"""What a policy reads, by a resource's token and the program's inputs."""


def as_written(token: str, properties: dict[str, Any]) -> Mapping[str, Any]:
    """Return the program's own inputs."""
    return properties


def as_checked(token: str, properties: dict[str, Any]) -> Mapping[str, Any]:
    """Return what the engine sends to the pack: the answer of the published provider's Check, in the SDK's proxies.

    The engine removes a resource's own members that begin with ``__``; those of nested objects arrive.
    """
    checked = {name: value for name, value in check(token, properties).items() if not name.startswith("__")}
    return proxy.unknown_checking_proxy(checked)


INPUTS: tuple[Inputs, ...] = (as_written, as_checked)


@dataclass(frozen=True)
class Case:
    """The content of one file."""

    policy: str
    kind: str
    resources: list[dict[str, Any]]
    expect: str


def read_case(policy: str, kind: str) -> Case:
    """Read a case; ``kind`` is passes or fails."""
    text = yaml.safe_load((FOLDER / policy / f"{kind}.yaml").read_text())
    return Case(policy, kind, text["resources"], text.get("expect", ""))


def token(kind: str) -> str:
    """Return the engine's name of a kind: ``datadog:Monitor`` is ``datadog:index/monitor:Monitor``."""
    package, *module, name = kind.split(":")
    return f"{package}:{module[0] if module else 'index'}/{name[0].lower()}{name[1:]}:{name}"


def stack(resources: list[dict[str, Any]], settings: Settings = SETTINGS, inputs: Inputs = as_written) -> Stack:
    """Return the resources as policies see them."""
    links: dict[str, dict[str, list[Resource]]] = {resource["name"]: {} for resource in resources}
    by_name = {
        resource["name"]: Resource(
            token(resource["kind"]),
            resource["name"],
            inputs(token(resource["kind"]), resource["properties"]),
            resource["name"],
            links[resource["name"]],
        )
        for resource in resources
    }
    for resource in resources:
        for name, sources in resource.get("links", {}).items():
            links[resource["name"]][name] = [by_name[source] for source in sources]
    return Stack(list(by_name.values()), settings)
