"""Monitors: evaluated every minute on the received telemetry, with their states stored and notifications sent."""

import asyncio
import time
from collections.abc import Callable
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
    iso_time,
)
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.notifications import NotificationTargets, notify

Json = dict[str, Any]
MINUTE_SECONDS = 60
DELAY_SECONDS = 2.0
"""Delay of a minute's evaluation, so that the last flush and the tracer's last payload have arrived."""
STATE_KIND = "evaluator_state"
API_STATES = {"OK": "OK", "WARN": "Warn", "ALERT": "Alert", "NO DATA": "No Data"}
"""States in the API's spelling."""


class MonitorEvaluator:
    """Evaluation of one organisation's monitors. Its state is stored as an object, so a restart continues it."""

    def __init__(
        self,
        directory: Directory,
        receiver: Receiver,
        journal: Journal,
        targets: NotificationTargets,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._receiver, self._org = directory, receiver, receiver.agent_org
        self._journal, self._targets, self._clock = journal, targets, clock
        self.evaluated: float | None = None
        self.refused: dict[str, str] = {}
        self._values: tuple[float | None, dict[str, dict[str, float]]] = (None, {})

    async def run_forever(self) -> None:
        """Evaluate each minute until cancelled; record errors in the journal."""
        while True:
            now = self._clock()
            minute = (now - DELAY_SECONDS) // MINUTE_SECONDS * MINUTE_SECONDS + MINUTE_SECONDS
            await asyncio.sleep(minute + DELAY_SECONDS - now)
            try:
                await asyncio.to_thread(self.evaluate_minute, minute)
            except Exception as error:  # noqa: BLE001  # one failed minute must not end the evaluation
                self._journal.add_error(f"evaluation at {iso_time(minute)}", error)

    def account(self) -> Account:
        """Return the current definitions."""
        kinds = (MONITORS, SLOS, DOWNTIMES, SLO_CORRECTIONS, SYNTHETICS_TESTS)
        return Account(*(self._directory.objects(self._org, kind) for kind in kinds))

    def state(self) -> State:
        """Return the memory after the last evaluation."""
        saved = self._directory.get(self._org, STATE_KIND, "state")
        return State(saved) if saved is not None else State()

    def evaluate_minute(self, minute: float) -> list[Transition]:
        """Evaluate a minute (epoch seconds), store its states and notify; return the transitions."""
        account, store = self.account(), self._receiver.store(self._org)
        state, transitions = advance(account, self.state(), minute, store, strict=False)
        self._directory.store.put(self._org, STATE_KIND, "state", state.data)
        self.evaluated = minute
        self._update_refusals(account, state, minute)
        monitors = {str(monitor["id"]): monitor for monitor in account.monitors}
        for identifier in monitors:
            self._store_state(identifier, state, transitions)
        store.append_events(_event(monitors[str(transition.monitor_id)], transition) for transition in transitions)
        for transition in transitions:
            if transition.notify:
                self._notify(monitors[str(transition.monitor_id)], transition)
        return transitions

    def state_of(self, monitor_id: str) -> tuple[str | None, float | None]:
        """Return the most severe state of a monitor's groups and its start, or None before the first evaluation."""
        memory = self.state().data["monitors"].get(monitor_id)
        if memory is None:
            return None, None
        groups = [group for group in memory["groups"].values() if group.get("state")]
        overall = max((group["state"] for group in groups), key=SEVERITY.__getitem__, default="NO DATA")
        changes = [at for at, _, state in memory.get("history") or () if state == overall]
        return overall, changes[-1] if changes else None

    def last_values(self) -> dict[str, dict[str, float]]:
        """Return the value of each group of each monitor at the last evaluation, computed on demand."""
        minute = self.evaluated
        if minute is not None and self._values[0] != minute:
            timeline = run(self.account(), self._receiver.store(self._org), minute, minute, strict=False)
            values = {
                str(identifier): {name: float(row[-1]) for name, row in track.values.items() if not np.isnan(row[-1])}
                for identifier, track in timeline.monitors.items()
                if track.times.size
            }
            self._values = (minute, values)
        return self._values[1]

    def _notify(self, monitor: Json, transition: Transition) -> None:
        try:
            records = notify(monitor, transition, self._targets)
        except Exception as error:  # noqa: BLE001  # one monitor's error must not stop the others' notifications
            self._journal.add_error(f"notification of monitor {monitor['id']} ({monitor.get('name')})", error)
            return
        for record in records:
            self._journal.add_notification(record)
            if record.get("failed"):
                self._journal.add_error(
                    f"{record['handle']} of monitor {monitor['id']} ({monitor.get('name')})", record["outcome"]
                )

    def _update_refusals(self, account: Account, state: State, minute: float) -> None:
        """Update the reasons why monitors are not evaluated; record new ones in the journal."""
        not_evaluated = {str(monitor["id"]) for monitor in account.monitors} - state.data["monitors"].keys()
        self.refused = {
            identifier: reason for identifier, reason in self.refused.items() if identifier in not_evaluated
        }
        if not_evaluated <= self.refused.keys():
            return
        timeline = run(account, self._receiver.store(self._org), minute, minute, strict=False)
        for identifier, refusal in timeline.refused.items():
            if str(identifier) not in self.refused:
                self.refused[str(identifier)] = str(refusal)
                self._journal.add_error(f"monitor {identifier} is not evaluated", str(refusal))

    def _store_state(self, identifier: str, state: State, transitions: list[Transition]) -> None:
        """Store the monitor's ``monitor_states`` object if something has changed."""
        memory = state.data["monitors"].get(identifier)
        stored = self._directory.get(self._org, MONITOR_STATES, identifier)
        groups = {name: group for name, group in (memory or {}).get("groups", {}).items() if group.get("state")}
        overall = max((group["state"] for group in groups.values()), key=SEVERITY.__getitem__, default="NO DATA")
        changed = stored is None or stored["overall_state"] != API_STATES[overall]
        own_transitions = [transition for transition in transitions if str(transition.monitor_id) == identifier]
        if not changed and not own_transitions and stored is not None and stored["groups"].keys() == groups.keys():
            return
        stored_groups = (stored or {}).get("groups", {})
        body = {
            "overall_state": API_STATES[overall],
            "overall_state_modified": iso_time(self.evaluated or 0)
            if changed or stored is None
            else stored["overall_state_modified"],
            "groups": {
                name: _group(name, group, stored_groups.get(name) or {}, own_transitions)
                for name, group in groups.items()
            },
        }
        self._directory.put(self._org, MONITOR_STATES, identifier, body)


def _group(name: str, memory: Json, stored: Json, transitions: list[Transition]) -> Json:
    group = {
        "name": name,
        "status": API_STATES[memory["state"]],
        "last_triggered_ts": int(memory["last_triggered"]) if memory.get("last_triggered") else None,
        "last_notified_ts": stored.get("last_notified_ts"),
        "last_resolved_ts": stored.get("last_resolved_ts"),
        "last_nodata_ts": stored.get("last_nodata_ts"),
    }
    for transition in transitions:
        if transition.group_name == name:
            if transition.notify:
                group["last_notified_ts"] = int(transition.time)
            if transition.new == "OK":
                group["last_resolved_ts"] = int(transition.time)
            if transition.new == "NO DATA":
                group["last_nodata_ts"] = int(transition.time)
    return group


def _event(monitor: Json, transition: Transition) -> Event:
    """Return the event that Datadog posts at a transition (source "alert")."""
    kind = {"ALERT": "error", "WARN": "warning", "OK": "success", "NO DATA": "warning"}[transition.new]
    title = f"[{API_STATES[transition.new]} on {transition.group_name}] {monitor.get('name')}"
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
