"""The account that notifications are routed in: teams, routing rules, policies, schedules, users, workflows.

Everything is the API's JSON, with or without its ``data`` envelope; documents with ``included`` keep it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from firedrill.notify.oncall.escalation import Target
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.schedule import Override, who_is_on_call

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Directory:
    """``members`` and ``routing_rules`` are by team id, ``overrides`` by schedule id.

    ``incident_options`` are the names behind ``@incident-<option>`` and ``case_projects`` those behind
    ``@case-<project>``; no API lists the former. None: not known, every name resolves.
    """

    teams: Sequence[Json] = ()
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    routing_rules: Mapping[str, Json] = field(default_factory=dict)
    policies: Sequence[Json] = ()
    schedules: Sequence[Json] = ()
    users: Sequence[Json] = ()
    workflows: Sequence[Json] = ()
    overrides: Mapping[str, Sequence[Override]] = field(default_factory=dict)
    notification_rules: Sequence[Json] = ()
    integrations: Sequence[str] | None = None
    incident_options: Sequence[str] | None = None
    case_projects: Sequence[str] | None = None

    def team(self, handle: str) -> Json | None:
        """The team of a handle."""
        return next((team for team in self.teams if attributes(team).get("handle") == handle), None)

    def team_by_id(self, team_id: str) -> Json | None:
        """The team of an id."""
        return _by_id(self.teams, team_id)

    def policy(self, policy_id: str) -> Json | None:
        """The escalation policy of an id."""
        return _by_id(self.policies, policy_id)

    def schedule(self, schedule_id: str) -> Json | None:
        """The schedule of an id."""
        return _by_id(self.schedules, schedule_id)

    def workflow(self, handle: str) -> Json | None:
        """The workflow whose spec has a handle."""
        found = (one for one in self.workflows if (attributes(one).get("spec") or {}).get("handle") == handle)
        return next(found, None)

    def user_name(self, user_id: str) -> str:
        """What to call a user in a report: name, else e-mail address, else id."""
        known = attributes(_by_id(self.users, user_id) or {})
        return str(known.get("name") or known.get("email") or user_id)

    def deactivated(self, user_id: str) -> bool:
        """A deactivated user stays in schedules and gets nothing."""
        return bool(attributes(_by_id(self.users, user_id) or {}).get("disabled"))

    def find(self, target: Target, time: float) -> list[str]:
        """The users whom paging a target reaches at a time (epoch seconds)."""
        users: Iterable[str | None]
        if target.kind == "user":
            users = [target.id]
        elif target.kind == "team":
            users = self.members.get(target.id, ())
        else:
            schedule = self.schedule(target.id)
            at = datetime.fromtimestamp(time, UTC)
            overrides = self.overrides.get(target.id, ())
            users = [who_is_on_call(schedule, at, overrides, target.position)] if schedule else []
        return [user for user in users if user and not self.deactivated(user)]


def _by_id(objects: Sequence[Json], wanted: str) -> Json | None:
    return next((one for one in objects if data(one).get("id") == wanted), None)
