"""A Pulumi provider as data: tables of resource kinds and functions. Needs neither gRPC nor Pulumi."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from firedrill.errors import KnownFailure
from firedrill.provider.difference import Difference, difference
from firedrill.provider.values import Properties


class ProviderError(KnownFailure):
    """A failed operation, with a message of one line for the person who runs Pulumi."""


class PartialFailure(ProviderError):
    """A resource that exists but is incomplete: the engine stores `id` and `state`, and reports the failure."""

    def __init__(self, message: str, id: str, state: Properties) -> None:
        super().__init__(message, id, state)
        self.id = id
        self.state = state

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class CheckFailure:
    """An invalid input: the property's name ("" for the resource) and the reason."""

    property: str
    reason: str


@dataclass(frozen=True)
class ResourceCall:
    """The resource of an operation. preview: nothing may be changed, and outputs may be unknown."""

    urn: str
    preview: bool = False

    @property
    def type(self) -> str:
        """The resource's token, such as `datadog:index/monitor:Monitor`."""
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"


class ResourceKind:
    """One resource type, with the operations of Pulumi's provider protocol."""

    replace_on: frozenset[str] = frozenset()
    """The properties whose change forces a replacement."""
    delete_before_replace: bool = False
    """Whether two objects with the same properties cannot exist at once."""

    def imported_id(self, id: str) -> str:
        """Return the resource's own id of the id in an import, which may name its parent too."""
        return id

    def check(
        self, call: ResourceCall, inputs: Properties, old_inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """Return the inputs to use (with defaults), and the invalid ones. Inputs may contain `UNKNOWN`."""
        return inputs, []

    def diff(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        """Return the changes of an update. `inputs` may contain `UNKNOWN`."""
        return difference(old_inputs, inputs, self.replace_on, self.delete_before_replace)

    def create(self, call: ResourceCall, inputs: Properties) -> tuple[str, Properties]:
        """Create it; return (id, state). In a preview the id is ignored, and what only the API knows is `UNKNOWN`."""
        raise NotImplementedError

    def read(
        self, call: ResourceCall, id: str, inputs: Properties, state: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return the actual (inputs, state), None when it does not exist."""
        raise NotImplementedError

    def update(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        """Update it in place; return the new state."""
        raise NotImplementedError

    def delete(self, call: ResourceCall, id: str, inputs: Properties, state: Properties) -> None:
        """Delete it."""
        raise NotImplementedError


class ProviderFunction(Protocol):
    """A function of the provider (an invoke): returns a result for its arguments."""

    def __call__(self, arguments: Properties, /) -> Properties: ...


def _accept(configuration: Properties) -> None:
    """Accept any configuration, and ignore it."""


@dataclass(frozen=True)
class TableProvider:
    """A provider.

    name: the package ("datadog"); version: at least the SDK's, or the engine warns; configure: called with the
    provider's configuration (camelCase names; absent ones left out) before any operation; advice: the next step in
    errors about a missing kind.
    """

    name: str
    version: str
    kinds: Mapping[str, ResourceKind]
    functions: Mapping[str, ProviderFunction]
    configure: Callable[[Properties], None] = _accept
    advice: str = "the sandbox does not have it; declare it in stacks that deploy to real accounts only"

    def kind(self, call: ResourceCall) -> ResourceKind:
        """Return the kind of a resource.

        Raises:
            ProviderError: the table has no such kind.
        """
        if kind := self.kinds.get(call.type):
            return kind
        raise ProviderError(f"the sandbox's {self.name} provider has no resource kind {call.type}: {self.advice}")

    def function(self, token: str) -> ProviderFunction:
        """Return the function of a token.

        Raises:
            ProviderError: the table has no such function.
        """
        if function := self.functions.get(token):
            return function
        raise ProviderError(f"the sandbox's {self.name} provider has no function {token}: {self.advice}")
