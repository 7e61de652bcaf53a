"""Changing a query's tree: a copy with one node replaced or left out."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from firedrill.query.tree import And, Node, Or, Parenthesized, Step, Window


def swap(node: Any, old: Node, new: Node) -> Any:
    """A tree with one node replaced."""
    if node is old:
        return new
    if isinstance(node, tuple):
        return tuple(swap(one, old, new) for one in node)
    if not is_dataclass(node) or isinstance(node, type | Window):
        return node
    return replace(
        node, **{one.name: swap(getattr(node, one.name), old, new) for one in fields(node) if one.name != "span"}
    )


def without(scope: Node, part: Node) -> Node | None:
    """A scope that lacks a part; None when nothing is left."""
    if scope is part:
        return None
    if isinstance(scope, And | Or):
        items = [kept for one in scope.items if (kept := without(one, part)) is not None]
        return None if not items else items[0] if len(items) == 1 else replace(scope, items=tuple(items))  # type: ignore[arg-type]  # parts of a scope
    if isinstance(scope, Parenthesized | Step):
        return scope
    inner = getattr(scope, "item", None)
    if isinstance(inner, Node):
        kept = without(inner, part)
        return None if kept is None else replace(scope, item=kept)  # type: ignore[call-arg]  # Not and Enclosed
    return scope
