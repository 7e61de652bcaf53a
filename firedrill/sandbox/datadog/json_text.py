"""JSON of requests, without what no JSON value is and no response could return.

Python's parser takes NaN, numbers beyond the range of a double, half of a surrogate pair, and any depth that its stack
has room for. Stored, each of them would make the list that it is in unreadable.
"""

import json
import math
import re
from typing import Any

DEPTH_LIMIT = 100
"""Levels of nested objects and lists."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
TOO_DEEP = "too deep"


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError."""
    text = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int)
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    if text.count("{") + text.count("[") > DEPTH_LIMIT and depth(value) > DEPTH_LIMIT:
        raise ValueError(TOO_DEEP)
    if SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def depth(value: Any) -> int:
    """Return how deep objects and lists are nested."""
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deepest


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is beyond the range of numbers")
    return number


def _parse_int(text: str) -> int:
    if len(text) > 300:
        _parse_float(text)
    return int(text)
