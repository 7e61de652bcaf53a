"""Routing rules of a team: the first match from the top routes (docs: incident_response/on-call/routing_rules)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from firedrill.logs.search import parse_search
from firedrill.notify.oncall.jsonapi import attributes, data, related, related_id
from firedrill.notify.oncall.restrictions import inside, next_inside

Json = Mapping[str, Any]
Urgency = Literal["high", "low"]
STATUS = {"ALERT": "error", "WARN": "warn", "OK": "success", "NO DATA": "no_data"}
# dynamic: warn is low and error high by the page; a page for missing data is high by choice.
DYNAMIC: dict[str, Urgency] = {"warn": "low", "success": "low"}


@dataclass(frozen=True)
class Alert:
    """An alert as routing rules see it: tags and groups by key, with one or several values; ``status`` is error ..."""

    tags: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    status: str = "error"


@dataclass(frozen=True)
class Route:
    """The route of a page. ``starts`` is later than the alert when support hours delay the policy."""

    rule: int
    policy_id: str | None
    urgency: Urgency
    starts: datetime
    workflows: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    reroute_to: str | None = None
    ack_timeout_minutes: int | None = None
    dynamic: bool = False


def query_matches(query: str, alert: Alert) -> bool:
    """Return whether a query matches ``tags.k``, ``groups.k``, ``priority`` and ``alert_status``, with case."""
    fields: dict[str, Any] = {"priority": alert.priority, "alert_status": alert.status}
    for prefix, values in (("tags", alert.tags), ("groups", alert.groups)):
        fields |= {f"{prefix}.{key}": value for key, value in values.items()}
    return parse_search(query).matches(fields)


def route(routing_rules: Json, alert: Alert, at: datetime) -> Route | None:
    """Return the route of the first rule that matches at a time; None when none does (the last should match all)."""
    for number, (rule, policy_id) in enumerate(read_rules(routing_rules)):
        restriction = rule.get("time_restriction") or {}
        if restriction and not inside(restriction.get("restrictions") or (), _local(restriction, at)):
            continue
        if query_matches(rule.get("query") or "", alert):
            return _route(number, rule, policy_id, alert, at)
    return None


def read_rules(routing_rules: Json) -> list[tuple[Json, str | None]]:
    """Return attributes and policy id of each rule, top to bottom."""
    declared = attributes(routing_rules).get("rules") if "rules" in attributes(routing_rules) else None
    if declared is not None:
        return [(rule, rule.get("policy_id")) for rule in declared]
    rules = related(routing_rules, data(routing_rules), "rules")
    return [(rule.get("attributes", {}), related_id(rule, "policy")) for rule in rules]


def _local(restriction: Json, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(restriction.get("time_zone") or "UTC"))


def _route(number: int, rule: Json, policy_id: str | None, alert: Alert, at: datetime) -> Route:
    actions: Sequence[Json] = rule.get("actions") or ()
    policy = next((action for action in actions if action.get("type") == "escalation_policy"), {})
    declared = policy.get("urgency") or rule.get("urgency")
    support = policy.get("support_hours") or {}
    starts = at
    if support.get("restrictions"):
        starts = next_inside(support["restrictions"], _local(support, at)).astimezone(at.tzinfo or UTC)
    return Route(
        rule=number,
        policy_id=policy_id or policy.get("policy_id"),
        urgency=_urgency(declared, alert),
        starts=starts,
        workflows=tuple(action["handle"] for action in actions if action.get("type") == "workflow"),
        messages=tuple(text for action in actions if (text := _message(action))),
        reroute_to=next(
            (str(action["destination_team_id"]) for action in actions if action.get("destination_team_id")), None
        ),
        ack_timeout_minutes=policy.get("ack_timeout_minutes"),
        dynamic=declared == "dynamic",
    )


def _urgency(declared: str | None, alert: Alert) -> Urgency:
    if declared == "dynamic":
        return DYNAMIC.get(alert.status, "high")
    return "low" if declared == "low" else "high"


def _message(action: Json) -> str | None:
    if action.get("type") == "send_slack_message":
        return f"slack {action['workspace']}/{action['channel']}"
    if action.get("type") == "send_teams_message":
        return f"teams {action.get('tenant', '')}/{action.get('team', '')}/{action['channel']}"
    return None
