"""Comparison of two values, but for ids that an API makes and moments of requests."""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any
from urllib.parse import unquote

from firedrill.datadog.mapping.schema import canonical
from firedrill.sandbox.wire.examples import inflated
from firedrill.sandbox.wire.stand import MADE_ID, PLACEHOLDER, SHORT_ID

Json = Any

MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\Z")
"""A moment to the microsecond, which is when a request was made."""


def comparable(method: str, path: str, query: str, body: Json) -> Json:
    """Return a request in the form that is compared; the two names of one type of monitor are one."""
    if isinstance(body, dict) and body.get("type") == "metric alert":
        body = {**body, "type": "query alert"}
    return {"request": unquote(f"{method} {path}" + (f"?{query}" if query else "")), "body": inflated(body)}


def differences(theirs: Json, ours: Json) -> list[str]:
    """Return the paths at which two values differ, with both values; empty when they are equal."""
    different = _compare(_with_one_id(theirs), _with_one_id(ours), "")
    return [f"{path or 'all'}: published {_short(old)}, ours {_short(new)}" for path, old, new in different]


def _with_one_id(value: Json) -> Json:
    return json.loads(MADE_ID.sub("ID", canonical(value)))


def _compare(theirs: Json, ours: Json, path: str) -> Iterator[tuple[str, Json, Json]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours}):
            if (key in theirs) != (key in ours):
                yield f"{path}.{key}", theirs.get(key, "(absent)"), ours.get(key, "(absent)")
            else:
                yield from _compare(theirs[key], ours[key], f"{path}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        if any("-id>" in canonical(item) for item in theirs) and sorted(map(canonical, theirs)) == sorted(
            map(canonical, ours)
        ):
            return  # a set in the order of ids, which differ between the accounts
        for index, (old, new) in enumerate(zip_longest(theirs, ours, fillvalue="(absent)")):
            yield from _compare(old, new, f"{path}[{index}]")
    elif isinstance(theirs, str) and isinstance(ours, str) and _is_same_text(theirs, ours):
        return
    elif theirs != ours or isinstance(theirs, bool) != isinstance(ours, bool):
        yield path, theirs, ours


def _is_same_text(theirs: str, ours: str) -> bool:
    """Return whether two texts are equal, but for ids that an API makes, and names that the file does not tell."""
    if any(pattern.match(theirs) and pattern.match(ours) for pattern in (SHORT_ID, MOMENT)):
        return True
    pattern = "".join(
        "[^/]+" if PLACEHOLDER.fullmatch(part) else re.escape(part)
        for part in re.split(f"({PLACEHOLDER.pattern})", theirs)
    )
    return theirs == ours or (bool(re.fullmatch(pattern, ours)) and not PLACEHOLDER.search(ours))


def _short(value: Json) -> str:
    return json.dumps(value)[:400]
