"""Read the monitors of any account from a file: an API response, Terraform's JSON or a Pulumi state."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from firedrill.evaluate import Account
from firedrill.evaluate.model import Json
from firedrill.notify.directory import Directory
from firedrill.prove.collect import PREFIX, CollectError, from_resources
from firedrill.prove.monitor_json import UnreadableMonitor, read_monitor, with_distinct_ids
from firedrill.prove.terraform_names import pulumi_names
from firedrill.scenario.definitions import Definitions, Unread

TERRAFORM_TYPES = {
    "datadog_monitor": "monitor:Monitor",
    "datadog_monitor_json": "monitorJson:MonitorJson",
    "datadog_service_level_objective": "serviceLevelObjective:ServiceLevelObjective",
}
"""Pulumi's types by Terraform's. Pulumi's provider is built on Terraform's, so that only the names differ."""
READ_MEMBERS = ("type", "query", "name", "message", "escalation_message", "monitor_thresholds", "variables", "monitor")
"""The members of a planned monitor of which it is said if they are not known yet."""
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark of a secret in a state, no secret
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's mark of a value that is known only after the update."""


def from_file(path: Path) -> Definitions:
    """Return the definitions in a file.

    The file is an API response (monitors, or an object with ``monitors``, ``slos``, ``downtimes`` and ``synthetics``),
    the same with one monitor a line, ``terraform show -json`` of a plan or a state, or a Pulumi state (``pulumi stack
    export``). What cannot be read is in ``unread``.

    Raises:
        CollectError: The file has no monitors.
    """
    content = _content(path)
    if isinstance(content, dict) and isinstance(content.get("deployment"), dict):
        return from_resources(_pulumi_resources(content["deployment"]))
    for values in ("planned_values", "values"):
        if isinstance(content, dict) and isinstance(content.get(values), dict):
            return from_resources(_terraform_resources(content[values].get("root_module"), _unknown_members(content)))
    objects = content if isinstance(content, dict) else {"monitors": content}
    monitors = objects.get("monitors") or ([objects] if "query" in objects else [])
    if not isinstance(monitors, list) or not monitors:
        raise CollectError(f"{path} has no monitors: it should be an API response, a Terraform plan or a Pulumi state")
    return from_api(monitors, objects)


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        try:
            return json.loads(text)
        except ValueError:
            if path.suffix != ".jsonl":
                raise
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise CollectError(f"{path} cannot be read as JSON: {error}") from error


def from_api(monitors: list[Any], objects: Json) -> Definitions:
    """Return the definitions in an API response: its monitors, and an object with whatever else it has."""
    read: list[tuple[str, Json]] = []
    unread: list[Unread] = []
    for position, content in enumerate(monitors, 1):
        try:
            monitor = read_monitor(content)
            read.append((monitor["name"], monitor))
        except UnreadableMonitor as error:
            unread.append(Unread(_name_of(content, position), str(error)))
    identified, names = with_distinct_ids(read)
    account = Account(
        identified,
        slos=_objects(objects.get("slos")),
        downtimes=_objects(objects.get("downtimes")),
        synthetics=_objects(objects.get("synthetics")),
    )
    return Definitions(account, Directory(), names, {}, unread)


def _name_of(content: Any, position: int) -> str:
    named = content.get("name") or content.get("id") if isinstance(content, dict) else None
    return str(named or f"monitor {position} of the file")


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _pulumi_resources(deployment: Json) -> Iterator[Json]:
    for resource in _objects(deployment.get("resources")):
        inputs = resource.get("inputs")
        if isinstance(inputs, dict) and inputs and isinstance(resource.get("type"), str):
            plain = {name: _plain(value) for name, value in inputs.items() if not name.startswith("__")}
            yield {
                "type": resource["type"],
                "name": str(resource.get("urn", "")).rpartition("::")[2],
                "id": resource.get("id"),
                "inputs": {name: value for name, value in plain.items() if not _is_hidden(value)},
                "hidden": [name for name, value in plain.items() if _is_hidden(value)],
            }


def _plain(value: Any) -> Any:
    """Return a value of a state without the marks of secrets whose text the state shows."""
    if isinstance(value, dict):
        if SECRET in value and isinstance(value.get("plaintext"), str):
            return json.loads(value["plaintext"])
        return {name: _plain(item) for name, item in value.items() if not name.startswith("__")}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_hidden(value: Any) -> bool:
    """Return whether a part of a value is encrypted or not known yet."""
    if isinstance(value, dict):
        return SECRET in value or any(map(_is_hidden, value.values()))
    return any(map(_is_hidden, value)) if isinstance(value, list) else value == UNKNOWN


def _unknown_members(plan: Json) -> dict[str, list[str]]:
    """Return, by address, the members that a plan does not know yet."""
    return {
        str(change.get("address")): [member for member in READ_MEMBERS if _has_true(after.get(member))]
        for change in _objects(plan.get("resource_changes"))
        if isinstance(change.get("change"), dict) and isinstance(after := change["change"].get("after_unknown"), dict)
    }


def _has_true(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_true, value.values() if isinstance(value, dict) else value))
    return value is True


def _terraform_resources(module: Any, unknown: Mapping[str, Iterable[str]]) -> Iterator[Json]:
    if not isinstance(module, dict):
        return
    for resource in _objects(module.get("resources")):
        kind, values = TERRAFORM_TYPES.get(str(resource.get("type"))), resource.get("values")
        if kind and isinstance(values, dict) and resource.get("mode", "managed") == "managed":
            address = str(resource.get("address"))
            yield {
                "type": PREFIX + kind,
                "name": address,
                "id": values.get("id") or address,
                "inputs": pulumi_names(values),
                "hidden": unknown.get(address, ()),
            }
    for child in _objects(module.get("child_modules")):
        yield from _terraform_resources(child, unknown)
