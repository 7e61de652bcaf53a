"""What a policy is: one small function with its reasons, over resources whose values may not be known yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pulumi_policy import proxy

Severity = Literal["error", "warning"]
Scope = Literal["resource", "stack"]
Unknown = proxy.UnknownValueError
"""Raised where a policy reads a value that only the update will know."""


class NotChecked(Unknown):
    """Something of a policy's subject is known only after the update: the policy neither passes nor fails."""

    def __init__(self, places: Sequence[str]) -> None:
        Exception.__init__(self, "; ".join(places))
        self.message = f"not checked, known only after the update: {'; '.join(places)}"
        self.places = tuple(places)


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource as policies see it. Reading an unknown value in ``properties`` raises ``UnknownValueError``.

    ``type`` is the engine's token; ``links`` maps a property to the resources whose outputs it was made from, which the
    engine knows even where the value is not known yet (only stack-level policies have it).
    """

    type: str
    name: str
    properties: Mapping[str, Any]
    urn: str = ""
    links: Mapping[str, Sequence["Resource"]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``datadog:Monitor``, ``gcp:cloudrunv2:Service``: the token without what repeats the class."""
        package, _, rest = self.type.partition(":")
        module, _, name = rest.partition(":")
        module = module.partition("/")[0]
        return f"{package}:{name}" if module in {"index", ""} else f"{package}:{module}:{name}"

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path; ``default`` where there is none. Raises for an unknown value on the way."""
        value: Any = self.properties
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return default if value is None else value

    def items(self, path: str) -> Sequence[Any]:
        """A list at a path, or nothing."""
        return list(self.get(path) or ())


@dataclass(frozen=True)
class Settings:
    """What a stack says about its policies (Pulumi.STACK.yaml, namespace ``policies``)."""

    mandatory: bool = False
    contract: bool = False
    """Whether queries are held against service/telemetry.py. Without one, what needs it is off."""
    runbooks: str = ""
    """The folder of runbook pages, from the folder that holds the pack; empty: only links are asked for."""
    handles: tuple[str, ...] = ()
    """Handles without ``@`` that exist outside of this stack."""
    authentication: tuple[str, ...] = ()
    """Variables of a public service that hold what its callers have to know."""
    exempt: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, and its settings."""

    resources: Sequence[Resource]
    settings: Settings = Settings()

    def of(self, *kinds: str) -> Iterator[Resource]:
        """The resources of some kinds."""
        return (one for one in self.resources if one.kind in kinds)


Check = Callable[[Resource, Stack], Iterable[str]]


@dataclass(frozen=True)
class Policy:
    """A rule. ``check`` yields a message for each thing that is wrong with a resource; each message says the fix."""

    name: str
    says: str
    topic: str
    kinds: tuple[str, ...]
    """Of resources; ``*`` stands for any text."""
    severity: Severity
    scope: Scope
    prevents: str
    """What happened, or would, without it."""
    link: str
    needs_contract: bool
    check: Check

    def applies(self, resource: Resource) -> bool:
        """Whether the policy is about this kind of resource."""
        return any(fnmatchcase(resource.kind, kind) for kind in self.kinds)

    def findings(self, resource: Resource, stack: Stack) -> Iterator[str]:
        """Messages for one resource; raises :class:`NotChecked` after those that are certain."""
        if not self.applies(resource):
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
    says: str,
    prevents: str,
    link: str = "",
    severity: Severity = "error",
    scope: Scope = "resource",
    needs_contract: bool = False,
) -> Callable[[Check], Check]:
    """Register a function as a policy. ``scope="stack"`` where it looks at other resources than its own."""

    def register(check: Check) -> Check:
        assert name not in POLICIES, name
        topic = check.__module__.rpartition(".")[2]
        POLICIES[name] = Policy(name, says, topic, kinds, severity, scope, prevents, link, needs_contract, check)
        return check

    return register


def underlined(message: str, text: str, start: int, end: int) -> str:
    """A message with the line of a text below it and the place marked."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:].split("\n", 1)[0]
    width = max(1, min(end, begin + len(line)) - start)
    return f"{message}\n  {line}\n  {' ' * (start - begin)}{'^' * width}"
