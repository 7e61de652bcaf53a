"""Runs the computed cases whose ``kind`` belongs to messages and On-Call: each function takes a case's ``given``."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from firedrill.notify.oncall import Alert, Override, Policy, Step, Target, escalate, route, who_is_on_call
from firedrill.notify.render import render
from firedrill.notify.rules import recipients
from firedrill.notify.transition import Change, triggered_times

Case = dict[str, Any]
ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def change(text: str, **known: Any) -> Change:
    """``OLD->NEW`` or ``renotify STATE``."""
    if text.startswith("renotify "):
        state = text.removeprefix("renotify ").strip()
        return Change(state, state, kind="renotify", **known)
    old, _, new = (part.strip() for part in text.partition("->"))
    return Change(old, new, **known)


def template(given: Case) -> Case:
    """One message at one transition."""
    event = next((given[key] for key in ("log", "span", "rum", "event", "citest") if key in given), None)
    variables = dict(given.get("vars") or {})
    priority = int(str(given["priority"]).upper().removeprefix("P")) if given.get("priority") else None
    monitor = {"message": given["message"], "priority": priority, "options": given.get("options") or {}}
    made = change(given["transition"], group=given.get("group") or {}, event=event)
    rendered = render(monitor, made, variables)
    handles = rendered.handles
    return {
        "text": rendered.text,
        "handles": [str(handle) for handle in handles],
        "workflows": [
            {"name": handle.name, "params": dict(handle.parameters)} for handle in handles if handle.kind == "workflow"
        ],
        "incidents": [handle.name for handle in handles if handle.kind == "incident"],
    }


def triggered_vars(given: Case) -> Case:
    """Times in minutes, the duration in seconds."""
    rows = triggered_times([(60 * minute, text) for minute, text in given["transitions"]])
    minutes = [[*(None if time is None else time / 60 for time in row[:3]), row[3]] for row in rows]
    return {"rows": minutes}


def page_resolve(given: Case) -> Case:
    """A page that the alert opened, at the recovery."""
    recovery = render({"message": given["message"]}, Change("ALERT", "OK"))
    mentions = any(handle.kind == "oncall" for handle in recovery.handles)
    return {"page": "resolved" if given["monitor_recovers"] and mentions else "stays open"}


def schedule(given: Case) -> Case:
    """Layers, restrictions and overrides in minutes from :data:`ORIGIN`."""
    layers = [_layer(one, given["time_zone"]) for one in given["layers"]]
    document = {"attributes": {"name": "schedule", "time_zone": given["time_zone"], "layers": layers}}
    overrides = [Override(one["user"], _at(one["from"]), _at(one["to"])) for one in given.get("overrides") or ()]
    return {"on_call": [who_is_on_call(document, _at(minute), overrides) for minute in given["at"]]}


def _at(minute: float) -> datetime:
    return ORIGIN + timedelta(minutes=minute)


def _layer(one: Case, time_zone: str) -> Case:
    end = next((one[key] for key in ("end", "end_date", "ends") if one.get(key) is not None), None)
    return {
        "name": one["name"],
        "effective_date": _at(one["effective"]),
        "end_date": None if end is None else _at(end),
        "rotation_start": _at(one["rotation_start"]),
        "interval": {"seconds": 60 * one["interval_minutes"]},
        "time_zone": one.get("time_zone") or time_zone,
        "members": [{"user": {"id": user}} for user in one["users"]],
        "restrictions": _windows(one.get("restrictions") or []),
    }


def _policy(given: Case) -> tuple[Policy, dict[str, list[str]]]:
    """The policy, and the users that each of its targets stands for (a case names them in place)."""
    users: dict[str, list[str]] = {}
    steps = []
    for step in given["steps"]:
        targets = []
        for target in step["targets"]:
            kind, named = next(iter(target.items()))
            users[str(len(users))] = [user for user in (named if isinstance(named, list) else [named]) if user]
            targets.append(Target(kind, str(len(users) - 1)))
        round_robin = step.get("assignment") == "round-robin"
        steps.append(Step(tuple(targets), step["escalate_after_minutes"], round_robin))
    return Policy(
        "policy", tuple(steps), given.get("retries", 0), given.get("resolve_page_on_policy_end", False)
    ), users


def escalation(given: Case) -> Case:
    """One page, in minutes."""
    policy, users = _policy(given["policy"])
    ran = escalate(policy, given["triggered_at"], lambda target, _: users[target.id], given.get("ack_at"))
    return {"notified": [[step.time, list(step.who)] for step in ran.steps], "status": ran.status}


def round_robin(given: Case) -> Case:
    """Several pages, none acknowledged: who is first, and who after the first timeout."""
    policy, users = _policy(given["policy"])
    pages = [
        escalate(policy, 0, lambda target, _: users[target.id], page_number=number).steps
        for number in range(given["pages"])
    ]
    return {
        "first_target": [steps[0].who[0] for steps in pages],
        "after_timeout": [steps[1].who[0] if len(steps) > 1 else None for steps in pages],
    }


def routing(given: Case) -> Case:
    """Rules against one alert, at a minute from :data:`ORIGIN` where time counts."""
    known = given["alert"]
    alert = Alert(known.get("tags") or {}, known.get("groups") or {}, known.get("priority"), known["alert_status"])
    rules = [_rule(rule) for rule in given["rules"]]
    found = route({"attributes": {"rules": rules}}, alert, _at(given.get("at") or 0))
    return {"policy": found.policy_id if found else None, "urgency": found.urgency if found else None}


def _rule(rule: Case) -> Case:
    restriction = rule.get("time_restriction") or rule.get("time_restrictions")
    if restriction:
        restriction = {**restriction, "restrictions": _windows(restriction["restrictions"])}
    return {**rule, "policy_id": rule.get("policy"), "time_restriction": restriction}


def _windows(restrictions: list[Case]) -> list[Case]:
    return [
        {
            **window,
            "start_time": window.get("start") or window["start_time"],
            "end_time": window.get("end") or window["end_time"],
        }
        for window in restrictions
    ]


def notification_rules(given: Case) -> Case:
    """Recipients of all rules and of the message, sorted."""
    rules = [
        {"filter": {"tags": rule.get("tags"), "scope": rule.get("scope")}, "recipients": rule["to"]}
        for rule in given["rules"]
    ]
    group = {key: value for key, _, value in (tag.partition(":") for tag in given.get("group_tags") or ())}
    added = recipients(rules, {"tags": given["monitor_tags"]}, Change("OK", "ALERT", group=group))
    return {"recipients": sorted({*added, *given.get("message_handles", ())})}


KINDS: dict[str, Callable[[Case], Case]] = {
    "template": template,
    "triggered_vars": triggered_vars,
    "page_resolve": page_resolve,
    "schedule": schedule,
    "escalation": escalation,
    "round_robin": round_robin,
    "routing": routing,
    "notification_rules": notification_rules,
}
