"""What there is to prove: the monitors that a program declares, or those of any account in a file."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from firedrill.drill.account import Definitions
from firedrill.errors import KnownFailure
from firedrill.evaluate import Account
from firedrill.notify.directory import Directory
from firedrill.sandbox.providers.datadog.kind import Kind, Step
from firedrill.sandbox.providers.datadog.provider import provider

Json = dict[str, Any]
PREFIX = "datadog:index/"
BLOCKS = frozenset({"monitor_thresholds", "monitor_threshold_windows", "scheduling_options", "evaluation_window"})
"""Terraform's blocks of one, which are lists in a plan."""


class CollectError(KnownFailure):
    """Why there is nothing to prove: the thing, the reason, the next step."""


def from_program(root: Path, stack: str) -> Definitions:
    """Run the program of a checkout under Pulumi's mocks."""
    return from_resources(registered(root, stack))


def registered(root: Path, stack: str, other: Mapping[str, Any] | None = None) -> list[Json]:
    """The resources that the program of a checkout registers under Pulumi's mocks: type, name, id, inputs.

    ``other`` are settings by full key in place of the stack's own; None takes one away.
    """
    if not (root / f"Pulumi.{stack}.yaml").exists():
        raise CollectError(f"{root} has no Pulumi.{stack}.yaml: name a stack that exists with --stack")
    paths = os.pathsep.join([str(root), str(Path(__file__).parents[2])])
    ran = subprocess.run(
        [sys.executable, "-m", "firedrill.prove.program", str(root), stack, json.dumps(other or {})],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | {"FIREDRILL_LEAN_SDK": "1", "PYTHONPATH": paths},
    )
    if ran.returncode:
        raise CollectError(f"the program of {root} failed:\n{ran.stderr.strip()[-3000:]}")
    found: list[Json] = json.loads(ran.stdout)
    return found


def from_file(path: Path) -> Definitions:
    """Monitors (SLOs, tests ...) of an API answer, a Terraform plan (``show -json``) or ``pulumi stack export``."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CollectError(f"{path} cannot be read as JSON: {error}") from error
    if isinstance(content, dict) and "planned_values" in content:
        return from_resources(_terraform(content["planned_values"].get("root_module") or {}))
    if isinstance(content, dict) and "deployment" in content:
        return from_resources(
            {"type": one["type"], "name": one["urn"].rpartition("::")[2], "id": one.get("id"), "inputs": one["inputs"]}
            for one in content["deployment"].get("resources") or ()
            if one.get("inputs")
        )
    known = content if isinstance(content, dict) else {"monitors": content}
    monitors = known.get("monitors") or ([known] if "query" in known else [])
    if not monitors or not all(isinstance(one, dict) and {"type", "query"} <= set(one) for one in monitors):
        raise CollectError(f"{path} has no monitors: it should be an API answer, a Terraform plan or a Pulumi state")
    for place, one in enumerate(monitors):
        one.setdefault("id", place + 1)
        one.setdefault("name", f"monitor {one['id']}")
        one.setdefault("message", "")
        one.setdefault("options", {})
    account = Account(
        monitors, known.get("slos") or [], known.get("downtimes") or [], synthetics=known.get("synthetics") or []
    )
    return Definitions(account, Directory(), {}, {})


def from_resources(resources: Iterable[Json]) -> Definitions:
    """Registered resources as the API's JSON, by the same tables that the Datadog provider sends them with."""
    tables = provider().kinds
    found: dict[str, list[Json]] = {}
    names: dict[str, str] = {}
    for one in resources:
        kind = one["type"].removeprefix(PREFIX).partition(":")[0]
        if one["type"].startswith(PREFIX) and kind in READERS:
            body = _body(tables[one["type"]], one["inputs"])
            identifier = str(one["id"])
            if kind == "monitor":
                names[identifier] = one["name"]
                body["id"] = int(identifier) if identifier.isdecimal() else identifier
            elif kind == "syntheticsTest":
                names["test " + one["name"]] = one["name"]
                body |= {"public_id": identifier, "monitor_id": f"test {one['name']}"}
            found.setdefault(kind, []).append(_identified(body, identifier, one["inputs"]))
    tests = found.get("syntheticsTest", [])
    monitors = [*found.get("monitor", []), *(_monitor_of(test) for test in tests)]
    if not monitors:
        raise CollectError("nothing declares a monitor")
    users = sorted({user for one in found.get("onCallSchedule", ()) for user in _users(one)})
    directory = Directory(
        teams=found.get("team", ()),
        routing_rules={one["team"]: one for one in found.get("onCallTeamRoutingRules", ())},
        policies=found.get("onCallEscalationPolicy", ()),
        schedules=found.get("onCallSchedule", ()),
        users=[{"id": user, "attributes": {"name": user.removeprefix("user:")}} for user in users],
        workflows=found.get("workflowAutomation", ()),
        notification_rules=found.get("monitorNotificationRule", ()),
    )
    account = Account(
        monitors, found.get("serviceLevelObjective", []), found.get("downtimeSchedule", []),
        found.get("sloCorrection", []), tests,
    )  # fmt: skip
    return Definitions(account, directory, names, {})


