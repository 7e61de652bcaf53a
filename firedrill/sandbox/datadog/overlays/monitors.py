"""Monitors: https://docs.datadoghq.com/api/latest/monitors/ ."""

import copy
import re

from firedrill.sandbox.datadog.account import MONITOR_STATES, MONITORS, SLOS, iso, org_number
from firedrill.sandbox.datadog.overlays.monitor_checks import check
from firedrill.sandbox.datadog.overlays.monitor_downtimes import matching, silenced
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
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
"""Options that an answer always has."""
SIMPLE_TYPES = (
    "log alert",
    "ci-pipelines alert",
    "ci-tests alert",
    "rum alert",
    "event-v2 alert",
    "error-tracking alert",
    "llm-observability alert",
)
"""Types over events: an answer says whether a grouped query alerts as one (``groupby_simple_monitor``)."""


@serves("v1.create_monitor")
def create(call: Call) -> Answer:
    """Create a monitor."""
    check(call, call.body)
    identifier = call.number("monitors", 150_000_001)
    me = call.me["attributes"]
    body: Body = {
        "id": identifier,
        "org_id": org_number(call.org),
        **definition(call.body),
        "created_at": call.seconds * 1000,
        "created": iso(call.now),
        "modified": iso(call.now),
        "deleted": None,
        "creator": {"name": me["name"], "handle": me["handle"], "email": me["email"], "id": person_number(call.me)},
    }
    call.put(MONITORS, str(identifier), body)
    return Answer(answer(call, body))


def definition(sent: Body) -> Body:
    """What a monitor keeps of a body, with the defaults."""
    options = {**OPTIONS, **copy.deepcopy(sent.get("options") or {})}
    if "thresholds" in options:
        options["thresholds"] = {k: float(v) if v is not None else None for k, v in options["thresholds"].items()}
    type_ = "metric alert" if sent["type"] == "query alert" else sent["type"]
    if type_ in SIMPLE_TYPES:
        options.setdefault("groupby_simple_monitor", False)
    return {
        "type": type_,
        "name": sent.get("name") or sent["query"],
        "message": sent.get("message") or "",
        "tags": sent.get("tags") or [],
        "query": sent["query"].strip(),
        "options": options,
        "multi": multi(sent),
        "priority": sent.get("priority"),
        "restricted_roles": sent.get("restricted_roles"),
        "restriction_policy": sent.get("restriction_policy"),
        "draft_status": sent.get("draft_status") or "published",
        "assets": [{"category": "runbook", "resource_type": None, **asset} for asset in sent.get("assets") or []],
    }


def multi(sent: Body) -> bool:
    """Whether a monitor alerts by group: its query groups, and the options do not ask for one alert of all."""
    if (sent.get("options") or {}).get("groupby_simple_monitor"):
        return False
    return bool(re.search(r"\bby\s*\{\s*[^}\s]|\.by\(\s*[^)\s]", sent["query"]))


def answer(call: Call, body: Body, groups: set[str] | None = None) -> Body:
    """A monitor with its state, as the evaluator left it."""
    state = call.get(MONITOR_STATES, str(body["id"])) or {}
    found = copy.deepcopy(body)
    found["options"]["silenced"] = silenced(call, body)
    found["overall_state"] = state.get("overall_state", "No Data")
    found["overall_state_modified"] = state.get("overall_state_modified")
    if groups is not None:
        shown = {
            name: group
            for name, group in state.get("groups", {}).items()
            if "all" in groups or group["status"].lower() in groups
        }
        found["state"] = {"groups": shown}
    return found


def person_number(user: Body) -> int:
    """The number that API v1 has for a user."""
    return int(user["id"].replace("-", "")[:7], 16)


def find(call: Call) -> Body:
    """The monitor of the path. Raises :class:`ApiError` 404, 400."""
    identifier = call.path["monitor_id"]
    if not identifier.isdecimal():
        raise ApiError(400, "Invalid monitor id")
    found = call.get(MONITORS, identifier)
    if found is None:
        raise ApiError(404, "Monitor not found")
    return found


def asked_groups(call: Call) -> set[str] | None:
    """The states that ``group_states`` asks for. Raises :class:`ApiError` 400."""
    text = call.query.get("group_states")
    if text is None:
        return None
    states = {part.strip().lower() for part in text.split(",")}
    if not states <= GROUP_STATES:
        raise ApiError(400, "Invalid group_state filters.")
    return states


