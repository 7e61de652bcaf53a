"""Edits of a query's syntax tree: a copy with one node replaced or removed."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from firedrill.query.tree import And, ChainCall, Node, Or, ParenthesizedComposite, Window


def replace_node(tree: Any, old: Node, new: Node) -> Any:
    """Return a tree with one node replaced."""
    if tree is old:
        return new
    if isinstance(tree, tuple):
        return tuple(replace_node(item, old, new) for item in tree)
    if not is_dataclass(tree) or isinstance(tree, type | Window):
        return tree
    children = {field.name: getattr(tree, field.name) for field in fields(tree) if field.name != "span"}
    return replace(tree, **{name: replace_node(child, old, new) for name, child in children.items()})


def remove_filter(scope: Node, part: Node) -> Node | None:
    """Return a scope without one of its parts; None when nothing is left."""
    if scope is part:
        return None
    if isinstance(scope, And | Or):
        items = [rest for item in scope.items if (rest := remove_filter(item, part)) is not None]
        return None if not items else items[0] if len(items) == 1 else replace(scope, items=tuple(items))  # type: ignore[arg-type]  # parts of a scope
    if isinstance(scope, ParenthesizedComposite | ChainCall):
        return scope
    inner = getattr(scope, "item", None)
    if isinstance(inner, Node):
        rest = remove_filter(inner, part)
        return None if rest is None else replace(scope, item=rest)  # type: ignore[call-arg]  # Not and ParenthesizedScope
    return scope
