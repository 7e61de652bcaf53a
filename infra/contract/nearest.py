"""What a violation says: what is wrong, where, and the nearest name that is right."""

from collections.abc import Iterable
from difflib import get_close_matches

from firedrill.query import QueryError, Span


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like another one, or nothing."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.5)), "")


def violation(message: str, text: str, span: Span, name: str = "", known: Iterable[str] = ()) -> QueryError:
    """An error that underlines ``span`` of ``text`` and offers the one of ``known`` that is most like ``name``."""
    right = nearest(name, known)
    return QueryError(message + (f" (did you mean {right}?)" if right else ""), text, span.start, span.end)
