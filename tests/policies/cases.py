"""Reads tests/policies/cases: for each policy a ``passes.yaml`` and a ``fails.yaml``.

``resources`` have a kind, a name and properties; ``links`` says which resources a property was made from, by name.
``expect`` in a failing case is a part of the message.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policies.policy import Resource, Settings, Stack

FOLDER = Path(__file__).with_name("cases")
SETTINGS = Settings(contract=True, runbooks="docs/runbooks")


@dataclass(frozen=True)
class Case:
    """One file."""

    policy: str
    kind: str
    resources: list[dict[str, Any]]
    expect: str


def read(policy: str, kind: str) -> Case:
    """``kind`` is passes or fails."""
    text = yaml.safe_load((FOLDER / policy / f"{kind}.yaml").read_text())
    return Case(policy, kind, text["resources"], text.get("expect", ""))


def token(kind: str) -> str:
    """The engine's name of a kind: ``datadog:Monitor`` is ``datadog:index/monitor:Monitor``."""
    package, *module, name = kind.split(":")
    return f"{package}:{module[0] if module else 'index'}/{name[0].lower()}{name[1:]}:{name}"


def stack(resources: list[dict[str, Any]], settings: Settings = SETTINGS) -> Stack:
    """The resources as policies see them."""
    links: dict[str, dict[str, list[Resource]]] = {one["name"]: {} for one in resources}
    made = {
        one["name"]: Resource(token(one["kind"]), one["name"], one["properties"], one["name"], links[one["name"]])
        for one in resources
    }
    for one in resources:
        for name, sources in one.get("links", {}).items():
            links[one["name"]][name] = [made[source] for source in sources]
    return Stack(list(made.values()), settings)
