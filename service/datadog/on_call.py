"""On-Call: a page goes to the team behind a schedule, since the API pages teams and users, not schedules."""

from typing import Literal

from pydantic import Field

from service.context import Context
from service.datadog.client import Unreachable
from service.datadog.endpoint import MANAGED_BY, Endpoint, Json, Parameters
from service.datadog.outbox import Outbox
from service.datadog.schedules import Schedule
from service.problems import Problem

PRIMARY = "Primary LLM On-Call"
URGENCY = {"critical": "high", "high": "high", "medium": "low", "low": "low", "info": "low"}
Severity = Literal["critical", "high", "medium", "low", "info"]


class Page(Parameters):
    """A page to whoever is on call."""

    schedule_name: str = Field(
        default=PRIMARY, min_length=1, max_length=200, description="the name, or its unique beginning"
    )
    message: str = Field(default="A person was requested through the API", min_length=1, max_length=5000)
    severity: Severity = "high"


class CriticalError(Parameters):
    """An error that a person must see now."""

    error_message: str = Field(default="A critical error was reported", min_length=1, max_length=5000)
    error_type: str = Field(default="CriticalError", min_length=1, max_length=200)
    schedule_name: str = Field(default=PRIMARY, min_length=1, max_length=200)


class OnCallQuery(Parameters):
    """A schedule, by name."""

    schedule: str = Field(min_length=1, max_length=200)


def page_on_call(context: Context, page: Page) -> Json:
    """Page the team behind a schedule: ``POST /datadog/oncall/page``."""
    try:
        schedule = context.outbox.schedules.find(page.schedule_name)
    except Unreachable:
        # The page is accepted all the same: the outbox looks for the schedule before it sends.
        name, team = page.schedule_name, None
        target: Json = {"schedule": page.schedule_name}
    else:
        name, team = schedule.name, schedule.team
        target = {"target": team_target(schedule)}
    write = context.outbox.write(
        "page",
        {
            "title": next((line for line in page.message.splitlines() if line.strip()), page.message),
            "description": f"{page.message}\n\nRequested through {context.settings.service}'s API.",
            "urgency": URGENCY[page.severity],
            "tags": [MANAGED_BY, f"service:{context.settings.service}", f"severity:{page.severity}"],
            **target,
        },
        later=team is None,
    )
    return {**write, "schedule": name, "team": team, "urgency": URGENCY[page.severity]}


def team_target(schedule: Schedule) -> Json:
    """Return the target of a page: the team, since the API pages teams and users, not schedules."""
    return {"identifier": schedule.team, "type": "team_handle"}


def complete_page(outbox: Outbox, body: Json) -> Json:
    """Return the body of a page with its target. Raises :class:`Problem`."""
    if "schedule" not in body:
        return body
    target = team_target(outbox.schedules.find(body["schedule"], retry_seconds=0))
    return {key: value for key, value in body.items() if key != "schedule"} | {"target": target}


def page_critical_error(context: Context, error: CriticalError) -> Json:
    """Page for an error: ``POST /datadog/oncall/critical-error``."""
    message = f"{error.error_type}: {error.error_message}"[:5000]
    return page_on_call(context, Page(schedule_name=error.schedule_name, message=message, severity="critical"))


def show_on_call(context: Context, query: OnCallQuery) -> Json:
    """Return who is on call now and until when, and who is next: ``GET /datadog/oncall/current/{schedule}``."""
    schedule = context.outbox.schedules.find(query.schedule)
    now = _shift(context, schedule)
    following = _next_shift(context, schedule, now)
    return {"schedule": schedule.name, "schedule_id": schedule.id, **now, **({"next": following} if following else {})}


def _next_shift(context: Context, schedule: Schedule, now: Json) -> Json | None:
    """Return who is on call after the current shift; None where nobody is, or where that cannot be read."""
    if not now["until"]:
        return None
    try:
        following = _shift(context, schedule, filter_at_ts=now["until"])
    except Problem:
        return None
    is_later = following["on_call"]["id"] and following["until"] != now["until"]
    return {"from": now["until"], **following} if is_later else None


def _shift(context: Context, schedule: Schedule, **when: str) -> Json:
    """Return who is on call, and until when: now by default."""
    answer = context.datadog.call("v2.OnCallApi.get_schedule_on_call_user", schedule.id, include="user", **when)
    shift = answer.get("data") or {}
    reference = ((shift.get("relationships") or {}).get("user") or {}).get("data") or {}
    users = {user["id"]: user for user in answer.get("included") or () if user["type"] == "users"}
    attributes = users.get(reference.get("id"), {}).get("attributes") or {}
    return {
        "on_call": {"id": reference.get("id"), "name": attributes.get("name"), "email": attributes.get("email")},
        "until": (shift.get("attributes") or {}).get("end"),
    }


ENDPOINTS = (
    Endpoint(
        "POST", "/oncall/page", "Page the team behind a schedule", "OnCallPagingApi.create_on_call_page (v2)", Page,
        page_on_call, creates=True, lasting=True,
    ),
    Endpoint(
        "POST", "/oncall/critical-error", "Page for a critical error", "OnCallPagingApi.create_on_call_page (v2)",
        CriticalError, page_critical_error, creates=True, lasting=True,
    ),
    Endpoint(
        "GET", "/oncall/current/{schedule}", "Show who is on call now", "OnCallApi.get_schedule_on_call_user (v2)",
        OnCallQuery, show_on_call,
    ),
)  # fmt: skip
