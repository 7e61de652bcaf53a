"""Monitor notification rules: recipients by tags (docs.datadoghq.com/monitors/notify/notification_rules)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firedrill.logs.search import parse_search
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.notify.transition import CONDITIONS, NotifiedTransition, condition_holds, notified_tags

Json = Mapping[str, Any]


def group_tags(monitor: Json, transition: NotifiedTransition) -> list[str]:
    """Return the tags of the group that a notification is about."""
    return [
        f"{key}:{value}"
        for key, values in notified_tags(monitor, transition).items()
        for value in (values if isinstance(values, list | tuple) else [values])
    ]


def recipients(rules: Sequence[Json], monitor: Json, transition: NotifiedTransition) -> list[str]:
    """Return the recipients that the rules add for a transition (without ``@``), each once, in the order of the rules.

    Every rule that matches adds its recipients. Of conditional recipients all that apply are added, and the fallback
    where none applies (the page says "if none").
    """
    tags = {*(monitor.get("tags") or ()), *group_tags(monitor, transition)}
    added = (
        recipient
        for rule in rules
        if rule_matches(attributes(rule).get("filter") or {}, tags)
        for recipient in _recipients(attributes(rule), tags, transition)
    )
    return list(dict.fromkeys(added))


def rule_matches(rule_filter: Json, tags: Iterable[str]) -> bool:
    """Return whether a filter matches: all of its ``tags``, or its ``scope``, an expression with AND, OR, NOT."""
    listed = list(tags)
    if rule_filter.get("tags"):
        return set(rule_filter["tags"]) <= set(listed)
    return parse_search(rule_filter.get("scope") or "*").matches({"tags": listed})


def _recipients(rule: Json, tags: set[str], transition: NotifiedTransition) -> list[str]:
    added = list(rule.get("recipients") or ())
    conditional = rule.get("conditional_recipients") or {}
    conditions = conditional.get("conditions") or ()
    applied = [condition for condition in conditions if _applies(condition["scope"], tags, transition)]
    for condition in applied:
        added += condition["recipients"]
    if conditions and not applied:
        added += conditional.get("fallback_recipients") or ()
    return added


def _applies(scope: str, tags: set[str], transition: NotifiedTransition) -> bool:
    key, _, value = scope.partition(":")
    if key == "transition_type":
        name = value if value.startswith("is_") else f"is_{value}"
        return name in CONDITIONS and condition_holds(name, transition)
    return rule_matches({"scope": scope}, tags)
