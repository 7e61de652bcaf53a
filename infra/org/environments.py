"""What the environments' stacks export, read through stack references."""

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
        """What the stack exports under a name. Ends the program with one line where it does not."""
        return self.exports.get_output(export).apply(lambda value: _there(self.name, export, value))


def _there(environment: str, export: str, value: Any) -> Any:
    if value is None:
        raise pulumi.RunError(
            f"stack {environment} of {ENVIRONMENTS_PROJECT} does not export {export!r}: "
            f"deploy it first (`pulumi up -s {environment}` in the checkout's root), or take it out of "
            "llm-api-org:environments"
        )
    return value


def environments(names: Sequence[str]) -> list[Environment]:
    """The stacks of these names, in this program's own Pulumi organisation and backend."""
    organization = pulumi.get_organization()
    return [Environment(name, pulumi.StackReference(f"{organization}/{ENVIRONMENTS_PROJECT}/{name}")) for name in names]


def all_of(found: Sequence[Environment], export: str) -> pulumi.Output[list[tuple[str, Any]]]:
    """(environment, value) of one export of each stack."""
    values = pulumi.Output.all(*(one.read(export) for one in found))
    return values.apply(lambda each: list(zip([one.name for one in found], each, strict=True)))
