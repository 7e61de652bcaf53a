"""The objects of organisations (monitors, dashboards, teams ...), and listeners for their changes.

Bodies have the form of the API: in API v1 the object itself, in API v2 (JSON:API) the ``data`` object with ``id``,
``type``, ``attributes`` and ``relationships``. Exceptions are described beside their kind.

The API and live behaviour (:mod:`.live`) share objects and do not call each other:

* the evaluator puts a ``monitor_states`` object under the id of each monitor, ``{"overall_state": "OK"|"Alert"|"Warn"|
  "No Data", "overall_state_modified": ISO 8601 | None, "groups": {name: {"name", "status", "last_triggered_ts",
  "last_notified_ts", "last_resolved_ts", "last_nodata_ts"}}}``, which the API returns with the monitor;
* the API puts a ``workflow_instances`` object (see :data:`WORKFLOW_INSTANCES`) or a ``synthetics_runs`` object; the
  runner, which has subscribed to them, puts it again as it proceeds.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firedrill.sandbox.datadog.store import Body, Store

MONITORS = "monitors"
MONITOR_STATES = "monitor_states"
SLOS = "slos"
SLO_CORRECTIONS = "slo_corrections"
DOWNTIMES = "downtimes"
"""Bodies of API v2; ``v1`` holds the id that API v1 has for it, which a monitor's ``matching_downtimes`` names."""
DASHBOARDS = "dashboards"
LOGS_PIPELINES = "logs_pipelines"
LOGS_PIPELINE_ORDER = "logs_pipeline_order"
LOGS_INDEXES = "logs_indexes"
LOGS_ORDERS = "logs_orders"
"""``indexes`` and ``archives``: ``{"ids": [...]}`` in the order that was set."""
LOGS_METRICS = "logs_metrics"
SYNTHETICS_TESTS = "synthetics_tests"
SYNTHETICS_VARIABLES = "synthetics_variables"
"""With the secret value, which responses leave out."""
SYNTHETICS_RUNS = "synthetics_runs"
SYNTHETICS_SCREENSHOTS = "synthetics_screenshots"
"""``{"result_id", "public_id", "status": "queued"|"done", "trigger", "created": epoch seconds, "result": {...}}``."""
SCHEDULES = "schedules"
"""``{"data": {...}, "included": [layers, members...]}``, as a response with everything included."""
ESCALATION_POLICIES = "escalation_policies"
"""``{"data": {...}, "included": [steps...]}``, likewise."""
ROUTING_RULES = "routing_rules"
"""By team id: ``{"data": {...}, "included": [rules...]}``, likewise."""
PAGES = "pages"
TEAMS = "teams"
USERS = "users"
ROLES = "roles"
WORKFLOWS = "workflows"
WORKFLOW_INSTANCES = "workflow_instances"
"""``{"id", "workflow_id", "status": "queued"|"running"|"succeeded"|"failed"|"canceled", "inputs": {...},
"trigger": "api"|"monitor"|..., "created": epoch seconds, "steps": [...]}``."""
CONNECTIONS = "connections"
WEBHOOKS = "webhooks"

Listener = Callable[[str, str, str], None]
"""``listener(org, kind, id)`` is called after the commit of a write or delete, in the thread that wrote."""

PEOPLE: list[dict[str, str]] = json.loads((Path(__file__).parent / "people.json").read_text())
"""Name, e-mail and title of the people of every new organisation; the first owns the keys."""

STANDARD_ROLES = ("Datadog Admin Role", "Datadog Standard Role", "Datadog Read Only Role")


