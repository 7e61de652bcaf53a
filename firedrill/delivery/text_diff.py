"""The difference of two texts for a reviewer: the changed lines, or both values without their equal beginning."""

import difflib
from collections.abc import Iterator

CONTEXT = 24
"""Characters of an equal beginning that are left for orientation."""
MAX_LINES = 40
"""Lines of a difference that are shown."""


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that differ, with ``-`` or ``+``, each with one equal line around it, and ``…`` in between."""
    lines = list(_lines(before, after))
    rest = len(lines) - MAX_LINES
    return [*lines[:MAX_LINES], f"… {rest} more lines"] if rest > 0 else lines


def _lines(before: str, after: str) -> Iterator[str]:
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    for place, line in enumerate(difference):
        if place < 2:  # names of files
            continue
        if not line.startswith("@@"):
            yield line
        elif place > 2:
            yield "…"


def without_equal_beginning(before: str, after: str) -> tuple[str, str]:
    """Return both texts without what they begin with alike, but for some characters from a word's beginning on."""
    equal = next((place for place, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    if equal is None:
        equal = min(len(before), len(after))
    start = before.find(" ", max(equal - CONTEXT, 0), equal) + 1
    if equal <= CONTEXT or start == 0:
        start = max(equal - CONTEXT, 0)
    return (f"…{before[start:]}", f"…{after[start:]}") if start else (before, after)
