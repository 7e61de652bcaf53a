"""On-call schedules and the team behind each, kept so that a page can be sent while Datadog cannot be read."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.datadog.client import Datadog, NotFound, Unreachable

Json = dict[str, Any]
PAGE_SIZE = 100
"""The most that https://docs.datadoghq.com/api/latest/teams/#get-all-teams returns."""
FRESH_SECONDS = 60.0
"""Time for which the schedules are used without reading them again."""
RETRY_SECONDS = 5.0
"""The pause after a read that failed: callers who page meanwhile do not wait for another one."""


@dataclass(frozen=True)
class Schedule:
    """A schedule, and the handle of the team whose routing rules lead to it."""

    id: str
    name: str
    team: str


class Schedules:
    """The schedules as a process knows them. Safe for threads.

    A page must go out while Datadog's API is down (pages have a host of their own), so the last known schedules serve
    where they cannot be read.
    """

    def __init__(self, datadog: Datadog) -> None:
        self._datadog = datadog
        self._lock = threading.Lock()
        self._known: tuple[Schedule, ...] = ()
        self._read_at = self._failed_at = float("-inf")

    def find(self, name: str, *, retry_seconds: float = RETRY_SECONDS) -> Schedule:
        """Return the schedule with this name, else with this unique beginning.

        After a read that failed, ``retry_seconds`` pass until the next one.

        Raises:
            NotFound: There is none, or more than one; the text has all names.
            Unreachable: The schedules cannot be read, and the known ones do not answer.
        """
        with self._lock:
            matches = _matches(self._known, name)
            if len(matches) == 1 and time.monotonic() - self._read_at < FRESH_SECONDS:
                return matches[0]
            try:
                self._refresh(retry_seconds)
            except Unreachable:
                if len(matches) == 1:
                    return matches[0]
                raise
            matches = _matches(self._known, name)
        if len(matches) != 1:
            names = ", ".join(sorted({schedule.name for schedule in self._known})) or "none"
            raise NotFound(f"{'more than one' if matches else 'no'} schedule has this name; there are: {names}")
        return matches[0]

    def _refresh(self, retry_seconds: float) -> None:
        """Read all schedules again, unless that failed a moment ago. Raises :class:`Unreachable`."""
        if time.monotonic() - self._failed_at < retry_seconds:
            raise Unreachable("the on-call schedules could not be read a moment ago", unknown=False)
        try:
            self._known = tuple(self._read())
        except Unreachable:
            self._failed_at = time.monotonic()
            raise
        self._read_at = time.monotonic()

    def _read(self) -> Iterator[Schedule]:
        """Yield all schedules that teams' routing rules lead to: the API does not list schedules."""
        call = self._datadog.call
        seen: set[str] = set()
        for team in self._teams():
            try:
                rules = call("v2.OnCallApi.get_on_call_team_routing_rules", team["id"], include="rules.policy")
            except NotFound:
                continue
            for policy_id in _references(rules, "policy"):
                policy = call("v2.OnCallApi.get_on_call_escalation_policy", policy_id, include="steps.targets")
                for schedule_id in _references(policy, "targets", "schedules"):
                    if schedule_id not in seen:
                        seen.add(schedule_id)
                        schedule = call("v2.OnCallApi.get_on_call_schedule", schedule_id)
                        yield Schedule(
                            schedule_id, schedule["data"]["attributes"]["name"], team["attributes"]["handle"]
                        )

    def _teams(self) -> Iterator[Json]:
        """Yield the organisation's teams, a page at a time."""
        for number in itertools.count():
            teams = self._datadog.call("v2.TeamsApi.list_teams", page_size=PAGE_SIZE, page_number=number)["data"]
            yield from teams
            if len(teams) < PAGE_SIZE:
                return


def _matches(schedules: tuple[Schedule, ...], name: str) -> list[Schedule]:
    """Return the schedules with this name; without one, those whose names begin so."""
    exact = [schedule for schedule in schedules if schedule.name == name]
    return exact or [schedule for schedule in schedules if schedule.name.lower().startswith(name.lower())]


def _references(answer: Json, relation: str, kind: str | None = None) -> list[str]:
    """Return the ids to which included objects (rules, steps) refer by a relation."""
    ids: dict[str, None] = {}
    for included in answer.get("included") or ():
        data: Any = ((included.get("relationships") or {}).get(relation) or {}).get("data") or []
        for reference in data if isinstance(data, list) else [data]:
            if kind is None or str(reference["type"]).startswith(kind):
                ids[str(reference["id"])] = None
    return list(ids)