class Directory:
    """The objects of all organisations, and the listeners for their changes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._opened: set[str] = set()

    def objects(self, org: str, kind: str) -> list[Body]:
        """Return all bodies of a kind, oldest first; log pipelines and indexes in their order."""
        bodies = self.store.list(org, kind)
        if kind == LOGS_PIPELINES:
            order = (self.store.get(org, LOGS_PIPELINE_ORDER, "order") or {}).get("pipeline_ids", [])
            bodies.sort(key=_place("id", order))
        elif kind == LOGS_INDEXES:
            order = (self.store.get(org, LOGS_ORDERS, "indexes") or {}).get("ids", [])
            bodies.sort(key=_place("name", order))
        return bodies

    def get(self, org: str, kind: str, identifier: str) -> Body | None:
        """Return one body, or None."""
        return self.store.get(org, kind, identifier)

    def put(self, org: str, kind: str, identifier: str, body: Body) -> None:
        """Insert or replace a body and notify the listeners. For live behaviour; handlers write through their call."""
        self.store.put(org, kind, identifier, body)
        self.notify(org, kind, identifier)

    def subscribe(self, kind: str, listener: Listener) -> None:
        """Call the listener after every write and delete of a kind."""
        self._listeners[kind].append(listener)

    def notify(self, org: str, kind: str, identifier: str) -> None:
        """Notify the listeners of a kind."""
        for listener in self._listeners[kind]:
            listener(org, kind, identifier)

    def open(self, org: str, now: datetime) -> None:
        """Create the people and roles of an organisation at its first call."""
        if org in self._opened:
            return
        with self.store.transaction():
            if not self.store.list(org, USERS):
                for role in STANDARD_ROLES:
                    identifier = str(uuid.uuid4())
                    self.store.put(org, ROLES, identifier, role_body(identifier, role, now))
                admin = self.store.list(org, ROLES)[0]["id"]
                for person in PEOPLE:
                    identifier = str(uuid.uuid4())
                    body = user_body(identifier, org, person["email"], person["name"], person["title"], now)
                    body["attributes"].update(status="Active", verified=True, last_login_time=iso(now))
                    body["relationships"]["roles"]["data"] = [{"type": "roles", "id": admin}]
                    self.store.put(org, USERS, identifier, body)
        self._opened.add(org)


def _place(key: str, order: list[str]) -> Callable[[Body], int]:
    """Return a sort key: the place of a body in an order; bodies that the order does not name come last."""
    place = {name: n for n, name in enumerate(order)}
    return lambda body: place.get(body[key], len(order))


def org_uuid(org: str) -> str:
    """Return the public id of the organisation with this API key."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"firedrill:{org}"))


def org_number(org: str) -> int:
    """Return the number of the organisation with this API key."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"firedrill:{org}").int % 900_000 + 100_000


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


def iso(moment: datetime, timespec: str = "microseconds") -> str:
    """Return a time as API v2 writes it: ``2026-11-24T02:31:00.123456+00:00``."""
    return moment.astimezone(UTC).isoformat(timespec=timespec)


def iso_time(seconds: float) -> str:
    """Return epoch seconds as monitors and pages write them: without a fraction where there is none."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def role_body(identifier: str, name: str, now: datetime) -> dict[str, Any]:
    """Return a new role in the form of API v2."""
    return {
        "type": "roles",
        "id": identifier,
        "attributes": {
            "name": name,
            "managed": name in STANDARD_ROLES,
            "created_at": iso(now),
            "modified_at": iso(now),
            "user_count": 0,
            "team_count": 0,
        },
        "relationships": {"permissions": {"data": []}},
    }


def user_body(  # noqa: PLR0917  # its callers name what a user is
    identifier: str, org: str, email: str, name: str | None, title: str | None, now: datetime
) -> dict[str, Any]:
    """Return a new user in the form of API v2."""
    return {
        "type": "users",
        "id": identifier,
        "attributes": {
            "uuid": identifier,
            "name": name,
            "handle": email,
            "created_at": iso(now),
            "modified_at": iso(now),
            "email": email,
            "icon": f"https://secure.gravatar.com/avatar/{uuid.uuid5(uuid.NAMESPACE_URL, email).hex}?s=48&d=retro",
            "title": title,
            "verified": False,
            "service_account": False,
            "disabled": False,
            "allowed_login_methods": [],
            "status": "Pending",
            "mfa_enabled": False,
            "last_login_time": None,
        },
        "relationships": {
            "roles": {"data": []},
            "org": {"data": {"type": "orgs", "id": org_uuid(org)}},
        },
    }
