"""Directory of an account for notifications: teams, routing rules, policies, schedules, users, workflows.

All objects are the API's JSON, with or without its ``data`` envelope; documents with ``included`` keep it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from firedrill.notify.oncall.escalation import EscalationTarget
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.schedule import Override, on_call_user

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Directory:
    """Objects that notifications can reach: ``members`` and ``routing_rules`` by team id, ``overrides`` by schedule id.

    ``incident_options`` are the names behind ``@incident-<option>``, which no API lists, and ``case_projects`` those
    behind ``@case-<project>``. Where one of these lists is None it is not known, and every name resolves.
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
        """Return the team of a handle."""
        return next((team for team in self.teams if attributes(team).get("handle") == handle), None)

    def team_by_id(self, team_id: str) -> Json | None:
        """Return the team of an id."""
        return _by_id(self.teams, team_id)

    def policy(self, policy_id: str) -> Json | None:
        """Return the escalation policy of an id."""
        return _by_id(self.policies, policy_id)

    def schedule(self, schedule_id: str) -> Json | None:
        """Return the schedule of an id."""
        return _by_id(self.schedules, schedule_id)

    def workflow(self, handle: str) -> Json | None:
        """Return the workflow whose spec has a handle."""
        workflows = (
            workflow for workflow in self.workflows if (attributes(workflow).get("spec") or {}).get("handle") == handle
        )
        return next(workflows, None)

    def user_name(self, user_id: str) -> str:
        """Return a user's name for reports: name, else e-mail address, else id."""
        user = attributes(_by_id(self.users, user_id) or {})
        return str(user.get("name") or user.get("email") or user_id)

    def is_deactivated(self, user_id: str) -> bool:
        """Return whether a user is deactivated: such users stay in schedules and are not paged."""
        return bool(attributes(_by_id(self.users, user_id) or {}).get("disabled"))

    def users_reached(self, target: EscalationTarget, time: float) -> list[str]:
        """Return the users whom paging a target reaches at a time (epoch seconds)."""
        users: Iterable[str | None]
        if target.kind == "user":
            users = [target.id]
        elif target.kind == "team":
            users = self.members.get(target.id, ())
        else:
            schedule = self.schedule(target.id)
            at = datetime.fromtimestamp(time, UTC)
            overrides = self.overrides.get(target.id, ())
            users = [on_call_user(schedule, at, overrides, target.position)] if schedule else []
        return [user for user in users if user and not self.is_deactivated(user)]


def _by_id(objects: Sequence[Json], object_id: str) -> Json | None:
    return next((item for item in objects if data(item).get("id") == object_id), None)
