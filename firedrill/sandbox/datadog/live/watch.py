"""Every minute: evaluate the declared monitors on what arrived, keep their states, act on what notifies."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from firedrill.evaluate import Account, Event, State, Transition, advance, run
from firedrill.evaluate.model import SEVERITY
from firedrill.sandbox.datadog.account import (
    DOWNTIMES,
    MONITOR_STATES,
    MONITORS,
    SLO_CORRECTIONS,
    SLOS,
    SYNTHETICS_TESTS,
    Directory,
)
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.notifications import Means, notify

Json = dict[str, Any]
MINUTE = 60
ARRIVAL = 2.0
"""Seconds after the minute at which it is evaluated: the last flush and the tracer's last payload are there by then."""
STATE = "evaluator_state"
SPELLED = {"OK": "OK", "WARN": "Warn", "ALERT": "Alert", "NO DATA": "No Data"}
"""States as the API spells them."""


class Watch:
    """One organisation's monitors. The state between two minutes is an object, so a restart goes on from it."""

    def __init__(
        self,
        directory: Directory,
        receiver: Receiver,
        journal: Journal,
        means: Means,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._receiver, self._org = directory, receiver, receiver.agent_org
        self._journal, self._means, self._clock = journal, means, clock
        self.evaluated: float | None = None
        self.refused: dict[str, str] = {}
        self._values: tuple[float | None, dict[str, dict[str, float]]] = (None, {})

    async def forever(self) -> None:
        """Evaluate each minute on the minute until cancelled. What fails goes to the journal."""
        while True:
            now = self._clock()
            minute = (now - ARRIVAL) // MINUTE * MINUTE + MINUTE
            await asyncio.sleep(minute + ARRIVAL - now)
            try:
                await asyncio.to_thread(self.tick, minute)
            except Exception as error:  # noqa: BLE001  # one bad minute must not end the watch
                self._journal.error(f"evaluation at {_iso(minute)}", error)

    def account(self) -> Account:
        """The definitions as they are now."""
        kinds = (MONITORS, SLOS, DOWNTIMES, SLO_CORRECTIONS, SYNTHETICS_TESTS)
        return Account(*(self._directory.objects(self._org, kind) for kind in kinds))

    def tick(self, minute: float) -> list[Transition]:
        """Evaluate one minute (epoch seconds) and act on it."""
        account, store = self.account(), self._receiver.store(self._org)
        saved = self._directory.get(self._org, STATE, "state")
        before = State(saved) if saved is not None else State()
        state, transitions = advance(account, before, minute, store, strict=False)
        self._directory.store.put(self._org, STATE, "state", state.data)
        self.evaluated = minute
        self._keep_refusals(account, state, minute)
        monitors = {str(monitor["id"]): monitor for monitor in account.monitors}
        for identifier in monitors:
            self._keep_state(identifier, state, transitions)
        store.append_events(_event(monitors[str(one.monitor_id)], one) for one in transitions)
        for transition in transitions:
            if transition.notify:
                self._notify(monitors[str(transition.monitor_id)], transition)
        return transitions

    def state_of(self, monitor_id: str) -> tuple[str | None, float | None]:
        """The most severe state of a monitor's groups, and since when it has it; None before its first evaluation."""
        memory = ((self._directory.get(self._org, STATE, "state") or {}).get("monitors") or {}).get(monitor_id)
        if memory is None:
            return None, None
        groups = [one for one in memory["groups"].values() if one.get("state")]
        overall = max((one["state"] for one in groups), key=lambda one: SEVERITY[one], default="NO DATA")
        changes = [at for at, _, state in memory.get("history") or () if state == overall]
        return overall, changes[-1] if changes else None

    def last_values(self) -> dict[str, dict[str, float]]:
        """Value of each group of each monitor at the last evaluation; computed when asked for."""
        minute = self.evaluated
        if minute is not None and self._values[0] != minute:
            timeline = run(self.account(), self._receiver.store(self._org), minute, minute, strict=False)
            found = {
                str(identifier): {name: float(row[-1]) for name, row in track.values.items() if not np.isnan(row[-1])}
                for identifier, track in timeline.tracks.items()
                if track.times.size
            }
            self._values = (minute, found)
        return self._values[1]

    def _notify(self, monitor: Json, transition: Transition) -> None:
        try:
            records = notify(monitor, transition, self._means)
        except Exception as error:  # noqa: BLE001  # one monitor's handles must not silence the others'
            self._journal.error(f"notification of monitor {monitor['id']} ({monitor.get('name')})", error)
            return
        for record in records:
            self._journal.notification(record)
            if record.get("failed"):
                self._journal.error(
                    f"{record['handle']} of monitor {monitor['id']} ({monitor.get('name')})", record["outcome"]
                )

    def _keep_refusals(self, account: Account, state: State, minute: float) -> None:
        """Why each monitor without a state is not evaluated; a new reason goes to the journal."""
        silent = {str(one["id"]) for one in account.monitors} - state.data["monitors"].keys()
        self.refused = {identifier: reason for identifier, reason in self.refused.items() if identifier in silent}
        if silent <= self.refused.keys():
            return
        timeline = run(account, self._receiver.store(self._org), minute, minute, strict=False)
        for identifier, refusal in timeline.refused.items():
            if str(identifier) not in self.refused:
                self.refused[str(identifier)] = str(refusal)
                self._journal.error(f"monitor {identifier} is not evaluated", str(refusal))

    def _keep_state(self, identifier: str, state: State, transitions: list[Transition]) -> None:
        """The monitor's ``monitor_states`` object, written when something changed."""
        memory = state.data["monitors"].get(identifier)
        known = self._directory.get(self._org, MONITOR_STATES, identifier)
        groups = {name: one for name, one in (memory or {}).get("groups", {}).items() if one.get("state")}
        overall = max((one["state"] for one in groups.values()), key=lambda one: SEVERITY[one], default="NO DATA")
        changed = known is None or known["overall_state"] != SPELLED[overall]
        mine = [one for one in transitions if str(one.monitor_id) == identifier]
        if not changed and not mine and known is not None and known["groups"].keys() == groups.keys():
            return
        old = (known or {}).get("groups", {})
        body = {
            "overall_state": SPELLED[overall],
            "overall_state_modified": _iso(self.evaluated or 0)
            if changed or known is None
            else known["overall_state_modified"],
            "groups": {name: _group(name, one, old.get(name) or {}, mine) for name, one in groups.items()},
        }
        self._directory.put(self._org, MONITOR_STATES, identifier, body)


def _group(name: str, memory: Json, known: Json, transitions: list[Transition]) -> Json:
    group = {
        "name": name,
        "status": SPELLED[memory["state"]],
        "last_triggered_ts": int(memory["last_triggered"]) if memory.get("last_triggered") else None,
        "last_notified_ts": known.get("last_notified_ts"),
        "last_resolved_ts": known.get("last_resolved_ts"),
        "last_nodata_ts": known.get("last_nodata_ts"),
    }
    for one in transitions:
        if one.group_name == name:
            if one.notify:
                group["last_notified_ts"] = int(one.time)
            if one.new == "OK":
                group["last_resolved_ts"] = int(one.time)
            if one.new == "NO DATA":
                group["last_nodata_ts"] = int(one.time)
    return group


def _event(monitor: Json, transition: Transition) -> Event:
    """The event that Datadog posts at each transition (source "alert")."""
    kind = {"ALERT": "error", "WARN": "warning", "OK": "success", "NO DATA": "warning"}[transition.new]
    title = f"[{SPELLED[transition.new]} on {transition.group_name}] {monitor.get('name')}"
    tags = [*(monitor.get("tags") or ()), f"monitor_id:{monitor['id']}", "source:alert"]
    groups = [f"{key}:{value}" for key, value in transition.group.items()]
    tags += groups
    return Event(
        transition.time,
        "events",
        {
            "title": title,
            "message": str(monitor.get("query")),
            "status": kind,
            "source": "alert",
            "priority": "normal",
            "host": "",
            "timestamp": int(transition.time * 1000),
            "tags": tags,
            "attributes": {
                "evt": {"id": f"{monitor['id']}{int(transition.time)}", "name": title, "category": "alert"},
                "title": title,
                "monitor_id": monitor["id"],
                "monitor_groups": groups,
                "monitor": {
                    "id": monitor["id"],
                    "name": monitor.get("name"),
                    "type": monitor["type"],
                    "query": monitor["query"],
                    "groups": groups,
                    "transition": {"from": transition.old, "to": transition.new},
                },
            },
        },
    )


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()
