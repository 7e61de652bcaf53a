"""The telemetry contract at preview: every query is checked against what the service declares that it emits.

A query on a metric that nobody emits is valid, has no data, and its alert stays OK for ever. Here it is an error that
underlines the place and offers the nearest declared name. :func:`enforce` is the one place where the program checks:
it looks at each resource when it is declared. A query with ids that are known only after deployment carries a stand-in
(:func:`with_stand_in`). The policies ``*-in-contract`` call :func:`faults` for what reaches the engine.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pulumi
from pulumi import _types as types

from firedrill.declared_at import declared_at
from infra.contract.emission import never_emitted
from infra.contract.nearest import nearest
from infra.contract.resources import CHECKS, faults

__all__ = ["declaration", "enforce", "faults", "nearest", "with_stand_in"]

INFRA = Path(__file__).parents[1]
STAND_IN = "firedrill_stand_in"
"""The attribute of an output that holds its stand-in."""
Value = TypeVar("Value")


def enforce() -> None:
    """Refuse each resource declared from now on that has a query outside the contract (:class:`pulumi.RunError`).

    A declared metric that no code emits is refused at once.
    """
    for error in never_emitted():
        raise pulumi.RunError(error)

    def refuse(args: pulumi.ResourceTransformationArgs) -> None:
        kind = args.type_.rpartition(":")[2]
        if "datadog" not in args.type_ or kind not in CHECKS:
            return
        for place, error in faults(kind, _as_the_engine_sees(args.props)):
            raise pulumi.RunError(f"{kind} {args.name!r} in {declaration(args.name)}, {place}: {error}")

    pulumi.runtime.register_stack_transformation(refuse)


def with_stand_in(output: pulumi.Output[Value], text: str) -> pulumi.Output[Value]:
    """Return the output, to be checked as if it were ``text``: the same query with made-up ids."""
    setattr(output, STAND_IN, text)
    return output


def _as_the_engine_sees(node: Any) -> Any:
    """Return arguments by the engine's names. An output becomes its stand-in, or stays and is not checked."""
    if isinstance(node, pulumi.Output):
        return vars(node).get(STAND_IN, node)  # not getattr: an output answers to any attribute
    if types.is_input_type(type(node)):
        return _as_the_engine_sees(types.input_type_to_dict(node))
    if isinstance(node, Mapping):
        return {_camel_case(key): _as_the_engine_sees(value) for key, value in node.items()}
    return [_as_the_engine_sees(item) for item in node] if isinstance(node, list | tuple) else node


def _camel_case(name: str) -> str:
    first, *other_parts = name.split("_")
    return first + "".join(part.capitalize() for part in other_parts)


def declaration(name: str) -> str:
    """Return file and line of a resource's entry, else of the call in progress that declares it."""
    place = declared_at(INFRA.parent, f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::::{name}")
    if place:
        return place
    for frame in inspect.stack(0):
        path = Path(frame.filename)
        if path.is_relative_to(INFRA) and INFRA / "contract" not in path.parents:
            return f"infra/{path.relative_to(INFRA)}:{frame.lineno}"
    return "the program"
