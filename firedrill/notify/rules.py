"""Monitor notification rules: recipients by tags (docs.datadoghq.com/monitors/notify/notification_rules)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firedrill.logs.search import parse_search
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.notify.transition import CONDITIONS, Transition, holds, subject

Json = Mapping[str, Any]


def group_tags(monitor: Json, transition: Transition) -> list[str]:
    """The tags of the group that a notification is about."""
    return [
        f"{key}:{value}"
        for key, values in subject(monitor, transition).items()
        for value in (values if isinstance(values, list | tuple) else [values])
    ]


def recipients(rules: Sequence[Json], monitor: Json, transition: Transition) -> list[str]:
    """Who the rules add for a transition (no ``@``), each once, in the order of the rules.

    Every rule that matches adds its recipients. Of conditional ones all that apply are added, and the fallback where
    none does (read from the page's "if none").
    """
    tags = {*(monitor.get("tags") or ()), *group_tags(monitor, transition)}
    found = (
        recipient
        for rule in rules
        if rule_matches(attributes(rule).get("filter") or {}, tags)
        for recipient in _recipients(attributes(rule), tags, transition)
    )
    return list(dict.fromkeys(found))


def rule_matches(rule_filter: Json, tags: Iterable[str]) -> bool:
    """``tags``: all of them; ``scope``: an expression with AND, OR, NOT."""
    known = list(tags)
    if rule_filter.get("tags"):
        return set(rule_filter["tags"]) <= set(known)
    return parse_search(rule_filter.get("scope") or "*").matches({"tags": known})


def _recipients(rule: Json, tags: set[str], transition: Transition) -> list[str]:
    found = list(rule.get("recipients") or ())
    conditional = rule.get("conditional_recipients") or {}
    conditions = conditional.get("conditions") or ()
    applied = [one for one in conditions if _applies(one["scope"], tags, transition)]
    for one in applied:
        found += one["recipients"]
    if conditions and not applied:
        found += conditional.get("fallback_recipients") or ()
    return found


def _applies(scope: str, tags: set[str], transition: Transition) -> bool:
    key, _, value = scope.partition(":")
    if key == "transition_type":
        name = value if value.startswith("is_") else f"is_{value}"
        return name in CONDITIONS and holds(name, transition)
    return rule_matches({"scope": scope}, tags)
