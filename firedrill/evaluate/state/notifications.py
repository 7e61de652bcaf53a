"""Notifications of state changes (docs: monitors/configuration, monitors/notify).

Notifications go out for a notified group: a group, or with ``notify_by`` all groups that share the named tags, whose
state is then the most severe of theirs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from firedrill.evaluate.model import SEVERITY, UNGROUPED, Certainty, Json, Status, Transition, group_name
from firedrill.evaluate.state.downtimes import Downtime
from firedrill.evaluate.state.machine import StateChange
from firedrill.evaluate.state.rules import Rules
from firedrill.evaluate.telemetry import FloatArray

NEVER = float("inf")
ValueAt = Callable[[str, int], float | None]
SampleAt = Callable[[dict[str, str], float], Json | None]


@dataclass(frozen=True)
class NotificationContext:
    """The inputs that all notifications of one monitor share.

    ``value_at`` returns the value of a group (by name) at an evaluation (by index), ``sample_at`` an event that
    matched for a group at a time.
    """

    rules: Rules
    downtimes: list[Downtime]
    value_at: ValueAt
    sample_at: SampleAt
    certainty: Certainty = "documented"


def should_notify(old: Status | None, new: Status, notifies_no_data: bool) -> bool:
    """Return whether a change from old to new sends messages. None is a group's first state."""
    if old is None:
        return new != "OK" and (new != "NO DATA" or notifies_no_data)
    if new == "NO DATA":
        return notifies_no_data
    return not (old == "NO DATA" and new == "OK" and not notifies_no_data)


def notifications(
    context: NotificationContext, memories: Json, changes: list[StateChange], times: FloatArray
) -> list[Transition]:
    """Return the transitions of a monitor over the times, with renotifications.

    ``memories`` (by name of the notified group) is updated in place.
    """
    by_notified_group: dict[str, list[StateChange]] = defaultdict(list)
    for change in changes:
        by_notified_group[group_name(_notified_group(context.rules, change.group))].append(change)
    transitions: list[Transition] = []
    for name in sorted(by_notified_group.keys() | memories.keys()):
        notified_group = _NotifiedGroup(context, name, memories, by_notified_group.get(name, []), times)
        transitions.extend(notified_group.transitions())
    transitions.sort(key=lambda transition: transition.time)
    return transitions


def _severity(state: Status | None) -> int:
    return SEVERITY[state] if state is not None else 0


def _notified_group(rules: Rules, group: dict[str, str]) -> dict[str, str]:
    if rules.notify_by is None:
        return group
    return {} if rules.notify_by == (UNGROUPED,) else {key: group[key] for key in rules.notify_by if key in group}


def _new_memory(unit: dict[str, str]) -> Json:
    return {
        "unit": unit, "members": {}, "state": None, "notified": None, "repeats": 0, "muted": None, "spared": False,
    }  # fmt: skip


