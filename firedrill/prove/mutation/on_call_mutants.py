"""Mutants of who is paged and what runs: on-call layers, escalation steps, routing rules, workflows."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from firedrill.notify.directory import Directory
from firedrill.notify.oncall.jsonapi import attributes, data
from firedrill.notify.oncall.routing import Alert
from firedrill.notify.paging import page
from firedrill.prove.mutation.mutants import Kind

Json = Mapping[str, Any]
DAY = 86400.0
Fault = tuple[str, Callable[[Any], None]]


def directory_mutants(directory: Directory) -> Iterator[tuple[Kind, str, str, Directory]]:
    """Yield each class (``on-call`` or ``workflow``), name of the object, fault and faulty directory."""
    for schedule in directory.schedules:
        name = attributes(schedule)["name"]
        for fault, changed in _changed(schedule, _layer_faults(schedule, directory.schedules)):
            yield "on-call", name, fault, replace(directory, schedules=_with(directory.schedules, changed))
    for policy in directory.policies:
        name = attributes(policy)["name"]
        for fault, changed in _changed(policy, _step_faults(policy)):
            yield "on-call", name, fault, replace(directory, policies=_with(directory.policies, changed))
    for workflow in directory.workflows:
        name = attributes(workflow)["name"]
        for fault, changed in _changed(workflow, _workflow_faults()):
            yield "workflow", name, fault, replace(directory, workflows=_with(directory.workflows, changed))


def pages_alike(first: Directory, second: Directory, start: float) -> bool:
    """Return whether every team's pages are the same at every half day of eight weeks from ``start``."""
    for team in first.teams:
        for status in ("error", "warn"):
            for half in range(112):
                time = start + half * DAY / 2
                steps = [
                    [(step.time, step.who) for step in page(directory, team, Alert({}, {}, None, status), time).steps]
                    for directory in (first, second)
                ]
                if steps[0] != steps[1]:
                    return False
    return True


def _changed(document: Json, faults: Iterator[Fault]) -> Iterator[tuple[str, Json]]:
    for fault, change in faults:
        changed = copy.deepcopy(dict(document))
        change(attributes(changed))
        if changed != document:
            yield fault, changed


def _with(documents: Sequence[Json], changed: Json) -> list[Json]:
    return [changed if data(item).get("id") == data(changed).get("id") else item for item in documents]


def _layer_faults(schedule: Json, schedules: Sequence[Json]) -> Iterator[Fault]:
    for place, layer in enumerate(attributes(schedule).get("layers") or ()):

        def set_members(members: list[Any], place: int = place) -> Callable[[Any], None]:
            return lambda body: body["layers"][place].update(members=members)

        def set_days(days: float, place: int = place) -> Callable[[Any], None]:
            return lambda body: body["layers"][place]["interval"].update(days=days)

        members = list(layer.get("members") or ())
        for index in range(len(members)):
            yield f"member {index + 1} dropped", set_members(members[:index] + members[index + 1 :])
        yield "rotation reversed", set_members(members[::-1])
        days = (layer.get("interval") or {}).get("days") or 0
        yield "shift doubled", set_days(days * 2)
        for other in schedules:
            layers = attributes(other).get("layers") or ()
            if data(other).get("id") != data(schedule).get("id") and place < len(layers):
                yield f"members of {attributes(other)['name']}", set_members(list(layers[place].get("members") or ()))


def _step_faults(policy: Json) -> Iterator[Fault]:
    steps = list(attributes(policy).get("steps") or ())
    for place, step in enumerate(steps):

        def set_step(place: int = place, **values: Any) -> Callable[[Any], None]:
            return lambda body: body["steps"][place].update(values)

        if len(steps) > 1:
            yield f"step {place + 1} dropped", lambda body, place=place: body["steps"].pop(place)  # type: ignore[misc]  # a list's pop
        if place:
            yield f"step {place + 1} like step {place}", set_step(targets=steps[place - 1]["targets"])
        yield (
            f"step {place + 1} waits twice as long",
            set_step(escalate_after_seconds=step["escalate_after_seconds"] * 2),
        )
        if len(step["targets"]) > 1:
            yield f"step {place + 1} without its first target", set_step(targets=step["targets"][1:])
    yield "no repeats", lambda body: body.update(retries=0)


def _workflow_faults() -> Iterator[Fault]:
    yield "handle changed", lambda body: body["spec"].update(handle=f"{body['spec']['handle']}-2")
    yield "not published", lambda body: body.update(published=False)
    yield (
        "no monitor trigger",
        lambda body: body["spec"].update(
            triggers=[trigger for trigger in body["spec"]["triggers"] if "monitorTrigger" not in trigger]
        ),
    )
