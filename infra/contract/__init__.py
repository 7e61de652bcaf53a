"""Queries are checked at preview: by Datadog's grammar, and against what the service declares that it emits.

A query on a metric that nobody emits is valid, stays without data, and its alert stays OK for ever. Here it is an error
that underlines the place and offers the nearest name that exists. :func:`enforce` looks at every resource that the
program makes; what is known only later (a composite's members, an objective's id) is checked by whoever builds the
query, with a stand-in for the id. The policies ``*-in-contract`` ask :func:`faults` about what reaches the engine.
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types as types

from firedrill.query import QueryError
from infra.contract import boards, metrics, resources, searches
from infra.contract.nearest import nearest
from infra.contract.resources import faults

__all__ = [
    "check_board",
    "check_query",
    "checked_log_search",
    "checked_metric_query",
    "checked_search",
    "enforce",
    "faults",
    "nearest",
]

INFRA = Path(__file__).parents[1]


def check_query(monitor_type: str, query: str, where: str) -> None:
    """Check a monitor's query. Raises :class:`pulumi.RunError` with ``where`` and the place underlined."""
    _told(where, lambda: resources.check_query(monitor_type, query))


def checked_metric_query(query: str, where: str = "a metric query") -> str:
    """The query of an SLO or a widget, checked. Raises :class:`pulumi.RunError`."""
    _told(where, lambda: metrics.check_metric_query(query))
    return query


def checked_log_search(query: str, where: str = "a log search") -> str:
    """A search of logs, checked. Raises :class:`pulumi.RunError`."""
    return checked_search("logs", query, where)


def checked_search(source: str, query: str, where: str = "a search") -> str:
    """A search of logs, spans, RUM or other events, checked. Raises :class:`pulumi.RunError`."""
    _told(where, lambda: searches.check_search(source, query))
    return query


def check_board(board: Mapping[str, Any], where: str) -> None:
    """All queries of a dashboard, before the ids in it are known. Raises :class:`pulumi.RunError`."""
    for title, error in boards.faults(board):
        raise pulumi.RunError(f"{where}, widget {title!r}: {error}")


def enforce() -> None:
    """From now on a resource with a query that the contract does not have is refused: :class:`pulumi.RunError`."""

    def refuse(args: pulumi.ResourceTransformationArgs) -> None:
        package, _, kind = args.type_.rpartition(":")
        if package.startswith("datadog:") and kind in resources.CHECKS:
            for place, error in faults(kind, _as_the_engine_sees(args.props)):
                raise pulumi.RunError(f"{kind} {args.name!r} in {_declared_in()}, {place}: {error}")

    pulumi.runtime.register_stack_transformation(refuse)


def _told(where: str, check: Callable[[], object]) -> None:
    try:
        check()
    except QueryError as error:
        raise pulumi.RunError(f"{where}: {error}") from None


def _as_the_engine_sees(node: Any) -> Any:
    """Arguments by the engine's names. Outputs stay: nobody reads a text in them."""
    if types.is_input_type(type(node)):
        return _as_the_engine_sees(types.input_type_to_dict(node))
    if isinstance(node, Mapping):
        return {_camel(key): _as_the_engine_sees(value) for key, value in node.items()}
    return [_as_the_engine_sees(one) for one in node] if isinstance(node, list | tuple) else node


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _declared_in() -> str:
    """File and line of the program that is making a resource."""
    for frame in inspect.stack(0):
        path = Path(frame.filename)
        if path.is_relative_to(INFRA) and INFRA / "contract" not in path.parents:
            return f"infra/{path.relative_to(INFRA)}:{frame.lineno}"
    return "the program"
