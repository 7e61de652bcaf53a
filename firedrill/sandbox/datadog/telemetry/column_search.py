"""Search of a block of events by its columns (:mod:`.event_columns`).

Each condition yields two masks, the events that certainly match and those that possibly match. They differ only where
the columns do not decide: for the elements of an array by their number, and for a phrase in a message other than text.
"""

from collections.abc import Callable
from typing import Any

from firedrill.logs.search_tree import Junction, Node, Not, Term
from firedrill.sandbox.datadog.telemetry.masks import Block, Masks
from firedrill.sandbox.datadog.telemetry.term_search import compile_term


class ColumnSearch:
    """The conditions of one search, applied to blocks."""

    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self._tests: dict[tuple[Any, Any], Callable[[Block], Masks]] = {}

    def __call__(self, block: Block) -> Masks:
        """Return which events of a block match."""
        return self._node(self._tree, block, {})

    def _node(self, node: Node, block: Block, known: dict[tuple[Any, Any], Masks]) -> Masks:
        match node:
            case Not(child):
                certain, possible = self._node(child, block, known)
                return ~possible, ~certain
            case Junction(operator, children):
                certain, possible = self._node(children[0], block, known)
                for child in children[1:]:
                    if certain.all() if operator == "OR" else not possible.any():
                        break
                    other = self._node(child, block, known)
                    if operator == "OR":
                        certain, possible = certain | other[0], possible | other[1]
                    else:
                        certain, possible = certain & other[0], possible & other[1]
                return certain, possible
            case Term():
                term = (node.key, node.value)
                if term not in known:
                    test = self._tests.get(term)
                    if test is None:
                        test = self._tests[term] = compile_term(node)
                    known[term] = test(block)
                return known[term]
