"""Template variables of workflows and synthetic tests, such as ``{{ Trigger.model }}`` and ``{{ Steps.A.body }}``.

https://docs.datadoghq.com/actions/workflows/variables
"""

import json
import re
from collections.abc import Mapping
from typing import Any

VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
PART = re.compile(r"\[(\d+|\"[^\"]*\"|'[^']*')\]|([^.\[\]]+)")


class UnknownVariable(LookupError):
    """A variable without a value; the text names it."""


def fill(value: Any, context: Mapping[str, Any]) -> Any:
    """Return a value with all variables replaced, in strings at any depth. A variable alone keeps its type."""
    match value:
        case str():
            whole = VARIABLE.fullmatch(value.strip())
            if whole is not None:
                return lookup(whole[1], context)
            return VARIABLE.sub(lambda match: as_text(lookup(match[1], context)), value)
        case dict():
            return {key: fill(item, context) for key, item in value.items()}
        case list():
            return [fill(item, context) for item in value]
        case _:
            return value


def lookup(path: str, context: Mapping[str, Any]) -> Any:
    """Return the value at a path such as ``Steps.Ask.body.items[0].id``. Raises :class:`UnknownVariable`."""
    value: Any = context
    for match in PART.finditer(path):
        part = match[2] or match[1].strip("\"'")
        try:
            value = value[int(part)] if isinstance(value, list) else value[part.strip()]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UnknownVariable(f"{{{{ {path} }}}} has no value: there is no {part.strip()!r}") from error
    return value


def as_text(value: Any) -> str:
    """Return a value as part of a text: objects and lists as JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | dict() | list():
            return json.dumps(value)
        case _:
            return str(value)
