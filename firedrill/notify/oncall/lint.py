"""Checks of on-call objects before anybody is paged: gaps in schedules, rules and steps that cannot work.

Limits are those of docs.datadoghq.com/incident_response/on-call (routing rules, escalation policies).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from firedrill.logs.search import SearchError, parse_search
from firedrill.notify.oncall.escalation import read_policy
from firedrill.notify.oncall.restrictions import second_of_week
from firedrill.notify.oncall.routing import read_rules
from firedrill.notify.oncall.schedule import Layer, Override, on_call_user, read_layers

Json = Mapping[str, Any]
MAX_STEPS = MAX_TARGETS = MAX_RETRIES = 10
FIELDS = ("priority", "alert_status")


def gaps(
    schedule: Json, start: datetime, end: datetime, overrides: Sequence[Override] = ()
) -> list[tuple[datetime, datetime]]:
    """Return the times in ``[start, end)`` (with a zone) at which nobody is on call."""
    edges = {start, *(edge for override in overrides for edge in (override.start, override.end))}
    for layer in read_layers(schedule):
        edges |= set(_edges(layer, start, end))
    ordered = [*sorted(edge for edge in edges if start <= edge < end), end]
    unstaffed: list[tuple[datetime, datetime]] = []
    for begin, until in pairwise(ordered):
        if on_call_user(schedule, begin, overrides) is None:
            merged = unstaffed.pop()[0] if unstaffed and unstaffed[-1][1] == begin else begin
            unstaffed.append((merged, until))
    return unstaffed


def _edges(layer: Layer, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield every moment at which who is on call in a layer can change."""
    yield layer.effective
    if layer.end is not None:
        yield layer.end
    for turn in range(layer.turn(start), layer.turn(end) + 1):
        yield layer.begins(turn)
    local = start.astimezone(layer.zone)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(days=local.weekday())
    for week in range((end - start).days // 7 + 2):
        for window in layer.restrictions:
            for side in ("start", "end"):
                second = second_of_week(window[f"{side}_day"], window[f"{side}_time"])
                yield (monday + timedelta(weeks=week, seconds=second)).replace(tzinfo=layer.zone)


def lint_routing_rules(routing_rules: Json) -> list[str]:
    """Return findings for a team's rules: the last must match everything, the others must be reachable and valid."""
    rules = read_rules(routing_rules)
    if not rules:
        return ["there is no routing rule: nobody is paged"]
    findings = []
    for number, (rule, policy_id) in enumerate(rules):
        last = number == len(rules) - 1
        name = f"rule {number + 1}"
        names_policy = bool(policy_id or any(action.get("policy_id") for action in rule.get("actions") or ()))
        matches_all = not rule.get("query") and not (rule.get("time_restriction") or {}).get("restrictions")
        findings += [f"{name}: {problem}" for problem in _query_problems(rule.get("query") or "")]
        if matches_all and not last:
            findings.append(f"{name} matches everything: the rules below it are never reached")
        if last and not (matches_all and names_policy):
            findings.append(f"{name} is the last: it must have no query and no time restriction, and name a policy")
        if rule.get("urgency") and not names_policy:
            findings.append(f"{name} has an urgency and no escalation policy")
        if not names_policy and not rule.get("actions"):
            findings.append(f"{name} does nothing")
    return findings


def _query_problems(query: str) -> list[str]:
    try:
        terms = parse_search(query).terms
    except SearchError as error:
        return [f"its query cannot be read: {error}"]
    unknown = {term.key or "free text" for term in terms if not _is_field(term.key or "")}
    return [f"{key} is not a field that a routing rule sees" for key in sorted(unknown)]


def _is_field(key: str) -> bool:
    return key in FIELDS or key.startswith(("tags.", "groups."))


def lint_policy(policy: Json) -> list[str]:
    """Return findings for an escalation policy: the limits of steps, targets, delays and retries."""
    parsed = read_policy(policy)
    findings = (
        [] if 1 <= len(parsed.steps) <= MAX_STEPS else [f"has {len(parsed.steps)} steps: 1 to {MAX_STEPS} are allowed"]
    )
    if not 0 <= parsed.retries <= MAX_RETRIES:
        findings.append(f"has {parsed.retries} retries: 0 to {MAX_RETRIES} are allowed")
    for number, step in enumerate(parsed.steps, 1):
        if not 1 <= len(step.targets) <= MAX_TARGETS:
            findings.append(f"step {number} has {len(step.targets)} targets: 1 to {MAX_TARGETS} are allowed")
        if not 60 <= step.escalate_after <= 36000:
            findings.append(f"step {number} escalates after {step.escalate_after} s: 60 to 36000 are allowed")
    return findings
