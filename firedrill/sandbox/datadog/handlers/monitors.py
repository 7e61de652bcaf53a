"""Monitors: https://docs.datadoghq.com/api/latest/monitors/ ."""

import copy
import re

from firedrill.checks.thresholds import is_number
from firedrill.sandbox.datadog.account import MONITOR_STATES, MONITORS, SLOS, iso, org_number
from firedrill.sandbox.datadog.handlers.downtimes import matching_downtimes, silenced_scopes
from firedrill.sandbox.datadog.handlers.monitor_validation import check
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

STATUSES = {
    "alert": "Alert",
    "warn": "Warn",
    "no data": "No Data",
    "ok": "OK",
    "ignored": "Ignored",
    "skipped": "Skipped",
    "unknown": "Unknown",
}
GROUP_STATES = {"all", *STATUSES}
OPTIONS = {
    "notify_no_data": False,
    "notify_audit": False,
    "new_host_delay": 300,
    "include_tags": True,
    "silenced": {},
}
"""Options that a response always has."""
ASSET: Body = {
    "category": "runbook",
    "template_variables": {},
    "options": {},
    "resource_key": None,
    "resource_type": None,
}
"""An asset of a response, but for its own members."""
SIMPLE_TYPES = (
    "log alert",
    "ci-pipelines alert",
    "ci-tests alert",
    "rum alert",
    "event-v2 alert",
    "error-tracking alert",
    "llm-observability alert",
)
"""Types over events: a response has ``groupby_simple_monitor``, whether a grouped query alerts as one."""


@serves("v1.create_monitor")
def create(call: Call) -> ApiResponse:
    """Create a monitor."""
    check(call, call.body)
    identifier = call.number("monitors", 150_000_001)
    me = call.me["attributes"]
    body: Body = {
        "id": identifier,
        "org_id": org_number(call.org),
        **monitor_body(call.body),
        "created_at": call.seconds * 1000,
        "created": iso(call.now),
        "modified": iso(call.now),
        "deleted": None,
        "creator": {"name": me["name"], "handle": me["handle"], "email": me["email"], "id": person_number(call.me)},
    }
    call.put(MONITORS, str(identifier), body)
    return ApiResponse(monitor_response(call, body))


def monitor_body(body: Body) -> Body:
    """Return the stored members of a monitor with their defaults."""
    options = {**OPTIONS, **copy.deepcopy(body.get("options") or {})}
    if options.get("thresholds") is not None:
        options["thresholds"] = {k: float(v) if is_number(v) else v for k, v in options["thresholds"].items()}
    if options.get("escalation_message"):
        options["escalation_message"] = options["escalation_message"].strip()
    type_ = monitor_type(body)
    if type_ in SIMPLE_TYPES:
        options.setdefault("groupby_simple_monitor", False)
    return {
        "type": type_,
        "name": body.get("name") or body["query"],
        "message": (body.get("message") or "").strip(),
        "tags": body.get("tags") or [],
        "query": body["query"].strip(),
        "options": options,
        "multi": is_multi(body),
        "priority": body.get("priority") or None,
        "restricted_roles": body.get("restricted_roles"),
        "restriction_policy": body.get("restriction_policy"),
        "draft_status": body.get("draft_status") or "published",
        "assets": [{**ASSET, **asset} for asset in body.get("assets") or []],
    }


def monitor_type(body: Body) -> str:
    """Return the type that a response has.

    A query alert over a formula becomes a metric alert; a metric alert whose window starts at a time of the day or on
    a day of the month becomes a query alert, and one that starts at a minute of the hour stays.
    """
    scheduling = (body.get("options") or {}).get("scheduling_options") or {}
    starts = (scheduling.get("evaluation_window") or {}).keys() & {"day_starts", "month_starts"}
    match body["type"]:
        case "query alert" if body["query"].lstrip().startswith("formula("):
            return "metric alert"
        case "metric alert" if starts:
            return "query alert"
    return str(body["type"])


def family(type_: str) -> str:
    """Return a type, the same for the two names of a metric monitor, which an update may exchange."""
    return "query alert" if type_ == "metric alert" else type_


def is_multi(body: Body) -> bool:
    """Return whether a monitor's query groups, also where ``groupby_simple_monitor`` asks for one alert of all."""
    return bool(re.search(r"\bby\s*\{\s*[^}\s]|\.by\(\s*[^)\s]", body["query"]))


def monitor_response(call: Call, body: Body, groups: set[str] | None = None) -> Body:
    """Return a monitor with its state from the evaluator."""
    state = call.get(MONITOR_STATES, str(body["id"])) or {}
    monitor = copy.deepcopy(body)
    monitor["options"]["silenced"] = silenced_scopes(call, body)
    monitor["assets"] = [{"monitor_id": body["id"], **asset} for asset in body.get("assets") or ()]
    monitor["overall_state"] = state.get("overall_state", "No Data")
    monitor["overall_state_modified"] = state.get("overall_state_modified")
    if groups is not None:
        shown = {
            name: group
            for name, group in state.get("groups", {}).items()
            if "all" in groups or group["status"].lower() in groups
        }
        monitor["state"] = {"groups": shown}
    return monitor


