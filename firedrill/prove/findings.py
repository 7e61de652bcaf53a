"""What is wrong with a monitor by itself, each fault by its name.

The names come from monitors of public stacks that were deployed, stayed silent or shouted, and were found only live.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firedrill.drill.account import Definitions, stories
from firedrill.drill.scenario import Change
from firedrill.drill.story import SIGNAL
from firedrill.evaluate import Recording, Refused, run
from firedrill.evaluate.event_queries import TRACKS, read_queries
from firedrill.evaluate.events import matching
from firedrill.evaluate.model import Json
from firedrill.notify.lint import lint_message
from firedrill.prove.proof import BEGIN, only
from firedrill.prove.signals import MINUTE, Ordinary, course, recording
from firedrill.query import QueryError, event_reference, metric_references, parse
from firedrill.query.tree import ChainMonitor

SCALED = 8
"""How many times the traffic a healthy service may get without anybody being told."""
HOURS = 5
STORM = 10
"""Groups that may notify one by one; more are a storm."""


@dataclass(frozen=True)
class Finding:
    """A fault by its name, at an alert; ``error``: the alert cannot do its work."""

    alert: str
    fault: str
    text: str
    error: bool = True

    def __str__(self) -> str:
        return f"{self.alert}: {self.fault}: {self.text}"


def findings(definitions: Definitions, ordinary: Ordinary | None) -> list[Finding]:
    """All findings; those that need telemetry only where ordinary telemetry is known."""
    telemetry = steady(ordinary, 1) if ordinary is not None else None
    busy = steady(ordinary, SCALED) if ordinary is not None else None
    anything = everything(ordinary) if ordinary is not None else None
    found: list[Finding] = []
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        found += _message(alert, monitor)
        try:
            if monitor["type"] != "synthetics alert":
                parse(monitor["type"], monitor["query"])
        except QueryError as error:
            found.append(Finding(alert, "not-a-query", str(error)))
            continue
        if telemetry is not None and busy is not None and anything is not None:
            found += _reads_nothing(alert, monitor, anything)
            found += _storm(alert, monitor, telemetry)
            # A signal is a state of things that a composite asks for: it may be on all day.
            if monitor["type"] != "composite" and SIGNAL not in (monitor.get("tags") or ()):
                found += _behaviour(definitions, alert, monitor, telemetry, busy)
    return found


def steady(ordinary: Ordinary, factor: float) -> Recording:
    """Some hours in which nothing happens, at so many times the usual traffic."""
    minutes = HOURS * 60
    courses = {
        name: course(one, [(minutes, None if one.steady else Change(rate=one.rate * factor))])
        for name, one in ordinary.signals.items()
    }
    return recording(ordinary, courses, BEGIN)


def everything(ordinary: Ordinary) -> Recording:
    """Some hours in which all of it happens, also what ordinarily does not (a rate of 0)."""
    courses = {name: course(one, [(HOURS * 60, Change(rate=one.rate or 1))]) for name, one in ordinary.signals.items()}
    return recording(ordinary, courses, BEGIN)


def _message(alert: str, monitor: Json) -> Iterator[Finding]:
    for one in lint_message(monitor):
        yield Finding(alert, "message", one.message, error=one.error)


def _reads_nothing(alert: str, monitor: Json, telemetry: Recording) -> Iterator[Finding]:
    if monitor["type"] == "synthetics alert":
        return
    query = parse(monitor["type"], monitor["query"])
    end = BEGIN + HOURS * 3600
    for reference in metric_references(query):
        tags = [one.tags for one in telemetry.series(reference.metric, BEGIN, end)]
        if not tags:
            yield Finding(alert, "reads-nothing", f"nothing emits {reference.metric}: it can never fire")
            continue
        for wanted in reference.filters:
            pair = f"{wanted.key}:{wanted.value}"
            if wanted.value and "*" not in wanted.value and not any(pair in one for one in tags):
                yield Finding(alert, "reads-nothing", f"no series of {reference.metric} has the tag {pair}")
    asked = event_reference(query)
    if asked is not None and isinstance(query.body, ChainMonitor) and asked.source in TRACKS:
        try:
            queries = read_queries(query, monitor.get("options") or {})
            for one in queries.values():
                if not matching(one, telemetry, BEGIN, end):
                    where = f" in the index {', '.join(sorted(one.indexes))}" if one.indexes else ""
                    yield Finding(
                        alert,
                        "reads-nothing",
                        f"no event of the {one.track}{where} in {HOURS} hours matches {one.search}",
                    )
        except Refused as error:
            yield Finding(alert, "not-a-query", str(error))


def _storm(alert: str, monitor: Json, telemetry: Recording) -> Iterator[Finding]:
    if monitor["type"] == "synthetics alert" or (monitor.get("options") or {}).get("notify_by"):
        return
    for reference in metric_references(parse(monitor["type"], monitor["query"])):
        keys = [word.text for word in reference.group_by]
        groups = {
            tuple(sorted(tag for tag in one.tags if tag.partition(":")[0] in keys))
            for one in telemetry.series(reference.metric, BEGIN, BEGIN + HOURS * 3600)
        }
        if keys and len(groups) > STORM:
            text = (
                f"{len(groups)} groups by {', '.join(keys)} notify one by one when their common cause fails: notify_by"
            )
            yield Finding(alert, "group-storm", text)


def _behaviour(
    definitions: Definitions, alert: str, monitor: Json, telemetry: Recording, busy: Recording
) -> Iterator[Finding]:
    alone = only(definitions, [monitor])
    found = []
    for given in (telemetry, busy):
        timeline = run(alone.account, given, BEGIN + 3600, BEGIN + HOURS * 3600 - MINUTE, strict=False)
        if timeline.refused:
            yield Finding(alert, "refused", str(next(iter(timeline.refused.values()))), error=False)
            return
        told = next(iter(stories(alone, timeline, given).values()))
        states = timeline.states(monitor["id"]).values()
        found.append(any(np.any(one == "ALERT") for one in states))
        if given is telemetry and any(one.notify and one.new == "NO DATA" for one in told.transitions):
            yield Finding(alert, "fires-in-ordinary-time", "tells people about missing data though nothing is wrong")
    if found[0]:
        yield Finding(alert, "fires-in-ordinary-time", "is in alert while everything is as usual")
    elif found[1]:
        yield Finding(
            alert, "counts-traffic", f"fires when a healthy service gets {SCALED} times the traffic: use a ratio",
            error=False,
        )  # fmt: skip
