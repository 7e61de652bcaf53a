"""What a provider is made of: tables of resource kinds and functions. Needs neither gRPC nor Pulumi."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.difference import Difference, difference
from firedrill.sandbox.providers.values import Properties


class ProviderError(KnownFailure):
    """An operation failed; the message is one line for the person who runs Pulumi."""


class PartialFailure(ProviderError):
    """The resource exists, but not all of it could be set up: the engine stores `id` and `state`, and reports it."""

    def __init__(self, message: str, id: str, state: Properties) -> None:
        super().__init__(message)
        self.id = id
        self.state = state


@dataclass(frozen=True)
class CheckFailure:
    """A wrong input: the property's name ("" for the resource) and why."""

    property: str
    reason: str


@dataclass(frozen=True)
class Call:
    """The resource that an operation is about. preview: nothing may be changed, outputs may be unknown."""

    urn: str
    preview: bool = False

    @property
    def type(self) -> str:
        """The resource's token, such as `datadog:index/monitor:Monitor`."""
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        """The name that the program gave."""
        return self.urn.split("::", 3)[3]

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"


class ResourceKind:
    """One resource type: how it is checked, compared, created, read, updated and deleted."""

    replace_on: frozenset[str] = frozenset()
    """Properties whose change forces a replacement."""
    delete_before_replace: bool = False
    """Whether two of them with the same properties cannot exist at once."""

    def own_id(self, id: str) -> str:
        """The resource's id in what an import was given, which may name what it belongs to as well."""
        return id

    def check(self, call: Call, inputs: Properties, old_inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
        """The inputs to use (with defaults), and what is wrong with them. They may hold `UNKNOWN`."""
        return inputs, []

    def diff(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        """What an update would change. `inputs` may hold `UNKNOWN`."""
        return difference(old_inputs, inputs, self.replace_on, self.delete_before_replace)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        """Make it: (id, state). In a preview the id is ignored and what only the API knows is `UNKNOWN`."""
        raise NotImplementedError

    def read(self, call: Call, id: str, inputs: Properties, state: Properties) -> tuple[Properties, Properties] | None:
        """(inputs, state) as they really are, or None when it does not exist."""
        raise NotImplementedError

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        """Change it in place: the new state."""
        raise NotImplementedError

    def delete(self, call: Call, id: str, inputs: Properties, state: Properties) -> None:
        """Remove it."""
        raise NotImplementedError


class Function(Protocol):
    """An invoke: its arguments to its result."""

    def __call__(self, arguments: Properties, /) -> Properties: ...


def _accept(configuration: Properties) -> None:
    """A provider that has nothing to configure."""


@dataclass(frozen=True)
class TableProvider:
    """A provider as data.

    name: the package ("datadog"); version: at least the SDK's, or the engine warns; configure: called with the
    provider's configuration (camelCase names; absent ones left out) before any operation; advice: what to do about a
    missing kind.
    """

    name: str
    version: str
    kinds: Mapping[str, ResourceKind]
    functions: Mapping[str, Function]
    configure: Callable[[Properties], None] = _accept
    advice: str = "the sandbox does not have it; declare it in stacks that deploy to real accounts only"

    def kind(self, call: Call) -> ResourceKind:
        """The kind of a resource.

        Raises:
            ProviderError: the table has no such kind.
        """
        if kind := self.kinds.get(call.type):
            return kind
        raise ProviderError(f"the sandbox's {self.name} provider has no resource kind {call.type}: {self.advice}")

    def function(self, token: str) -> Function:
        """The function of a token.

        Raises:
            ProviderError: the table has no such function.
        """
        if function := self.functions.get(token):
            return function
        raise ProviderError(f"the sandbox's {self.name} provider has no function {token}: {self.advice}")
