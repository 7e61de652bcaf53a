"""Collect the definitions that a program declares, without an engine: the program runs under Pulumi's mocks."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from firedrill.datadog.mapping.kind import DatadogKind, Write
from firedrill.datadog.provider import provider
from firedrill.errors import KnownFailure
from firedrill.evaluate import Account
from firedrill.evaluate.model import Json
from firedrill.notify.directory import Directory
from firedrill.program_fault import in_one_line
from firedrill.prove.monitor_json import UnreadableMonitor, read_monitor, with_distinct_ids
from firedrill.provider.resource import ResourceKind
from firedrill.scenario.definitions import Definitions, Unread

PREFIX = "datadog:index/"
MONITOR_KINDS = ("monitor", "monitorJson")
KINDS = frozenset(
    {
        "downtimeSchedule",
        *MONITOR_KINDS,
        "monitorNotificationRule",
        "serviceLevelObjective",
        "sloCorrection",
        "syntheticsTest",
        "team",
        "onCallSchedule",
        "onCallEscalationPolicy",
        "onCallTeamRoutingRules",
        "workflowAutomation",
        "logsCustomPipeline",
    }
)
"""The kinds of resources that decide the behaviour of alerts. Log pipelines set the fields that searches read."""


class CollectError(KnownFailure):
    """Definitions that cannot be collected: the thing, the reason, the next step."""


def from_program(root: Path, stack: str) -> Definitions:
    """Return the definitions of the program of a checkout."""
    return from_resources(registered(root, stack))


def registered(root: Path, stack: str, other: Mapping[str, Any] | None = None) -> list[Json]:
    """Return the resources that the program of a checkout registers: type, name, id, inputs.

    ``other`` has settings by full key that replace the stack's own; None removes a setting.
    """
    if not (root / f"Pulumi.{stack}.yaml").exists():
        raise CollectError(f"{root} has no Pulumi.{stack}.yaml: name a stack that exists with --stack")
    if find_spec("pulumi") is None:
        raise CollectError("a stack's program needs Pulumi's SDK: run `pip install 'firedrill[sandbox]'`")
    paths = os.pathsep.join([str(root), str(Path(__file__).parents[2])])
    completed = subprocess.run(
        [sys.executable, "-m", "firedrill.prove.program", str(root), stack, json.dumps(other or {})],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | {"FIREDRILL_LEAN_SDK": "1", "PYTHONPATH": paths},
    )
    if completed.returncode:
        raise CollectError(f"the program of {root} failed:\n{in_one_line(completed.stderr.strip(), root)}")
    resources: list[Json] = json.loads(completed.stdout)
    return resources


def from_resources(resources: Iterable[Json]) -> Definitions:
    """Return registered resources as the API's JSON, by the tables that the Datadog provider uses to send them.

    A resource that cannot be read is in ``unread``. The members of a resource that ``hidden`` names have no value.
    """
    objects: dict[str, list[Json]] = defaultdict(list)
    monitors: list[tuple[str, Json]] = []
    unread: list[Unread] = []
    for resource in resources:
        kind = resource["type"].removeprefix(PREFIX).partition(":")[0]
        if not resource["type"].startswith(PREFIX) or kind not in KINDS:
            continue
        hidden = resource.get("hidden") or ()
        unread += (Unread(resource["name"], f"its {member} is secret or not known yet") for member in hidden)
        try:
            body = request_body(resource)
            if kind in MONITOR_KINDS:
                monitors.append((resource["name"], read_monitor(body)))
            else:
                objects[kind].append(body)
        except UnreadableMonitor as error:
            if not {"query", "type"} & {*hidden}:
                unread.append(Unread(resource["name"], str(error)))
    tests = objects["syntheticsTest"]
    monitors += ((test["resource"], _monitor_of(test)) for test in tests)
    if not monitors and not unread:
        raise CollectError("no monitors are declared")
    identified, names = with_distinct_ids(monitors)
    users = sorted({user for schedule in objects["onCallSchedule"] for user in _users(schedule)})
    directory = Directory(
        teams=objects["team"],
        routing_rules={rules["team"]: rules for rules in objects["onCallTeamRoutingRules"]},
        policies=objects["onCallEscalationPolicy"],
        schedules=objects["onCallSchedule"],
        users=[{"id": user, "attributes": {"name": user.removeprefix("user:")}} for user in users],
        workflows=objects["workflowAutomation"],
        notification_rules=objects["monitorNotificationRule"],
    )
    account = Account(
        monitors=identified,
        slos=objects["serviceLevelObjective"],
        downtimes=objects["downtimeSchedule"],
        corrections=objects["sloCorrection"],
        synthetics=tests,
    )
    return Definitions(account, directory, names, {}, unread, objects["logsCustomPipeline"])


def request_body(resource: Json) -> Json:
    """Return the body of the request that would create a resource, with its id.

    Raises :class:`UnreadableMonitor` for inputs that are not of the provider's form.
    """
    identifier = str(resource["id"] or resource["name"])
    try:
        body = _with_id(_body(_tables()[resource["type"]], resource["inputs"]), identifier, resource["inputs"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"its form is not the provider's ({type(error).__name__}: {error})"
        raise UnreadableMonitor(reason) from error
    if resource["type"].startswith(f"{PREFIX}syntheticsTest:"):
        name = resource["name"]
        body |= {"public_id": identifier, "monitor_id": f"test {name}", "resource": name}
    elif resource["type"].startswith(tuple(f"{PREFIX}{kind}:" for kind in MONITOR_KINDS)):
        body["id"] = int(identifier) if identifier.isdecimal() else identifier
    return body


@cache
def _tables() -> Mapping[str, ResourceKind]:
    return provider().kinds


def _body(table: Any, inputs: Mapping[str, Any]) -> Json:
    """Return the body of the request that would create a resource."""
    kind = table if isinstance(table, DatadogKind) else table.kinds[str(inputs.get("type"))]
    body: Json = json.loads(json.dumps(kind.body(Write(kind.account.client, "create", "", dict(inputs)))))
    return body


def _with_id(body: Json, identifier: str, inputs: Mapping[str, Any]) -> Json:
    """Add the id that the API's answer would have. Routing rules have the id of their team."""
    if isinstance(body.get("data"), dict):
        body["data"]["id"] = identifier
        if inputs.get("teamId"):
            body["team"] = inputs["teamId"]
            body["data"]["id"] = inputs["teamId"]
    else:
        body.setdefault("id", identifier)
    return body


def _monitor_of(test: Json) -> Json:
    """Return the monitor that Datadog creates with a synthetic test."""
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


def _users(schedule: Json) -> Iterator[str]:
    """Yield the ids of the users of an on-call schedule."""
    for layer in schedule["data"]["attributes"].get("layers") or ():
        for member in layer.get("members") or ():
            if (member.get("user") or {}).get("id"):
                yield member["user"]["id"]
