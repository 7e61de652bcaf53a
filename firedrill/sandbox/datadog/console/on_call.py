"""``GET /-/console/on-call``: who is on call now and next by schedule, the policies' steps, and the pages."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.notify.oncall import Shift, shift_at
from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, PAGES, SCHEDULES, USERS, Directory, utc_now

Json = dict[str, Any]


def routes(directory: Directory, org: str) -> list[BaseRoute]:
    """Return the route."""

    async def on_call(request: Request) -> Response:
        del request
        return JSONResponse(await run_in_threadpool(_report, directory, org))

    return [Route("/-/console/on-call", on_call)]


def _report(directory: Directory, org: str) -> Json:
    names = {user["id"]: user["attributes"].get("name") for user in directory.objects(org, USERS)}
    schedules = directory.objects(org, SCHEDULES)
    schedule_names = {schedule["data"]["id"]: schedule["data"]["attributes"]["name"] for schedule in schedules}
    return {
        "schedules": [_schedule(schedule, names) for schedule in schedules],
        "policies": [_policy(policy, names | schedule_names) for policy in directory.objects(org, ESCALATION_POLICIES)],
        "pages": directory.objects(org, PAGES)[::-1],
    }


def _schedule(schedule: Json, names: Json) -> Json:
    attributes, now = schedule["data"]["attributes"], utc_now()
    current, following = shift_at(schedule, now), shift_at(schedule, now, position="next")
    return {
        "name": attributes["name"],
        "time_zone": attributes["time_zone"],
        "now": _shift(current, names),
        "next": _shift(following, names),
    }


def _shift(shift: Shift | None, names: Json) -> Json | None:
    if shift is None:
        return None
    user = names.get(shift.user_id, shift.user_id)
    return {"user": user, "start": shift.start.timestamp(), "end": shift.end.timestamp()}


def _policy(policy: Json, names: Json) -> Json:
    included = {entry["id"]: entry for entry in policy["included"]}
    steps = [included[reference["id"]] for reference in policy["data"]["relationships"]["steps"]["data"]]
    return {
        "name": policy["data"]["attributes"]["name"],
        "retries": policy["data"]["attributes"].get("retries"),
        "steps": [
            {
                "after": step["attributes"]["escalate_after_seconds"],
                "targets": [_target(target, included, names) for target in step["relationships"]["targets"]["data"]],
            }
            for step in steps
        ],
    }


def _target(target: Json, included: dict[str, Json], names: Json) -> str:
    """Return the name of a user, a schedule or a team that a step pages."""
    identifier, position = target["id"], ""
    if target["type"] == "schedule_target":
        entry = included[identifier]
        identifier = entry["relationships"]["schedule"]["data"]["id"]
        position = f" ({entry['attributes']['position']})"
    return f"{names.get(identifier) or target['type']}{position}"
