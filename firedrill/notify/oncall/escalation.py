"""Escalation of a page through its policy's steps, until somebody acknowledges.

docs.datadoghq.com/incident_response/on-call/escalation_policies. Times are epoch seconds. The user on call is read
when a step runs; the page resolves after the last step's delay where the policy says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from firedrill.notify.oncall.jsonapi import attributes, data, related, related_id
from firedrill.notify.oncall.schedule import Position

Json = Mapping[str, Any]
Status = Literal["triggered", "acknowledged", "resolved"]
TYPES = {"users": "user", "schedules": "schedule", "teams": "team"}


@dataclass(frozen=True)
class EscalationTarget:
    """A user, a schedule (with a position in its rotation) or a team, by id."""

    kind: Literal["user", "schedule", "team"]
    id: str
    position: Position = "current"


@dataclass(frozen=True)
class EscalationStep:
    """All targets at once, or one of them in turn; the next step follows after ``escalate_after`` seconds."""

    targets: tuple[EscalationTarget, ...]
    escalate_after: float
    round_robin: bool = False


@dataclass(frozen=True)
class Policy:
    """An escalation policy; its steps run ``retries`` + 1 times."""

    name: str
    steps: tuple[EscalationStep, ...]
    retries: int = 0
    resolve_on_end: bool = False


@dataclass(frozen=True)
class PagingStep:
    """Users paged by a step: ``who`` are their ids, ``step`` and ``round`` count from 1, ``why`` is the assignment."""

    time: float
    who: tuple[str, ...]
    step: int
    round: int
    why: str
    urgency: str = "high"


@dataclass(frozen=True)
class Escalation:
    """All steps in order, and the status of the page after the policy (since ``ended``, if it ended)."""

    steps: tuple[PagingStep, ...]
    status: Status
    ended: float | None = None


UsersReached = Callable[[EscalationTarget, float], Sequence[str]]


def read_policy(policy: Json) -> Policy:
    """Read a policy from the API's JSON: a response with included steps, or a request."""
    definition = attributes(policy)
    steps = definition.get("steps") or related(policy, data(policy), "steps")
    return Policy(
        name=definition.get("name") or "",
        steps=tuple(_step(policy, step) for step in steps),
        retries=definition.get("retries") or 0,
        resolve_on_end=bool(definition.get("resolve_page_on_policy_end")),
    )


def _step(policy: Json, step: Json) -> EscalationStep:
    definition = step.get("attributes", step)
    if "escalate_after_seconds" not in definition:
        raise ValueError(f"the step {step.get('id')} of policy {attributes(policy).get('name')!r} is not included")
    targets = definition.get("targets") or related(policy, step, "targets")
    return EscalationStep(
        tuple(_targets(targets)), definition["escalate_after_seconds"], definition.get("assignment") == "round-robin"
    )


def _targets(targets: Sequence[Json]) -> Iterator[EscalationTarget]:
    for target in targets:
        if target["type"] == "schedule_target":
            schedule = related_id(target, "schedule") or target["id"].rpartition("_")[0]
            position = (target.get("attributes") or {}).get("position") or target["id"].rpartition("_")[2]
            yield EscalationTarget("schedule", schedule, cast("Position", position))
            continue
        kind = TYPES[target["type"]]
        position = ((target.get("config") or {}).get("schedule") or {}).get("position") or "current"
        yield EscalationTarget(cast("Any", kind), target["id"], cast("Position", position))


def escalate(
    policy: Policy, start: float, users_reached: UsersReached, acknowledged: float | None = None, page_number: int = 0
) -> Escalation:
    """Run a policy from ``start``.

    ``users_reached`` returns the users of a target at a time. An acknowledgement at or before a step's time stops it.
    ``page_number`` is the number of earlier pages: a round-robin step takes the next target in turn. A step that
    reaches nobody is skipped at once.
    """
    steps: list[PagingStep] = []
    time = start
    for attempt in range(policy.retries + 1):
        for number, step in enumerate(policy.steps):
            if acknowledged is not None and acknowledged <= time:
                return Escalation(tuple(steps), "acknowledged", acknowledged)
            who, why = _paged(step, time, users_reached, page_number)
            if who:
                steps.append(PagingStep(time, who, number + 1, attempt + 1, why))
                time += step.escalate_after
    if acknowledged is not None and (acknowledged <= time or not policy.resolve_on_end):
        return Escalation(tuple(steps), "acknowledged", acknowledged)
    return (
        Escalation(tuple(steps), "resolved", time) if policy.resolve_on_end else Escalation(tuple(steps), "triggered")
    )


def _paged(
    step: EscalationStep, time: float, users_reached: UsersReached, page_number: int
) -> tuple[tuple[str, ...], str]:
    if not step.round_robin:
        who = tuple(dict.fromkeys(user for target in step.targets for user in users_reached(target, time)))
        return who, "all targets: " + ", ".join(_named(target) for target in step.targets)
    turns = [(user, target) for target in step.targets for user in users_reached(target, time)]
    if not turns:
        return (), ""
    user, target = turns[page_number % len(turns)]
    return (user,), f"round robin, turn {page_number % len(turns) + 1} of {len(turns)}: {_named(target)}"


def _named(target: EscalationTarget) -> str:
    where = "" if target.position == "current" else f" ({target.position})"
    return f"{target.kind} {target.id}{where}"
