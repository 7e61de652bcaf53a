"""Composite monitors (docs: monitors/types/composite)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.model import SEVERITY, UNGROUPED, Json, Refused, Status
from firedrill.evaluate.state.machine import StateChange
from firedrill.evaluate.state.rules import Rules
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import (
    Composite,
    CompositeAnd,
    CompositeNot,
    CompositeOr,
    Member,
    ParenthesizedComposite,
    walk,
)

MAX_MEMBERS = 10

GroupStates = Mapping[str, tuple[dict[str, str], Status | None]]
"""Tags and state of each group, by the group's name."""


@dataclass(frozen=True)
class MemberStates:
    """A member's groups before the first of the times, and its changes since.

    ``grouped`` marks a multi alert, ``notifies_no_data`` a member that notifies on missing data.
    """

    grouped: bool
    notifies_no_data: bool
    groups: GroupStates
    changes: list[StateChange]


def member_names(expression: Composite) -> list[str]:
    """Return the members' ids, in order. Raises :class:`Refused` for more than ten."""
    names = list(dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Member)))
    if len(names) > MAX_MEMBERS:
        raise Refused("composite", f"has {len(names)} members, at most {MAX_MEMBERS} are allowed")
    return names


def combine_states(expression: Composite, states: Mapping[str, Status]) -> Status:
    """Return the composite's state: ``&&`` is the least severe, ``||`` the most severe.

    ``!`` turns OK into ALERT, NO DATA into itself, and every other state into OK.
    """
    match expression:
        case Member():
            return states[expression.name]
        case ParenthesizedComposite():
            return combine_states(expression.item, states)
        case CompositeNot():
            inner = combine_states(expression.item, states)
            return inner if inner == "NO DATA" else ("ALERT" if inner == "OK" else "OK")
        case CompositeAnd():
            left, right = combine_states(expression.left, states), combine_states(expression.right, states)
            return min(left, right, key=lambda state: SEVERITY[state])
        case CompositeOr():
            left, right = combine_states(expression.left, states), combine_states(expression.right, states)
            return max(left, right, key=lambda state: SEVERITY[state])


def keep_last_known(result: Status, previous: Status | None, notify_no_data: bool) -> Status | None:
    """Return the state; No Data without notify_no_data keeps the previous one."""
    return previous if result == "NO DATA" and not notify_no_data else result


def common_groups(groups: Mapping[str, list[frozenset[str]]]) -> list[dict[str, frozenset[str]]]:
    """Return the groups that are evaluated together: those whose tag values all members report.

    ``groups`` maps each multi-alert member to its groups' values. A member grouped by more tags pairs with one grouped
    by fewer when the values of the latter are among its own; keys are not compared.
    """
    if not groups:
        return []
    finest = max(
        groups, key=lambda name: (max((len(group) for group in groups[name]), default=0), -list(groups).index(name))
    )
    matches = []
    for values in groups[finest]:
        match = {finest: values}
        for name, others in groups.items():
            if name != finest:
                partner = next((other for other in others if other <= values), None)
                if partner is not None:
                    match[name] = partner
        if len(match) == len(groups):
            matches.append(match)
    return matches


def advance_composite(
    rules: Rules, expression: Composite, memories: Json, members: Mapping[str, MemberStates], times: FloatArray
) -> list[StateChange]:
    """Return the composite's changes over the times. ``memories`` (by group name) is updated in place."""
    states = {name: dict(member.groups) for name, member in members.items()}
    member_changes: dict[int, list[tuple[str, StateChange]]] = {0: []}
    for name, member in members.items():
        for change in member.changes:  # its index is that of the member's evaluation, which may be less frequent
            index = int(np.searchsorted(times, change.time))
            member_changes.setdefault(index, []).append((name, change))
    grouped = {name for name, member in members.items() if member.grouped}
    changes: list[StateChange] = []
    for index in sorted(member_changes):
        for name, change in member_changes[index]:
            if change.new is None:
                states[name].pop(change.name, None)
            else:
                states[name][change.name] = (change.group, change.new)
        changes.extend(
            _evaluate(rules, expression, memories, states, grouped=grouped, time=float(times[index]), index=index)
        )
    return changes


def _evaluate(
    rules: Rules,
    expression: Composite,
    memories: Json,
    states: Mapping[str, GroupStates],
    *,
    grouped: set[str],
    time: float,
    index: int,
) -> Iterator[StateChange]:
    evaluated: set[str] = set()
    for name, group, member_states in _groups(states, grouped):
        evaluated.add(name)
        memory = dict(
            memories.get(name) or {"group": group, "state": None, "first_triggered": None, "last_triggered": None}
        )
        old: Status | None = memory["state"]
        new = keep_last_known(combine_states(expression, member_states), old, rules.notify_no_data)
        if new != old and new is not None:
            if new != "OK":
                if old in {None, "OK"}:
                    memory["first_triggered"] = time
                memory["last_triggered"] = time
            memory["state"] = new
            yield StateChange(
                time, index, name, group, old, new, None, memory["first_triggered"], memory["last_triggered"]
            )  # fmt: skip
        memories[name] = memory
    for name in [name for name in memories if name not in evaluated]:
        memory = memories.pop(name)
        yield StateChange(time, index, name, memory["group"], memory["state"], None, None)


def _groups(
    states: Mapping[str, GroupStates], grouped: set[str]
) -> Iterator[tuple[str, dict[str, str], dict[str, Status]]]:
    """Yield name and tags of each group of the composite, with the state of each member in it."""
    states = {name: dict(sorted(groups.items())) for name, groups in states.items()}
    simple: dict[str, Status] = {
        name: next((state for _, state in groups.values() if state is not None), "NO DATA")
        for name, groups in states.items()
        if name not in grouped
    }
    if not grouped:
        yield UNGROUPED, {}, simple
        return
    names_by_values = {
        name: {frozenset(group.values()): key for key, (group, state) in groups.items() if state is not None}
        for name, groups in states.items()
        if name in grouped
    }
    for match in common_groups({name: list(values) for name, values in names_by_values.items()}):
        finest = max(match, key=lambda name: len(match[name]))
        group = names_by_values[finest][match[finest]]
        member_states = dict(simple)
        for name, values in match.items():
            state = states[name][names_by_values[name][values]][1]
            assert state is not None
            member_states[name] = state
        yield group, states[finest][group][0], member_states
