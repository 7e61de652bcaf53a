"""Kinds of messages and On-Call."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from firedrill.notify.notification_rules import recipients
from firedrill.notify.oncall import (
    Alert,
    EscalationStep,
    EscalationTarget,
    Override,
    Policy,
    escalate,
    on_call_user,
    route,
)
from firedrill.notify.render import render
from firedrill.notify.transition import SampleTransition

Case = dict[str, Any]
ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def transition_from(text: str, **fields: Any) -> SampleTransition:
    """Return the transition of ``OLD->NEW`` or ``renotify STATE``."""
    if text.startswith("renotify "):
        state = text.removeprefix("renotify ").strip()
        return SampleTransition(state, state, kind="renotify", **fields)
    old, _, new = (part.strip() for part in text.partition("->"))
    return SampleTransition(old, new, **fields)


def template(inputs: Case) -> Case:
    """Render a message at a transition."""
    event = next((inputs[key] for key in ("log", "span", "rum", "event", "citest") if key in inputs), None)
    variables = dict(inputs.get("vars") or {})
    priority = int(str(inputs["priority"]).upper().removeprefix("P")) if inputs.get("priority") else None
    monitor = {"message": inputs["message"], "priority": priority, "options": inputs.get("options") or {}}
    transition = transition_from(inputs["transition"], group=inputs.get("group") or {}, event=event)
    rendered = render(monitor, transition, variables)
    handles = rendered.handles
    return {
        "text": rendered.text,
        "handles": [str(handle) for handle in handles],
        "workflows": [
            {"name": handle.name, "params": dict(handle.parameters)} for handle in handles if handle.kind == "workflow"
        ],
        "incidents": [handle.name for handle in handles if handle.kind == "incident"],
    }


def triggered_vars(inputs: Case) -> Case:
    """Return minute, first and last triggered (minutes) and seconds triggered at each transition.

    First is when the group leaves OK, last each entry to a state that is not OK; a recovery still has both.
    """
    rows = []
    first = last = None
    for minute, text in inputs["transitions"]:
        old, _, new = (part.strip() for part in text.partition("->"))
        if new != "OK":
            first = minute if old in ("OK", "") or first is None else first
            last = minute
        rows.append([minute, first, last, 60 * (minute - first) if first is not None else 0.0])
    return {"rows": rows}


def page_resolve(inputs: Case) -> Case:
    """Return the state of a page that the alert opened, after the recovery."""
    recovery = render({"message": inputs["message"]}, SampleTransition("ALERT", "OK"))
    mentions = any(handle.kind == "oncall" for handle in recovery.handles)
    return {"page": "resolved" if inputs["monitor_recovers"] and mentions else "stays open"}


def schedule(inputs: Case) -> Case:
    """Return the users on call; layers, restrictions and overrides are in minutes from :data:`ORIGIN`."""
    layers = [_layer(layer, inputs["time_zone"]) for layer in inputs["layers"]]
    document = {"attributes": {"name": "schedule", "time_zone": inputs["time_zone"], "layers": layers}}
    overrides = [
        Override(override["user"], _at(override["from"]), _at(override["to"]))
        for override in inputs.get("overrides") or ()
    ]
    return {"on_call": [on_call_user(document, _at(minute), overrides) for minute in inputs["at"]]}


def _at(minute: float) -> datetime:
    return ORIGIN + timedelta(minutes=minute)


def _layer(layer: Case, time_zone: str) -> Case:
    end = next((layer[key] for key in ("end", "end_date", "ends") if layer.get(key) is not None), None)
    return {
        "name": layer["name"],
        "effective_date": _at(layer["effective"]),
        "end_date": None if end is None else _at(end),
        "rotation_start": _at(layer["rotation_start"]),
        "interval": {"seconds": 60 * layer["interval_minutes"]},
        "time_zone": layer.get("time_zone") or time_zone,
        "members": [{"user": {"id": user}} for user in layer["users"]],
        "restrictions": _windows(layer.get("restrictions") or []),
    }


def _policy(inputs: Case) -> tuple[Policy, dict[str, list[str]]]:
    """Return the policy, and the users that each of its targets stands for (a case names them in place)."""
    users: dict[str, list[str]] = {}
    steps = []
    for step in inputs["steps"]:
        targets = []
        for target in step["targets"]:
            kind, named = next(iter(target.items()))
            users[str(len(users))] = [user for user in (named if isinstance(named, list) else [named]) if user]
            targets.append(EscalationTarget(kind, str(len(users) - 1)))
        round_robin = step.get("assignment") == "round-robin"
        steps.append(EscalationStep(tuple(targets), step["escalate_after_minutes"], round_robin))
    return Policy(
        "policy", tuple(steps), inputs.get("retries", 0), inputs.get("resolve_page_on_policy_end", False)
    ), users


def escalation(inputs: Case) -> Case:
    """Escalate a page; times are minutes."""
    policy, users = _policy(inputs["policy"])
    result = escalate(policy, inputs["triggered_at"], lambda target, _: users[target.id], inputs.get("ack_at"))
    return {"notified": [[step.time, list(step.who)] for step in result.steps], "status": result.status}


def round_robin(inputs: Case) -> Case:
    """Return the first user of several unacknowledged pages, and the one after the first timeout."""
    policy, users = _policy(inputs["policy"])
    pages = [
        escalate(policy, 0, lambda target, _: users[target.id], page_number=number).steps
        for number in range(inputs["pages"])
    ]
    return {
        "first_target": [steps[0].who[0] for steps in pages],
        "after_timeout": [steps[1].who[0] if len(steps) > 1 else None for steps in pages],
    }


def routing(inputs: Case) -> Case:
    """Route an alert, at a minute from :data:`ORIGIN` where time counts."""
    definition = inputs["alert"]
    alert = Alert(
        definition.get("tags") or {},
        definition.get("groups") or {},
        definition.get("priority"),
        definition["alert_status"],
    )
    rules = [_rule(rule) for rule in inputs["rules"]]
    match = route({"attributes": {"rules": rules}}, alert, _at(inputs.get("at") or 0))
    return {"policy": match.policy_id if match else None, "urgency": match.urgency if match else None}


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


def notification_rules(inputs: Case) -> Case:
    """Return the recipients of all rules and of the message, sorted."""
    rules = [
        {"filter": {"tags": rule.get("tags"), "scope": rule.get("scope")}, "recipients": rule["to"]}
        for rule in inputs["rules"]
    ]
    group = {key: value for key, _, value in (tag.partition(":") for tag in inputs.get("group_tags") or ())}
    added = recipients(rules, {"tags": inputs["monitor_tags"]}, SampleTransition("OK", "ALERT", group=group))
    return {"recipients": sorted({*added, *inputs.get("message_handles", ())})}


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
