"""On-call schedules (docs.datadoghq.com/incident_response/on-call/schedules).

Layers are in the API's order, which is the page's, top to bottom: a lower one takes precedence where somebody is on
call in it, and overrides take precedence over all. Choice where the pages are silent: a rotation counts on the wall
clock of its layer's zone, so a handoff at 09:00 stays at 09:00 when clocks change (see ``Shift.crosses_clock_change``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dateutil.parser import isoparse

from firedrill.notify.oncall.jsonapi import attributes, data, related, related_id
from firedrill.notify.oncall.restrictions import inside

Json = Mapping[str, Any]
Position = Literal["current", "previous", "next"]
STEPS = {"current": 0, "previous": -1, "next": 1}


@dataclass(frozen=True)
class Override:
    """A user (or nobody) who replaces the user on call in ``[start, end)``."""

    user_id: str | None
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Layer:
    """One rotation. ``members`` are user ids, None an empty shift; ``restrictions`` as in the API."""

    name: str
    effective: datetime
    end: datetime | None
    rotation_start: datetime
    interval: timedelta
    members: tuple[str | None, ...]
    restrictions: tuple[Json, ...]
    zone: ZoneInfo

    def active(self, at: datetime) -> bool:
        """Return whether the layer can have anybody on call at a time."""
        if at < self.effective or (self.end is not None and at >= self.end) or not self.members:
            return False
        return inside(self.restrictions, at.astimezone(self.zone))

    def turn(self, at: datetime) -> int:
        """Return the number of the shift since the rotation started."""
        start = self.rotation_start.astimezone(self.zone).replace(tzinfo=None)
        return (at.astimezone(self.zone).replace(tzinfo=None) - start) // self.interval

    def begins(self, turn: int) -> datetime:
        """Return the start of a shift."""
        start = self.rotation_start.astimezone(self.zone).replace(tzinfo=None)
        return (start + turn * self.interval).replace(tzinfo=self.zone)


@dataclass(frozen=True)
class Shift:
    """A user on call in ``[start, end)`` of a rotation (restrictions may cut it); ``layer`` is None for an override."""

    user_id: str
    start: datetime
    end: datetime
    layer: str | None

    @property
    def crosses_clock_change(self) -> bool:
        """True where clocks change during the shift, so that its end depends on the choice above."""
        return self.start.utcoffset() != self.end.utcoffset()


def read_layers(schedule: Json) -> tuple[Layer, ...]:
    """Return the layers of a schedule, top to bottom."""
    return tuple(_layers(schedule))


def _layers(schedule: Json) -> Iterator[Layer]:
    definition = attributes(schedule)
    for document in definition.get("layers") or related(schedule, data(schedule), "layers"):
        layer = document.get("attributes", document)
        if "effective_date" not in layer:
            raise ValueError(
                f"the layer {document.get('id')} of schedule {definition.get('name')!r} is not included in its JSON"
            )
        interval = layer.get("interval") or {}
        length = timedelta(days=interval.get("days") or 0, seconds=interval.get("seconds") or 0)
        effective = _time(layer["effective_date"])
        yield Layer(
            name=layer.get("name") or "",
            effective=effective,
            end=_time(layer["end_date"]) if layer.get("end_date") else None,
            rotation_start=_time(layer["rotation_start"]) if layer.get("rotation_start") else effective,
            interval=length or timedelta(days=7),
            members=tuple(_members(schedule, document, layer)),
            restrictions=tuple(layer.get("restrictions") or ()),
            zone=ZoneInfo(layer.get("time_zone") or definition.get("time_zone") or "UTC"),
        )


def _members(schedule: Json, document: Json, layer: Json) -> Iterator[str | None]:
    if "members" in layer:
        for member in layer["members"]:
            yield ((member or {}).get("user") or {}).get("id")
        return
    for member in related(schedule, document, "members"):
        yield member["id"] if member.get("type") == "users" else related_id(member, "user")


def _time(value: str | datetime) -> datetime:
    moment = value if isinstance(value, datetime) else isoparse(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def shift_at(
    schedule: Json, at: datetime, overrides: Sequence[Override] = (), position: Position = "current"
) -> Shift | None:
    """Return the shift at a time with a zone; ``previous`` and ``next`` are the neighbours in its rotation."""
    if position == "current":
        for override in reversed(overrides):
            if override.start <= at < override.end:
                return Shift(override.user_id, override.start, override.end, None) if override.user_id else None
    for layer in reversed(read_layers(schedule)):
        if not layer.active(at):
            continue
        turn = layer.turn(at)
        if layer.members[turn % len(layer.members)] is None:
            continue
        turn += STEPS[position]
        user = layer.members[turn % len(layer.members)]
        return Shift(user, layer.begins(turn), layer.begins(turn + 1), layer.name) if user else None
    return None


def on_call_user(
    schedule: Json, at: datetime, overrides: Sequence[Override] = (), position: Position = "current"
) -> str | None:
    """Return the id of the user on call at a time with a zone, None for nobody."""
    shift = shift_at(schedule, at, overrides, position)
    return shift.user_id if shift else None