@serves("v1.get_monitor")
def get(call: Call) -> Answer:
    """One monitor, with ``group_states`` and ``with_downtimes``."""
    found = answer(call, find(call), asked_groups(call))
    if call.flag("with_downtimes"):
        found["matching_downtimes"] = matching(call, found)
    return Answer(found)


@serves("v1.list_monitors")
def list_monitors(call: Call) -> Answer:
    """All monitors, filtered by ``name``, ``tags`` and ``monitor_tags``, paged."""
    groups = asked_groups(call)
    name = call.query.get("name", "").lower()
    wanted = {tag for key in ("monitor_tags",) for tag in call.query.get(key, "").split(",") if tag}
    scope = {tag for tag in call.query.get("tags", "").split(",") if tag}
    bodies = [
        body
        for body in call.list(MONITORS)
        if name in body["name"].lower() and wanted <= set(body["tags"]) and all(tag in body["query"] for tag in scope)
    ]
    size = call.integer("page_size", 1000, 1, 1000)
    if call.query.get("page") is not None or call.query.get("page_size") is not None:
        start = call.integer("page", 0, 0, 10**6) * size
        bodies = bodies[start : start + size]
    return Answer([answer(call, body, groups) for body in bodies])


@serves("v1.update_monitor", checked=True)
def update(call: Call) -> Answer:
    """Change members of a monitor; its type stays."""
    old = find(call)
    sent = {key: old[key] for key in ("type", "name", "message", "tags", "query", "options", "priority")}
    sent |= {
        key: old[key] for key in ("restricted_roles", "restriction_policy", "draft_status", "assets") if key in old
    }
    sent |= call.body
    if definition(sent)["type"] != old["type"]:
        raise ApiError(400, f"Monitor type cannot be changed from {old['type']} to {call.body['type']}")
    check(call, sent)
    body = {**old, **definition(sent), "modified": iso(call.now)}
    call.put(MONITORS, str(body["id"]), body)
    return Answer(answer(call, body))


@serves("v1.delete_monitor")
def delete(call: Call) -> Answer:
    """Delete, unless an SLO or a composite uses it and ``force`` is not set."""
    found = find(call)
    identifier = found["id"]
    used = users_of(call, identifier)
    if used and not call.flag("force"):
        raise ApiError(400, used[0])
    call.delete(MONITORS, str(identifier))
    call.delete(MONITOR_STATES, str(identifier))
    return Answer({"deleted_monitor_id": identifier})


def users_of(call: Call, identifier: int) -> list[str]:
    """Why a monitor cannot be deleted."""
    composites = [
        body["id"]
        for body in call.list(MONITORS)
        if body["type"] == "composite" and str(identifier) in re.findall(r"\d+", body["query"])
    ]
    slos = [slo["id"] for slo in call.list(SLOS) if identifier in (slo.get("monitor_ids") or [])]
    return [
        *(f"monitor [{identifier},] is referenced in composite monitors: [{one}]" for one in composites),
        *(f"monitor [{identifier}] is referenced in SLOs: [{one}]" for one in slos),
    ]


@serves("v1.check_can_delete_monitor")
def can_delete(call: Call) -> Answer:
    """Which of ``monitor_ids`` nothing else uses; 409 when one is used."""
    texts = [part.strip() for part in call.query.get("monitor_ids", "").split(",")]
    if not all(text.isdecimal() for text in texts):
        raise ApiError(400, "Invalid monitor_ids")
    unknown = [text for text in texts if call.get(MONITORS, text) is None]
    if unknown:
        raise ApiError(404, "Monitor not found")
    reasons = {text: users_of(call, int(text)) for text in texts}
    used = {text: reason for text, reason in reasons.items() if reason}
    free = [int(text) for text in texts if text not in used]
    return Answer({"data": {"ok": free}, "errors": used or None}, 409 if used else 200)


@serves("v1.validate_monitor")
def validate(call: Call) -> Answer:
    """Check a definition."""
    check(call, call.body)
    return Answer({})


@serves("v1.validate_existing_monitor")
def validate_existing(call: Call) -> Answer:
    """Check a new definition of a monitor."""
    find(call)
    check(call, call.body)
    return Answer({})
