"""Monitors that a program declares as JSON text, in the form of those that it declares by properties."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

MONITOR_JSON, MONITOR = "datadog:index/monitorJson:MonitorJson", "datadog:index/monitor:Monitor"
NAMES = {"thresholds": "monitorThresholds", "threshold_windows": "monitorThresholdWindows", "notify_by": "notifyBies"}
"""The provider's names of options, where they are not the API's in camel case."""


class DeclaredMonitor(Mapping[str, Any]):
    """The properties of a ``Monitor`` with the content of a ``MonitorJson``.

    The text is read when a policy asks for a property, because reading an unknown one raises ``UnknownValueError``.
    A text that is not JSON has no properties.
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties

    @cached_property
    def _content(self) -> dict[str, Any]:
        try:
            monitor = json.loads(self._properties["monitor"])
            options = {
                NAMES.get(key) or _camel(key): value for key, value in (monitor.pop("options", None) or {}).items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            return {}
        variables = options.pop("variables", None)
        if isinstance(variables, list):
            options["variables"] = {"eventQueries": variables}
        return {**monitor, **{name: _camel_names(value) for name, value in options.items()}}

    def __getitem__(self, name: str) -> Any:
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


def _camel_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(key): _camel_names(item) for key, item in value.items()}
    return [_camel_names(item) for item in value] if isinstance(value, list) else value


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)
