"""The check that no placeholder of a stack is left: a program must not trust a name that somebody else may own."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG

PLACEHOLDER = "CHANGE-ME"


def refuse_unfilled(file: str) -> None:
    """Refuse a configuration with placeholders, of any namespace. ``file`` is the stack's, as people find it.

    Raises:
        pulumi.RunError: one line with every key whose value holds one.
    """
    keys = unfilled(CONFIG.get())
    if keys:
        raise pulumi.RunError(f"{', '.join(keys)} in {file}: replace {PLACEHOLDER} with your own value")


def unfilled(configuration: Mapping[str, str]) -> list[str]:
    """Return the keys with a placeholder; of a structured value, the path inside it (``llm-api:onCall.emails[0]``)."""
    return [path for key, text in sorted(configuration.items()) for path in _paths(key, _parsed(text))]


def _parsed(text: str) -> Any:
    """Return a value as the engine passes it: structured ones as JSON, any other as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _paths(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _paths(f"{path}.{key}", member)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(f"{path}[{number}]", item)
    elif PLACEHOLDER in str(value):
        yield path
