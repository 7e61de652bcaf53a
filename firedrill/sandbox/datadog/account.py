"""How code in this process reads and writes the objects of an organisation.

Bodies are those of the API: of API v1 the object itself, of API v2 (JSON:API) the ``data`` object with ``id``,
``type``, ``attributes`` and ``relationships``. The exceptions are named beside their kind.

The live parts meet the API here, through objects, never through calls:

* the evaluator puts a ``monitor_states`` object under each monitor's id, ``{"overall_state": "OK"|"Alert"|"Warn"|"No
  Data", "overall_state_modified": ISO 8601 | None, "groups": {name: {"name", "status", "last_triggered_ts",
  "last_notified_ts", "last_resolved_ts", "last_nodata_ts"}}}``; GET of a monitor answers with it;
* the API puts a ``workflow_instances`` object (see :data:`WORKFLOW_INSTANCES`) or a ``synthetics_runs`` object, and the
  runner, which :meth:`Directory.subscribe` has told of it, puts it again as it proceeds.
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
"""Bodies of API v2; API v1 answers are made of them."""
DASHBOARDS = "dashboards"
LOGS_PIPELINES = "logs_pipelines"
LOGS_PIPELINE_ORDER = "logs_pipeline_order"
LOGS_INDEXES = "logs_indexes"
LOGS_ORDERS = "logs_orders"
"""``indexes`` and ``archives``: ``{"ids": [...]}`` in the order that was set."""
LOGS_METRICS = "logs_metrics"
SYNTHETICS_TESTS = "synthetics_tests"
SYNTHETICS_VARIABLES = "synthetics_variables"
"""With the secret value, which answers leave out."""
SYNTHETICS_RUNS = "synthetics_runs"
"""``{"result_id", "public_id", "status": "queued"|"done", "trigger", "created": epoch seconds, "result": {...}}``."""
SCHEDULES = "schedules"
"""``{"data": {...}, "included": [layers, members...]}`` as GET answers it with everything included."""
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
"""``listener(org, kind, id)`` is called after a write or delete was committed, in the thread that wrote."""

PEOPLE: list[dict[str, str]] = json.loads((Path(__file__).parent / "people.json").read_text())
"""Name, e-mail and title of the people that every organisation has from its start; the first owns the keys."""

STANDARD_ROLES = ("Datadog Admin Role", "Datadog Standard Role", "Datadog Read Only Role")


class Directory:
    """The objects of all organisations, and who wants to hear of changes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._known: set[str] = set()

    def objects(self, org: str, kind: str) -> list[Body]:
        """All bodies of a kind, oldest first; log pipelines and indexes in the order in which they apply."""
        bodies = self.store.list(org, kind)
        if kind == LOGS_PIPELINES:
            order = (self.store.get(org, LOGS_PIPELINE_ORDER, "order") or {}).get("pipeline_ids", [])
            bodies.sort(key=_place("id", order))
        elif kind == LOGS_INDEXES:
            order = (self.store.get(org, LOGS_ORDERS, "indexes") or {}).get("ids", [])
            bodies.sort(key=_place("name", order))
        return bodies

    def get(self, org: str, kind: str, identifier: str) -> Body | None:
        """One body, or None."""
        return self.store.get(org, kind, identifier)

    def put(self, org: str, kind: str, identifier: str, body: Body) -> None:
        """Insert or replace, and tell the listeners. For the live parts; handlers write through their call."""
        self.store.put(org, kind, identifier, body)
        self.changed(org, kind, identifier)

    def subscribe(self, kind: str, listener: Listener) -> None:
        """Hear of every write and delete of a kind."""
        self._listeners[kind].append(listener)

    def changed(self, org: str, kind: str, identifier: str) -> None:
        """Tell the listeners."""
        for listener in self._listeners[kind]:
            listener(org, kind, identifier)

    def open(self, org: str, now: datetime) -> None:
        """Give an organisation that is seen for the first time its people and roles."""
        if org in self._known:
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
        self._known.add(org)


def _place(key: str, order: list[str]) -> Callable[[Body], int]:
    """Sorts bodies by where an order names them; what it does not name comes last."""
    place = {name: n for n, name in enumerate(order)}
    return lambda body: place.get(body[key], len(order))


def org_uuid(org: str) -> str:
    """The public id of the organisation with this API key."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"firedrill:{org}"))


def org_number(org: str) -> int:
    """The number of the organisation with this API key."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"firedrill:{org}").int % 900_000 + 100_000


def iso(moment: datetime, timespec: str = "microseconds") -> str:
    """As API v2 writes moments: ``2026-11-24T02:31:00.123456+00:00``."""
    return moment.astimezone(UTC).isoformat(timespec=timespec)


def role_body(identifier: str, name: str, now: datetime) -> dict[str, Any]:
    """A role as API v2 answers it."""
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
    """A user as API v2 answers it."""
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
