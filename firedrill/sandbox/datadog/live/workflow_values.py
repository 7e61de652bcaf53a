"""Variables of a workflow's parameters: ``{{ Source.monitor.name }}``, ``{{ Trigger.model }}``, ``{{ Steps.A.body }}``.

https://docs.datadoghq.com/actions/workflows/variables
"""

import json
import re
from collections.abc import Mapping
from typing import Any

VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
PART = re.compile(r"\[(\d+|\"[^\"]*\"|'[^']*')\]|([^.\[\]]+)")


class UnknownVariable(LookupError):
    """A variable that the run has no value for; the text names it."""


def fill(value: Any, context: Mapping[str, Any]) -> Any:
    """A parameter with its variables filled in, in strings at any depth. A lone variable keeps its type."""
    match value:
        case str():
            whole = VARIABLE.fullmatch(value.strip())
            if whole is not None:
                return lookup(whole[1], context)
            return VARIABLE.sub(lambda found: as_text(lookup(found[1], context)), value)
        case dict():
            return {key: fill(one, context) for key, one in value.items()}
        case list():
            return [fill(one, context) for one in value]
        case _:
            return value


def lookup(path: str, context: Mapping[str, Any]) -> Any:
    """The value at a path such as ``Steps.Ask.body.items[0].id``. Raises :class:`UnknownVariable`."""
    value: Any = context
    for found in PART.finditer(path):
        part = found[2] or found[1].strip("\"'")
        try:
            value = value[int(part)] if isinstance(value, list) else value[part.strip()]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UnknownVariable(f"{{{{ {path} }}}} has no value: there is no {part.strip()!r}") from error
    return value


def as_text(value: Any) -> str:
    """A value inside a longer text: objects and lists as JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | dict() | list():
            return json.dumps(value)
        case _:
            return str(value)