class _NotifiedGroup:
    """One notified group over the times. Its memory is JSON.

    ``muted`` is None, or the downtime that mutes it: its start, whether it notifies at its end, and whether it mutes
    the first recovery. ``spared`` is set once a recovery was sent during a downtime.
    """

    def __init__(
        self, context: NotificationContext, name: str, memories: Json, changes: list[StateChange], times: FloatArray
    ) -> None:
        self.context, self.rules, self.name, self.memories = context, context.rules, name, memories
        self.changes = changes
        self.times: list[float] = times.tolist()
        stored = memories.get(name)
        self.memory: Json = dict(stored) if stored else _new_memory(_notified_group(self.rules, changes[0].group))
        self.memory["members"] = {name: dict(member) for name, member in self.memory["members"].items()}
        self.downtimes = [
            downtime
            for downtime in context.downtimes
            if downtime.covers(self.rules.id, self.rules.tags, self.memory["unit"])
        ]

    def transitions(self) -> list[Transition]:
        """Visit the evaluations with a change or a deadline; return their transitions."""
        transitions: list[Transition] = []
        index, following = 0, 0
        while index < len(self.times):
            current: list[StateChange] = []
            while following < len(self.changes) and self.changes[following].index <= index:
                current.append(self.changes[following])
                following += 1
            transitions.extend(self._visit(index, current))
            next_change = self.changes[following].index if following < len(self.changes) else len(self.times)
            deadline = self._next_deadline(self.times[index])
            due = bisect_left(self.times, deadline) if deadline < NEVER else len(self.times)
            index = min(next_change, max(index + 1, due))
        if self.memory["members"]:
            self.memories[self.name] = self.memory
        else:
            self.memories.pop(self.name, None)
        return transitions

    def _next_deadline(self, time: float) -> float:
        deadlines = [
            edge for downtime in self.downtimes for interval in downtime.intervals for edge in interval if edge > time
        ]
        if self._renotifies() and self.memory["notified"] is not None:
            deadlines.append(max(self.memory["notified"] + self.rules.renotify_every, time))
        return min(deadlines, default=NEVER)

    def _renotifies(self) -> bool:
        return (
            self.rules.renotify_every > 0
            and self.memory["state"] in self.rules.renotify_statuses
            and self.memory["repeats"] < self.rules.renotify_at_most
        )

    def _visit(self, index: int, changes: list[StateChange]) -> list[Transition]:
        time, memory = self.times[index], self.memory
        transitions: list[Transition] = []
        was_muted = memory["muted"]
        memory["muted"] = self._muted(time)
        for change in changes:
            transitions.extend(self._change(change))
        if was_muted is not None and memory["muted"] is None and was_muted[1] and not transitions:
            transitions.extend(self._after_downtime(index))
        due = memory["notified"] is not None and time >= memory["notified"] + self.rules.renotify_every
        if self._renotifies() and due and memory["muted"] is None and memory["notified"] != time:
            memory["repeats"] += 1
            memory["notified"] = time
            transitions.append(self._repeat(index, "renotify", memory["state"]))
        if not memory["members"]:
            self.memory = _new_memory(memory["unit"])
        return transitions

    def _muted(self, time: float) -> list[float | bool] | None:
        for downtime in self.downtimes:
            interval = downtime.active(time)
            if interval:
                return [interval[0], downtime.expires, downtime.mute_first_recovery]
        return None

    def _change(self, change: StateChange) -> list[Transition]:
        memory, members = self.memory, self.memory["members"]
        if change.new is None:
            members.pop(change.name, None)
        else:
            members[change.name] = {
                "group": change.group, "state": change.new,
                "first": change.first_triggered, "last": change.last_triggered,
            }  # fmt: skip
        before: Status | None = memory["state"]
        after: Status | None = max((member["state"] for member in members.values()), key=_severity, default=None)
        memory["state"] = after
        if change.new is None or (change.old is None and change.new == "OK"):
            return []
        notify = False
        if before != after and after is not None:
            notify = should_notify(before, after, self.rules.notifies_no_data)
            memory["repeats"] = 0
            notify = self._passes_downtimes(change, before, after) if notify else False
            memory["notified"] = change.time if notify else None
        elif self.rules.independent:
            notify = memory["muted"] is None
        return [
            Transition(
                monitor_id=self.rules.id,
                group=change.group,
                group_name=change.name,
                time=change.time,
                old=change.old or "OK",
                new=change.new,
                value=change.value,
                threshold=self._threshold(change.old, change.new),
                notify=notify,
                kind="transition",
                first_triggered=change.first_triggered,
                last_triggered=change.last_triggered,
                event=self.context.sample_at(change.group, change.time),
                certainty=self.context.certainty,
                notified_group=memory["unit"],
                notified_name=self.name,
            )
        ]

    def _passes_downtimes(self, change: StateChange, before: Status | None, after: Status) -> bool:
        """Return whether a notification is sent in spite of downtimes."""
        muted = self.memory["muted"]
        if muted is None:
            self.memory["spared"] = False
            return True
        triggered = change.first_triggered
        began_before = before not in {None, "OK"} and triggered is not None and triggered < muted[0]
        if after == "OK" and began_before and not muted[2] and not self.memory["spared"]:
            self.memory["spared"] = True
            return True
        return False

    def _threshold(self, old: Status | None, new: Status) -> float | None:
        thresholds = self.rules.thresholds
        if thresholds is None:
            return None
        return thresholds.crossed_for(old if new == "OK" and old is not None else new)

    def _after_downtime(self, index: int) -> list[Transition]:
        state: Status | None = self.memory["state"]
        if state in {None, "OK"} or (state == "NO DATA" and not self.rules.notifies_no_data):
            return []
        self.memory["notified"], self.memory["repeats"] = self.times[index], 0
        assert state is not None
        return [self._repeat(index, "transition", state)]

    def _repeat(self, index: int, kind: Literal["transition", "renotify"], state: Status) -> Transition:
        """Return another notification of an unchanged state, about the most severe group."""
        members = self.memory["members"]
        worst = max(members, key=lambda name: SEVERITY[members[name]["state"]])
        member = members[worst]
        return Transition(
            monitor_id=self.rules.id,
            group=member["group"],
            group_name=worst,
            time=self.times[index],
            old=state,
            new=state,
            value=self.context.value_at(worst, index),
            threshold=self._threshold(None, state),
            notify=True,
            kind=kind,
            first_triggered=member["first"],
            last_triggered=member["last"],
            event=self.context.sample_at(member["group"], self.times[index]),
            certainty=self.context.certainty,
            notified_group=self.memory["unit"],
            notified_name=self.name,
        )
