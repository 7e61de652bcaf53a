"""The error for a violation of the contract, with the nearest declared name."""

from collections.abc import Iterable
from difflib import get_close_matches

from firedrill.query import QueryError, TextSpan


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the declared name that is most similar to ``name``, or an empty text."""
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.5)), "")


def violation(message: str, text: str, span: TextSpan, name: str = "", names: Iterable[str] = ()) -> QueryError:
    """Return an error that underlines ``span`` of ``text`` and offers the most similar of ``names`` to ``name``."""
    suggestion = nearest(name, names)
    return QueryError(message + (f" (did you mean {suggestion}?)" if suggestion else ""), text, span.start, span.end)
