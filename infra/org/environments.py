"""The exports of the environments' stacks, read through stack references."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

ENVIRONMENTS_PROJECT = "llm-api"
"""The project of the environments' stacks."""


@dataclass(frozen=True)
class Environment:
    """One environment's stack."""

    name: str
    exports: pulumi.StackReference

    def read(self, export: str) -> pulumi.Output[Any]:
        """Return an export of the stack. Raises :class:`pulumi.RunError` if there is none."""
        return self.exports.get_output(export).apply(lambda value: _required(self.name, export, value))


def _required(environment: str, export: str, value: Any) -> Any:
    if value is None:
        raise pulumi.RunError(
            f"stack {environment} of {ENVIRONMENTS_PROJECT} does not export {export!r}: "
            f"deploy it first (`pulumi up -s {environment}` in the repository's root), or remove it from "
            "llm-api-org:environments"
        )
    return value


def environments(names: Sequence[str]) -> list[Environment]:
    """Return the stacks of these names, in this program's own Pulumi organisation and backend."""
    organization = pulumi.get_organization()
    return [Environment(name, pulumi.StackReference(f"{organization}/{ENVIRONMENTS_PROJECT}/{name}")) for name in names]


def read_all(stacks: Sequence[Environment], export: str) -> pulumi.Output[list[tuple[str, Any]]]:
    """Return the pairs of environment and value of an export of each stack."""
    values = pulumi.Output.all(*(stack.read(export) for stack in stacks))
    return values.apply(lambda results: list(zip([stack.name for stack in stacks], results, strict=True)))