READERS = frozenset(
    {
        "downtimeSchedule",
        "monitor",
        "monitorNotificationRule",
        "serviceLevelObjective",
        "sloCorrection",
        "syntheticsTest",
        "team",
        "onCallSchedule",
        "onCallEscalationPolicy",
        "onCallTeamRoutingRules",
        "workflowAutomation",
    }
)
"""The kinds that decide what alerts do."""


def _body(table: Any, inputs: Mapping[str, Any]) -> Json:
    kind = table if isinstance(table, Kind) else table.kinds[str(inputs.get("type"))]
    body: Json = json.loads(json.dumps(kind.body(Step(kind.account.api, "create", "", dict(inputs)))))
    return body


def _identified(body: Json, identifier: str, inputs: Mapping[str, Any]) -> Json:
    if isinstance(body.get("data"), dict):
        body["data"]["id"] = identifier
        if inputs.get("teamId"):
            body["team"] = inputs["teamId"]
            body["data"]["id"] = inputs["teamId"]
    else:
        body.setdefault("id", identifier)
    return body


def _monitor_of(test: Json) -> Json:
    """The monitor that Datadog makes with a synthetic test."""
    options = test.get("options") or {}
    return {
        "id": test["monitor_id"],
        "type": "synthetics alert",
        "name": options.get("monitor_name") or test["name"],
        "query": "no_query",
        "message": test.get("message") or "",
        "tags": test.get("tags") or [],
        "priority": options.get("monitor_priority"),
        "options": {"synthetics_check_id": test["public_id"], "on_missing_data": "show_no_data"},
    }


def _users(schedule: Json) -> Iterable[str]:
    for layer in schedule["data"]["attributes"].get("layers") or ():
        for member in layer.get("members") or ():
            if (member.get("user") or {}).get("id"):
                yield member["user"]["id"]


def _terraform(module: Json) -> Iterable[Json]:
    """The resources of a plan in Pulumi's words: the provider is the same one underneath."""
    kinds = {"datadog_monitor": "monitor:Monitor",
             "datadog_service_level_objective": "serviceLevelObjective:ServiceLevelObjective"}  # fmt: skip
    for one in module.get("resources") or ():
        if one["type"] in kinds and one.get("mode", "managed") == "managed":
            place = one["address"]
            yield {"type": PREFIX + kinds[one["type"]], "name": place, "id": place, "inputs": _camel(one["values"])}
    for child in module.get("child_modules") or ():
        yield from _terraform(child)


def _camel(values: Json) -> Json:
    result = {}
    for key, value in values.items():
        if value is not None and value != []:
            first, *rest = key.split("_")
            result[first + "".join(part.capitalize() for part in rest)] = _camel_value(key, value)
    return result


def _camel_value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _camel(value)
    if not isinstance(value, list):
        return value
    if key in BLOCKS or key == "query":
        return _camel(value[0])
    return [_camel(part) if isinstance(part, dict) else part for part in value]
