"""Which changes of state notify (docs: monitors/configuration, monitors/notify).

What notifies is a unit: a group, or with ``notify_by`` all groups that share the named tags, whose state is then the
most severe of theirs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from firedrill.evaluate.downtimes import Downtime
from firedrill.evaluate.groups import Change
from firedrill.evaluate.model import SEVERITY, UNGROUPED, Certainty, Json, Status, Transition, group_name
from firedrill.evaluate.rules import Rules
from firedrill.evaluate.telemetry import FloatArray

NEVER = float("inf")
ValueAt = Callable[[str, int], float | None]
SampleAt = Callable[[dict[str, str], float], Json | None]


@dataclass(frozen=True)
class Context:
    """What is the same for all notifications of one monitor."""

    rules: Rules
    downtimes: list[Downtime]
    value_at: ValueAt
    sample_at: SampleAt
    certainty: Certainty = "documented"


def should_notify(old: Status | None, new: Status, no_data_is_loud: bool) -> bool:
    """Whether a change from old to new sends messages. None is a group's first state."""
    if old is None:
        return new != "OK" and (new != "NO DATA" or no_data_is_loud)
    if new == "NO DATA":
        return no_data_is_loud
    return not (old == "NO DATA" and new == "OK" and not no_data_is_loud)


def notices(context: Context, units: Json, changes: list[Change], times: FloatArray) -> list[Transition]:
    """The transitions of a monitor over the times, with repeats. ``units`` is updated in place."""
    by_unit: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_unit[group_name(_unit(context.rules, change.group))].append(change)
    result: list[Transition] = []
    for name in sorted(by_unit.keys() | units.keys()):
        result.extend(_Walk(context, name, units, by_unit.get(name, []), times).transitions())
    result.sort(key=lambda one: one.time)
    return result


def _severity(state: Status | None) -> int:
    return SEVERITY[state] if state is not None else 0


def _unit(rules: Rules, group: dict[str, str]) -> dict[str, str]:
    if rules.notify_by is None:
        return group
    return {} if rules.notify_by == (UNGROUPED,) else {key: group[key] for key in rules.notify_by if key in group}


