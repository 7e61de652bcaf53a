"""The objects that dashboards show, as a program declares them, and their creation in an account."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firedrill.evaluate.model import Json
from firedrill.prove.collect import MONITOR_KINDS, PREFIX, request_body
from firedrill.prove.program import monitor_id

DASHBOARD_KINDS = ("dashboard", "dashboardJson")
SLO_KIND = "serviceLevelObjective"
TEST_KIND = "syntheticsTest"
WORKFLOW_KIND = "workflowAutomation"
AFTER_SLOS = ("slo alert", "composite")
"""The types of monitors that refer to SLOs or to other monitors, in the order in which they can be created."""
OF_PROOFS = ("public_id", "monitor_id", "resource")
"""Members that proofs add to the body of a test."""
Api = Callable[[str, Any], Any]
"""``api("POST /api/v1/monitor", body)`` returns the answer."""


@dataclass
class Declared:
    """The bodies of a program's objects by resource name; each has the id that the program gave it."""

    dashboards: dict[str, Json] = field(default_factory=dict)
    monitors: dict[str, Json] = field(default_factory=dict)
    slos: dict[str, Json] = field(default_factory=dict)
    tests: dict[str, Json] = field(default_factory=dict)
    workflows: dict[str, Json] = field(default_factory=dict)

    def changed(self, earlier: "Declared") -> list[str]:
        """Return the names of dashboards that are new, gone, or differ from an earlier version."""
        names = [*self.dashboards, *(name for name in earlier.dashboards if name not in self.dashboards)]
        return [name for name in names if self.dashboards.get(name) != earlier.dashboards.get(name)]


def read_declared(resources: Sequence[Json]) -> Declared:
    """Return the dashboards among registered resources, and what they show."""
    declared = Declared()
    places = {
        **dict.fromkeys(DASHBOARD_KINDS, declared.dashboards),
        **dict.fromkeys(MONITOR_KINDS, declared.monitors),
        SLO_KIND: declared.slos,
        TEST_KIND: declared.tests,
        WORKFLOW_KIND: declared.workflows,
    }
    for resource in resources:
        kind = resource["type"].removeprefix(PREFIX).partition(":")[0]
        if resource["type"].startswith(PREFIX) and kind in places:
            places[kind][resource["name"]] = request_body(resource)
    return declared


class Creation:
    """Creates declared objects, with the account's ids in place of the program's."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids: dict[str, str] = {}

    def create(self, path: str, body: Json) -> Json:
        """Create an object and return the answer."""
        own = body.get("id") or (body.get("data") or {}).get("id")
        sent = json.loads(self._with_account_ids(json.dumps(_without_id(body))))
        answer: Json = self._api(f"POST {path}", sent)
        bodies = answer.get("data", answer)
        created: Json = bodies[0] if isinstance(bodies, list) else bodies
        self._ids[str(own)] = str(created.get("id") or created["public_id"])
        return created

    def create_test(self, name: str, body: Json) -> None:
        """Create a synthetic test; its monitor, too, has the account's id from then on."""
        sent = {key: value for key, value in body.items() if key not in OF_PROOFS}
        created = self.create(f"/api/v1/synthetics/tests/{body['type']}", sent)
        self._ids[str(monitor_id(name))] = str(created["monitor_id"])

    def _with_account_ids(self, text: str) -> str:
        if not self._ids:
            return text
        known = "|".join(re.escape(own) for own in sorted(self._ids, key=len, reverse=True))
        return re.sub(rf"(?<![\w-])(?:{known})(?![\w-])", lambda match: self._ids[match[0]], text)


def create_evaluated(creation: Creation, declared: Declared) -> None:
    """Create the synthetic tests, the monitors and the SLOs. Monitors have no message, so that they notify nobody."""
    for name, test in declared.tests.items():
        creation.create_test(name, test)
    monitors = sorted(({**monitor, "message": ""} for monitor in declared.monitors.values()), key=_place)
    first = [monitor for monitor in monitors if _place(monitor) == 0]
    for monitor in first:
        creation.create("/api/v1/monitor", monitor)
    for slo in declared.slos.values():
        creation.create("/api/v1/slo", slo)
    for monitor in monitors[len(first) :]:
        creation.create("/api/v1/monitor", monitor)


def create_dashboards(creation: Creation, declared: Declared, names: Sequence[str]) -> Mapping[str, str]:
    """Create the workflows and the dashboards of these names; return the dashboards' ids by name."""
    for workflow in declared.workflows.values():
        creation.create("/api/v2/workflows", workflow)
    return {
        name: str(creation.create("/api/v1/dashboard", declared.dashboards[name])["id"])
        for name in names
        if name in declared.dashboards
    }


def _place(monitor: Mapping[str, Any]) -> int:
    return AFTER_SLOS.index(monitor["type"]) + 1 if monitor["type"] in AFTER_SLOS else 0


def _without_id(body: Json) -> Json:
    sent = {key: value for key, value in body.items() if key != "id"}
    if isinstance(sent.get("data"), dict):
        sent["data"] = {key: value for key, value in sent["data"].items() if key != "id"}
    return sent
