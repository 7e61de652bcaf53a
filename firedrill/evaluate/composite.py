"""Composite monitors (docs: monitors/types/composite)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firedrill.evaluate.groups import Change
from firedrill.evaluate.model import SEVERITY, UNGROUPED, Json, Refused, Status
from firedrill.evaluate.rules import Rules
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query.tree import BothOf, Composite, EitherOf, Inverse, Member, Parenthesized, walk

MOST_MEMBERS = 10


@dataclass(frozen=True)
class MemberStates:
    """A member's groups before the first of the times, and its changes since.

    ``grouped``: it is a multi alert. ``loud``: it notifies on missing data.
    """

    grouped: bool
    loud: bool
    groups: Mapping[str, tuple[dict[str, str], Status | None]]
    changes: list[Change]


def member_names(expression: Composite) -> list[str]:
    """The ids, in order. Raises :class:`Refused` for more than ten."""
    names = list(dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Member)))
    if len(names) > MOST_MEMBERS:
        raise Refused("composite", f"has {len(names)} members, at most {MOST_MEMBERS} are allowed")
    return names


def combined(expression: Composite, states: Mapping[str, Status]) -> Status:
    """``&&`` is the least severe, ``||`` the most; ``!`` turns alert-worthy into OK and OK into ALERT."""
    match expression:
        case Member():
            return states[expression.name]
        case Parenthesized():
            return combined(expression.item, states)
        case Inverse():
            inner = combined(expression.item, states)
            return inner if inner == "NO DATA" else ("ALERT" if inner == "OK" else "OK")
        case BothOf():
            return min(
                combined(expression.left, states), combined(expression.right, states), key=lambda state: SEVERITY[state]
            )
        case EitherOf():
            return max(
                combined(expression.left, states), combined(expression.right, states), key=lambda state: SEVERITY[state]
            )


def settled(result: Status, previous: Status | None, notify_no_data: bool) -> Status | None:
    """No Data without notify_no_data keeps the last known state."""
    return previous if result == "NO DATA" and not notify_no_data else result


def common_groups(groups: Mapping[str, list[frozenset[str]]]) -> list[dict[str, frozenset[str]]]:
    """Which groups of the members are evaluated together: those whose tag values all members report.

    ``groups`` maps each multi-alert member to its groups' values. A member grouped by more tags pairs with one grouped
    by fewer when the values of the latter are among its own; keys are not compared.
    """
    if not groups:
        return []
    finest = max(
        groups, key=lambda name: (max((len(one) for one in groups[name]), default=0), -list(groups).index(name))
    )
    result = []
    for values in groups[finest]:
        match = {finest: values}
        for name, others in groups.items():
            if name != finest:
                found = next((other for other in others if other <= values), None)
                if found is not None:
                    match[name] = found
        if len(match) == len(groups):
            result.append(match)
    return result


def walk_composite(
    rules: Rules, expression: Composite, memories: Json, members: Mapping[str, MemberStates], times: FloatArray
) -> list[Change]:
    """The composite's changes over the times. ``memories`` (by group name) is updated in place."""
    states = {name: dict(member.groups) for name, member in members.items()}
    turns: dict[int, list[tuple[str, Change]]] = {0: []}
    for name, member in members.items():
        for change in member.changes:
            turns.setdefault(change.index, []).append((name, change))
    grouped = {name for name, member in members.items() if member.grouped}
    result: list[Change] = []
    for index in sorted(turns):
        for name, change in turns[index]:
            if change.new is None:
                states[name].pop(change.name, None)
            else:
                states[name][change.name] = (change.group, change.new)
        result.extend(
            _evaluate(rules, expression, memories, states, grouped=grouped, time=float(times[index]), index=index)
        )
    return result


def _evaluate(
    rules: Rules,
    expression: Composite,
    memories: Json,
    states: Mapping[str, Mapping[str, tuple[dict[str, str], Status | None]]],
    *,
    grouped: set[str],
    time: float,
    index: int,
) -> Iterator[Change]:
    seen: set[str] = set()
    for name, group, inputs in _groups(states, grouped):
        seen.add(name)
        memory = dict(
            memories.get(name) or {"group": group, "state": None, "first_triggered": None, "last_triggered": None}
        )
        old: Status | None = memory["state"]
        new = settled(combined(expression, inputs), old, rules.notify_no_data)
        if new != old and new is not None:
            if new != "OK":
                if old in {None, "OK"}:
                    memory["first_triggered"] = time
                memory["last_triggered"] = time
            memory["state"] = new
            yield Change(
                time, index, name, group, old, new, None, memory["first_triggered"], memory["last_triggered"]
            )  # fmt: skip
        memories[name] = memory
    for name in [known for known in memories if known not in seen]:
        memory = memories.pop(name)
        yield Change(time, index, name, memory["group"], memory["state"], None, None)


def _groups(
    states: Mapping[str, Mapping[str, tuple[dict[str, str], Status | None]]], grouped: set[str]
) -> Iterator[tuple[str, dict[str, str], dict[str, Status]]]:
    simple: dict[str, Status] = {
        name: next((state for _, state in groups.values() if state is not None), "NO DATA")
        for name, groups in states.items()
        if name not in grouped
    }
    if not grouped:
        yield UNGROUPED, {}, simple
        return
    by_values = {
        name: {frozenset(group.values()): key for key, (group, state) in groups.items() if state is not None}
        for name, groups in states.items()
        if name in grouped
    }
    for match in common_groups({name: list(values) for name, values in by_values.items()}):
        finest = max(match, key=lambda name: len(match[name]))
        own = by_values[finest][match[finest]]
        inputs = dict(simple)
        for name, values in match.items():
            state = states[name][by_values[name][values]][1]
            assert state is not None
            inputs[name] = state
        yield own, states[finest][own][0], inputs
