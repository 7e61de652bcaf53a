"""The type of a policy and of what it checks: resources whose values may not be known yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pulumi_policy import proxy

from policies.monitor_json import MONITOR, MONITOR_JSON, DeclaredMonitor

Severity = Literal["error", "warning"]
Scope = Literal["resource", "stack"]
Unknown = proxy.UnknownValueError
"""Raised where a policy reads a value that is known only after the update."""


class NotChecked(Unknown):
    """A policy that could not be checked, because it needs values that are known only after the update."""

    def __init__(self, places: Sequence[str]) -> None:
        Exception.__init__(self, "; ".join(places))
        self.message = f"not checked, known only after the update: {'; '.join(places)}"
        self.places = tuple(places)


class Members(Mapping[str, Any]):
    """An object without the members that begin with ``__``, in which engine and bridge keep notes of their own.

    Values are read when a policy asks for them, because reading an unknown value raises ``UnknownValueError``.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def __getitem__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        return view(self._members[name])

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._members if not name.startswith("__"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Members({self._members!r})"


class Items(Sequence[Any]):
    """A list whose objects are :class:`Members`."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        return view(self._items[place])

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it is compared by content

    def __repr__(self) -> str:
        return f"Items({self._items!r})"


def view(value: Any) -> Any:
    """Return a value as policies read it, whether it comes from the engine's proxies or from plain JSON."""
    if isinstance(value, Members | Items | str | bytes):
        return value
    if isinstance(value, Mapping):
        return Members(value)
    return Items(value) if isinstance(value, Sequence) else value


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource of the stack. Reading an unknown value in ``properties`` raises ``UnknownValueError``.

    ``type`` is the engine's token. ``properties`` are the inputs after the provider's Check. They have the provider's
    defaults, and nothing says which those are: the engine removes the bridge's note of them. ``links`` maps a property
    to the resources whose outputs it was computed from, which the engine knows even where the value is unknown; only
    stack-level policies have it.
    """

    type: str
    name: str
    properties: Mapping[str, Any]
    urn: str = ""
    links: Mapping[str, Sequence["Resource"]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give all policies the same view of the properties, in this place only; also of a monitor in JSON."""
        if self.type == MONITOR_JSON:
            object.__setattr__(self, "type", MONITOR)
            object.__setattr__(self, "properties", DeclaredMonitor(self.properties))
        object.__setattr__(self, "properties", view(self.properties))

    @property
    def kind(self) -> str:
        """The short form of the token: ``datadog:Monitor``, ``gcp:cloudrunv2:Service``."""
        package, _, rest = self.type.partition(":")
        module, _, name = rest.partition(":")
        module = module.partition("/")[0]
        return f"{package}:{name}" if module in {"index", ""} else f"{package}:{module}:{name}"

    def get(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path, or ``default``. Raises ``UnknownValueError`` for an unknown value."""
        value: Any = self.properties
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return default if value is None else value

    def get_list(self, path: str) -> Sequence[Any]:
        """Return the list at a dotted path, empty where there is none."""
        return list(self.get(path) or ())


@dataclass(frozen=True)
class Settings:
    """The stack's settings for policies, from Pulumi.STACK.yaml (namespace ``policies``)."""

    mandatory: bool = False
    contract: bool = False
    """Check queries against service/telemetry. Without it the policies that need the contract are off."""
    runbooks: str = ""
    """The folder of runbooks, relative to the parent of the pack's folder; when empty, only links are checked."""
    handles: tuple[str, ...] = ()
    """Handles, without ``@``, that are declared outside this stack."""
    authentication: tuple[str, ...] = ()
    """Environment variables of a public service that contain its callers' credentials."""
    exempt: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, and its settings."""

    resources: Sequence[Resource]
    settings: Settings = Settings()

    def of_kind(self, *kinds: str) -> Iterator[Resource]:
        """Return the resources of some kinds."""
        return (resource for resource in self.resources if resource.kind in kinds)


Check = Callable[[Resource, Stack], Iterable[str]]


@dataclass(frozen=True)
class Policy:
    """A rule. ``check`` yields one message for each violation; the message is the fix."""

    name: str
    description: str
    topic: str
    kinds: tuple[str, ...]
    """Kinds of resources; ``*`` matches any text."""
    severity: Severity
    scope: Scope
    prevents: str
    """The defect that the policy prevents, if possible a real one."""
    link: str
    needs_contract: bool
    check: Check

    def applies_to(self, resource: Resource) -> bool:
        """Return whether the policy is about this kind of resource."""
        return any(fnmatchcase(resource.kind, kind) for kind in self.kinds)

    def violations(self, resource: Resource, stack: Stack) -> Iterator[str]:
        """Yield the messages for a resource. Raises :class:`NotChecked`, after the certain ones, for unknown values."""
        if not self.applies_to(resource):
            return
        try:
            yield from self.check(resource, stack)
        except NotChecked as error:
            raise NotChecked([f"{resource.name}: {place}" for place in error.places]) from None
        except Unknown as error:
            raise NotChecked([f"{resource.name}: {'.'.join(error.props)}"]) from None


POLICIES: dict[str, Policy] = {}
"""All policies by name, in the order of the files that declare them."""


def policy(
    name: str,
    *kinds: str,
    description: str,
    prevents: str,
    link: str = "",
    severity: Severity = "error",
    scope: Scope = "resource",
    needs_contract: bool = False,
) -> Callable[[Check], Check]:
    """Register a function as a policy. ``scope="stack"`` is for a policy that reads other resources or links."""

    def register(check: Check) -> Check:
        assert name not in POLICIES, name
        topic = check.__module__.rpartition(".")[2]
        POLICIES[name] = Policy(name, description, topic, kinds, severity, scope, prevents, link, needs_contract, check)
        return check

    return register


def underline(message: str, text: str, start: int, end: int) -> str:
    """Return a message, followed by the line of the text from ``start`` to ``end`` with that range underlined."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:].split("\n", 1)[0]
    width = max(1, min(end, begin + len(line)) - start)
    return f"{message}\n  {line}\n  {' ' * (start - begin)}{'^' * width}"
