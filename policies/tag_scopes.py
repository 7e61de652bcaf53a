"""The combinations of tags that a metric query's scope selects."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product

from firedrill.query.tree import And, In, MetricQuery, Not, Or, ParenthesizedScope, Scope, Tag, walk

Tags = Mapping[str, str]
OTHER = "(other)"
"""Stands for every value that no scope names."""


def selects(scope: Scope, tags: Tags) -> bool:
    """Return whether a scope selects a series with these tags, of which each key has one value."""
    match scope:
        case Tag(key=key, value=value):
            return key in tags if value is None else fnmatchcase(tags.get(key, OTHER), value)
        case Not(item=item):
            return not selects(item, tags)
        case And(items=items):
            return all(selects(item, tags) for item in items)
        case Or(items=items):
            return any(selects(item, tags) for item in items)
        case In(key=key, values=values, negated=negated):
            return negated != any(fnmatchcase(tags.get(key, OTHER), value.text) for value in values)
        case ParenthesizedScope(item=item):
            return selects(item, tags)
    return True


def combinations_of(*queries: MetricQuery) -> Iterator[Tags]:
    """Yield every combination of the tag values that these queries name, and of another value for each key."""
    values: dict[str, dict[str, None]] = {}
    for node in (node for query in queries for node in walk(query.scope)):
        if isinstance(node, Tag):
            values.setdefault(node.key, {OTHER: None})[node.value or OTHER] = None
        elif isinstance(node, In):
            values.setdefault(node.key, {OTHER: None}).update((value.text, None) for value in node.values)
    for chosen in product(*values.values()):
        yield dict(zip(values, chosen, strict=True))