class _Walk:
    """One unit's way through the times. Its memory is JSON."""

    def __init__(self, context: Context, name: str, units: Json, changes: list[Change], times: FloatArray) -> None:
        self.context, self.rules, self.name, self.units = context, context.rules, name, units
        self.changes = changes
        self.times = [float(time) for time in times] if len(times) < 2 else times.tolist()
        known = units.get(name)
        self.memory: Json = dict(known) if known is not None else {
            "unit": _unit(self.rules, changes[0].group), "members": {}, "state": None, "notified": None,
            "repeats": 0, "muted": None, "spared": False,
        }  # fmt: skip
        self.memory["members"] = {name: dict(member) for name, member in self.memory["members"].items()}
        self.mutes = [
            one for one in context.downtimes if one.covers(self.rules.id, self.rules.tags, self.memory["unit"])
        ]

    def transitions(self) -> list[Transition]:
        result: list[Transition] = []
        at, following = 0, 0
        while at < len(self.times):
            now: list[Change] = []
            while following < len(self.changes) and self.changes[following].index <= at:
                now.append(self.changes[following])
                following += 1
            result.extend(self._visit(at, now))
            upcoming = self.changes[following].index if following < len(self.changes) else len(self.times)
            clock = self._wake(self.times[at])
            at = min(upcoming, max(at + 1, bisect_left(self.times, clock) if clock < NEVER else len(self.times)))
        if self.memory["members"]:
            self.units[self.name] = self.memory
        else:
            self.units.pop(self.name, None)
        return result

    def _wake(self, time: float) -> float:
        clocks = [edge for mute in self.mutes for interval in mute.intervals for edge in interval if edge > time]
        if self._repeats() and self.memory["notified"] is not None:
            clocks.append(max(self.memory["notified"] + self.rules.renotify_every, time))
        return min(clocks, default=NEVER)

    def _repeats(self) -> bool:
        return (
            self.rules.renotify_every > 0
            and self.memory["state"] in self.rules.renotify_statuses
            and self.memory["repeats"] < self.rules.renotify_at_most
        )

    def _visit(self, at: int, changes: list[Change]) -> list[Transition]:
        time, memory, result = self.times[at], self.memory, []
        was_muted = memory["muted"]
        active = [mute for mute in self.mutes if mute.active(time)]
        interval = active[0].active(time) if active else None
        memory["muted"] = None if interval is None else [interval[0], active[0].expires, active[0].mute_first_recovery]
        for change in changes:
            result.extend(self._change(change))
        if was_muted is not None and memory["muted"] is None and was_muted[1] and not result:
            result.extend(self._after_downtime(at))
        due = memory["notified"] is not None and time >= memory["notified"] + self.rules.renotify_every
        if self._repeats() and due and memory["muted"] is None and memory["notified"] != time:
            memory["repeats"] += 1
            memory["notified"] = time
            result.append(self._again(at, "renotify", memory["state"]))
        return result

    def _change(self, change: Change) -> list[Transition]:
        memory, members = self.memory, self.memory["members"]
        if change.new is None:
            members.pop(change.name, None)
        else:
            members[change.name] = {
                "group": change.group, "state": change.new,
                "first": change.first_triggered, "last": change.last_triggered,
            }  # fmt: skip
        before: Status | None = memory["state"]
        after: Status | None = max((one["state"] for one in members.values()), key=_severity, default=None)
        memory["state"] = after
        own: Status | None = change.old
        if change.new is None or (own is None and change.new == "OK"):
            return []
        notify = False
        if before != after and after is not None:
            notify = should_notify(before, after, self.rules.shows_no_data_loudly)
            memory["repeats"] = 0
            notify = self._sent(change, before, after) if notify else False
            memory["notified"] = change.time if notify else None
        elif self.rules.independent:
            notify = memory["muted"] is None
        return [
            Transition(
                monitor_id=self.rules.id,
                group=change.group,
                group_name=change.name,
                time=change.time,
                old=own or "OK",
                new=change.new,
                value=change.value,
                threshold=self._threshold(own, change.new),
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

    def _sent(self, change: Change, before: Status | None, after: Status) -> bool:
        """Whether a message that should go out does, given downtimes."""
        muted = self.memory["muted"]
        if muted is None:
            self.memory["spared"] = False
            return True
        began = change.first_triggered
        earlier = before not in {None, "OK"} and began is not None and began < muted[0]
        if after == "OK" and earlier and not muted[2] and not self.memory["spared"]:
            self.memory["spared"] = True
            return True
        return False

    def _threshold(self, old: Status | None, new: Status) -> float | None:
        thresholds = self.rules.thresholds
        if thresholds is None:
            return None
        if new == "OK" and old is not None:
            return thresholds.of(old)
        return thresholds.of(new)

    def _after_downtime(self, at: int) -> list[Transition]:
        state: Status | None = self.memory["state"]
        quiet = state in {None, "OK"} or (state == "NO DATA" and not self.rules.shows_no_data_loudly)
        if quiet:
            return []
        self.memory["notified"], self.memory["repeats"] = self.times[at], 0
        assert state is not None
        return [self._again(at, "transition", state)]

    def _again(self, at: int, kind: str, state: Status) -> Transition:
        worst = max(self.memory["members"], key=lambda name: SEVERITY[self.memory["members"][name]["state"]])
        member = self.memory["members"][worst]
        return Transition(
            monitor_id=self.rules.id,
            group=member["group"],
            group_name=worst,
            time=self.times[at],
            old=state,
            new=state,
            value=self.context.value_at(worst, at),
            threshold=self._threshold(None, state),
            notify=True,
            kind="renotify" if kind == "renotify" else "transition",
            first_triggered=member["first"],
            last_triggered=member["last"],
            event=self.context.sample_at(member["group"], self.times[at]),
            certainty=self.context.certainty,
            notified_group=self.memory["unit"],
            notified_name=self.name,
        )