def person_number(user: Body) -> int:
    """Return the number that API v1 has for a user."""
    return int(user["id"].replace("-", "")[:7], 16)


def find(call: Call) -> Body:
    """Return the monitor of the path. Raises :class:`ApiError` 404, 400."""
    identifier = call.path["monitor_id"]
    if not identifier.isdecimal():
        raise ApiError(400, "Invalid monitor id")
    monitor = call.get(MONITORS, identifier)
    if monitor is None:
        raise ApiError(404, "Monitor not found")
    return monitor


def requested_group_states(call: Call) -> set[str] | None:
    """Return the states that ``group_states`` asks for. Raises :class:`ApiError` 400."""
    text = call.query.get("group_states")
    if text is None:
        return None
    states = {part.strip().lower() for part in text.split(",")}
    if not states <= GROUP_STATES:
        raise ApiError(400, "Invalid group_state filters.")
    return states


@serves("v1.get_monitor")
def get(call: Call) -> ApiResponse:
    """Return one monitor, with ``group_states`` and ``with_downtimes``."""
    monitor = monitor_response(call, find(call), requested_group_states(call))
    if call.flag("with_downtimes"):
        monitor["matching_downtimes"] = matching_downtimes(call, monitor)
    return ApiResponse(monitor)


@serves("v1.list_monitors")
def list_monitors(call: Call) -> ApiResponse:
    """Return all monitors, filtered by ``name``, ``tags`` and ``monitor_tags``, paged."""
    groups = requested_group_states(call)
    name = call.query.get("name", "").lower()
    monitor_tags = {tag for tag in call.query.get("monitor_tags", "").split(",") if tag}
    scope = {tag for tag in call.query.get("tags", "").split(",") if tag}
    bodies = [
        body
        for body in call.list(MONITORS)
        if name in body["name"].lower()
        and monitor_tags <= set(body["tags"])
        and all(tag in body["query"] for tag in scope)
    ]
    size = call.integer("page_size", 1000, 1, 1000)
    if call.query.get("page") is not None or call.query.get("page_size") is not None:
        start = call.integer("page", 0, 0, 10**6) * size
        bodies = bodies[start : start + size]
    return ApiResponse([monitor_response(call, body, groups) for body in bodies])


@serves("v1.update_monitor")
def update(call: Call) -> ApiResponse:
    """Change members of a monitor; its type stays."""
    old = find(call)
    merged = {key: old[key] for key in ("type", "name", "message", "tags", "query", "options", "priority")}
    merged |= {
        key: old[key] for key in ("restricted_roles", "restriction_policy", "draft_status", "assets") if key in old
    }
    merged |= call.body
    if family(monitor_body(merged)["type"]) != family(old["type"]):
        raise ApiError(400, f"Monitor type cannot be changed from {old['type']} to {call.body['type']}")
    check(call, merged)
    body = {**old, **monitor_body(merged), "modified": iso(call.now)}
    call.put(MONITORS, str(body["id"]), body)
    return ApiResponse(monitor_response(call, body))


@serves("v1.delete_monitor")
def delete(call: Call) -> ApiResponse:
    """Delete a monitor; one that an SLO or a composite uses needs ``force``."""
    monitor = find(call)
    identifier = monitor["id"]
    used = deletion_blockers(call, identifier)
    if used and not call.flag("force"):
        raise ApiError(400, used[0])
    call.delete(MONITORS, str(identifier))
    call.delete(MONITOR_STATES, str(identifier))
    return ApiResponse({"deleted_monitor_id": identifier})


def deletion_blockers(call: Call, identifier: int) -> list[str]:
    """Return the reasons why a monitor cannot be deleted."""
    composites = [
        body["id"]
        for body in call.list(MONITORS)
        if body["type"] == "composite" and str(identifier) in re.findall(r"\d+", body["query"])
    ]
    slos = [slo["id"] for slo in call.list(SLOS) if identifier in (slo.get("monitor_ids") or [])]
    return [
        *(f"monitor [{identifier},] is referenced in composite monitors: [{composite}]" for composite in composites),
        *(f"monitor [{identifier}] is referenced in SLOs: [{slo}]" for slo in slos),
    ]


@serves("v1.validate_monitor")
def validate(call: Call) -> ApiResponse:
    """Validate the definition of a new monitor."""
    check(call, call.body)
    return ApiResponse({})


@serves("v1.validate_existing_monitor")
def validate_existing(call: Call) -> ApiResponse:
    """Validate a changed definition of a monitor."""
    find(call)
    check(call, call.body)
    return ApiResponse({})
