"""On-Call: pages go to the team or person behind a schedule, since the API pages teams and users, not schedules."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from service.context import Context
from service.products.client import Json, NotFound
from service.products.endpoint import MANAGED_BY, Answer, Asked, Endpoint

PRIMARY = "Primary LLM On-Call"
MOST_TEAMS = 100
"""In a page of https://docs.datadoghq.com/api/latest/teams/#get-all-teams."""
URGENCY = {"critical": "high", "high": "high", "medium": "low", "low": "low", "info": "low"}
Severity = Literal["critical", "high", "medium", "low", "info"]


class Page(Asked):
    """Whom to page, and why."""

    schedule_name: str = Field(
        default=PRIMARY, min_length=1, max_length=200, description="the name, or its unique beginning"
    )
    message: str = Field(default="A person is asked for through the API", min_length=1, max_length=5000)
    severity: Severity = "high"


class CriticalError(Asked):
    """An error that a person must see now."""

    error_message: str = Field(default="A critical error was reported", min_length=1, max_length=5000)
    error_type: str = Field(default="CriticalError", min_length=1, max_length=200)
    schedule_name: str = Field(default=PRIMARY, min_length=1, max_length=200)


class Current(Asked):
    """Which schedule."""

    schedule: str = Field(min_length=1, max_length=200)


@dataclass(frozen=True)
class Schedule:
    """A schedule, and the team whose routing rules lead to it."""

    id: str
    name: str
    team: str


def page(context: Context, asked: Page) -> Answer:
    """``POST /datadog/oncall/page``."""
    schedule = find(context, asked.schedule_name)
    made = context.outbox.write(
        context,
        "page",
        {
            "title": asked.message.splitlines()[0][:200],
            "description": f"{asked.message}\n\nAsked for through {context.settings.service}'s API.",
            "urgency": URGENCY[asked.severity],
            "tags": [MANAGED_BY, f"service:{context.settings.service}", f"severity:{asked.severity}"],
            "target": {"identifier": schedule.team, "type": "team_handle"},
        },
    )
    return {**made, "schedule": schedule.name, "team": schedule.team, "urgency": URGENCY[asked.severity]}


def critical_error(context: Context, asked: CriticalError) -> Answer:
    """``POST /datadog/oncall/critical-error``."""
    message = f"{asked.error_type}: {asked.error_message}"[:5000]
    return page(context, Page(schedule_name=asked.schedule_name, message=message, severity="critical"))


def current(context: Context, asked: Current) -> Answer:
    """``GET /datadog/oncall/current/{schedule}``."""
    schedule = find(context, asked.schedule)
    answer = context.datadog.call("v2.OnCallApi.get_schedule_on_call_user", schedule.id, include="user")
    users = [one for one in answer.get("included") or () if one["type"] == "users"]
    wanted = (((answer.get("data") or {}).get("relationships") or {}).get("user") or {}).get("data") or {}
    person = next((one for one in users if one["id"] == wanted.get("id")), None)
    attributes = (person or {}).get("attributes") or {}
    return {
        "schedule": schedule.name,
        "schedule_id": schedule.id,
        "on_call": {"id": wanted.get("id"), "name": attributes.get("name"), "email": attributes.get("email")},
        "until": ((answer.get("data") or {}).get("attributes") or {}).get("end"),
    }


def find(context: Context, wanted: str) -> Schedule:
    """By exact name, else unique beginning. Raises :class:`NotFound` with the names that there are."""
    known = list(_schedules(context))
    exact = [one for one in known if one.name == wanted]
    found = exact or [one for one in known if one.name.lower().startswith(wanted.lower())]
    if len({one.id for one in found}) != 1:
        names = ", ".join(sorted({one.name for one in known})) or "none"
        raise NotFound(f"{'no' if not found else 'more than one'} schedule has this name; there are: {names}")
    return found[0]


def _schedules(context: Context) -> Iterator[Schedule]:
    """All that a team's routing rules lead to: the API does not list schedules."""
    call = context.datadog.call
    known: set[str] = set()
    for team in _teams(context):
        try:
            rules = call("v2.OnCallApi.get_on_call_team_routing_rules", team["id"], include="rules.policy")
        except NotFound:
            continue
        for policy_id in _references(rules, "policy"):
            policy = call("v2.OnCallApi.get_on_call_escalation_policy", policy_id, include="steps.targets")
            for schedule_id in _references(policy, "targets", "schedules"):
                if schedule_id not in known:
                    known.add(schedule_id)
                    schedule = call("v2.OnCallApi.get_on_call_schedule", schedule_id)
                    name, handle = schedule["data"]["attributes"]["name"], team["attributes"]["handle"]
                    yield Schedule(schedule_id, name, handle)


def _teams(context: Context) -> Iterator[Json]:
    """The organisation's teams, a page at a time."""
    for page_number in itertools.count():
        teams = context.datadog.call("v2.TeamsApi.list_teams", page_size=MOST_TEAMS, page_number=page_number)["data"]
        yield from teams
        if len(teams) < MOST_TEAMS:
            return


def _references(answer: Json, relation: str, kind: str | None = None) -> list[str]:
    """The ids that included objects (rules, steps) have at a relation."""
    ids: dict[str, None] = {}
    for one in answer.get("included") or ():
        data: Any = ((one.get("relationships") or {}).get(relation) or {}).get("data") or []
        for reference in data if isinstance(data, list) else [data]:
            if kind is None or str(reference["type"]).startswith(kind):
                ids[str(reference["id"])] = None
    return list(ids)


ENDPOINTS = (
    Endpoint(
        "POST", "/oncall/page", "Page whoever is on call", "OnCallPagingApi.create_on_call_page (v2)", Page, page,
        creates=True, lasting=True,
    ),
    Endpoint(
        "POST", "/oncall/critical-error", "Page for a critical error", "OnCallPagingApi.create_on_call_page (v2)",
        CriticalError, critical_error, creates=True, lasting=True,
    ),
    Endpoint(
        "GET", "/oncall/current/{schedule}", "Who is on call now", "OnCallApi.get_schedule_on_call_user (v2)",
        Current, current,
    ),
)  # fmt: skip
