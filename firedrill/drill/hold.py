"""Holds one drill: healthy, failing, remediated; then judges the account's own alerts on the virtual clock."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from firedrill.drill import control, traffic
from firedrill.drill.account import Definitions, run_workflow, stories
from firedrill.drill.layout import Segment, lay_out
from firedrill.drill.scenario import LIVE, Callers, Failure, Scenario
from firedrill.drill.story import Clock, Story, judge
from firedrill.evaluate import Timeline, run
from firedrill.notify.deliver import WorkflowRun
from firedrill.sandbox.datadog.live.workflows import Run
from firedrill.sandbox.settings import Settings

WARM_UP = 12.0
"""Seconds of traffic before a segment begins, so that slow answers are in full flow."""
PROBES = 40
"""Chats before a failure that must all be answered by the primary model: several for each process."""
RECOVERY_DEADLINE = 120.0
BURST = 200
"""Chats after the remediation that must all be answered by the new model."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """What every drill of a session shares."""

    settings: Settings
    recorder: control.Recorder
    definitions: Definitions
    operator_token: str
    primary: str
    fallback: str
    instances: int
    length: float
    rate: float
    say: Say


@dataclass
class Drill:
    """One drill's outcome. ``workflow`` is None when no alert started the one that the scenario names."""

    name: str
    scenario: Scenario
    clock: Clock
    timeline: Timeline
    stories: dict[str, Story]
    workflow: Run | None = None
    burst: traffic.Answers = field(default_factory=traffic.Answers)
    instances: set[str] = field(default_factory=set)
    segments: list[Segment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def record(bench: Bench, name: str, behaviour: traffic.Behaviour = "usual") -> Segment:
    """One segment of real traffic."""
    bench.say(f"  {name}: {bench.rate:g} chats a second for {bench.length + WARM_UP:.0f} s")
    bench.recorder.renew()
    began = time.time()
    start = (began + WARM_UP) // control.FLUSH * control.FLUSH + control.FLUSH
    answers = asyncio.run(
        traffic.send(
            bench.settings.service_url, seconds=start + bench.length - began, rate=bench.rate, behaviour=behaviour
        )
    )
    if answers.failures:
        raise control.DrillError(f"{len(answers.failures)} chats got no answer at all, first: {answers.failures[0]}")
    return bench.recorder.segment(name, start, bench.length, traffic_from=began, chats=answers.count)


def hold(bench: Bench, name: str, scenario: Scenario, healthy: Segment) -> Drill:
    """Break, record, evaluate, remediate by the declared workflow (or let the failure end), record, evaluate, judge."""
    if not isinstance(scenario.given, LIVE):
        raise control.DrillError(f"{name} is no live drill: `firedrill prove` proves it")
    line = scenario.timeline
    _ready(bench)
    if isinstance(scenario.given, Failure):
        model = {"primary": bench.primary, "fallback": bench.fallback, "*": "*"}[scenario.given.model]
        control.set_failure(bench.settings, scenario.given, model)
    try:
        failing = record(bench, "failing", scenario.given.callers if isinstance(scenario.given, Callers) else "usual")
        clock = _clock(scenario, failing.start)
        laid = [(healthy, float(line.healthy)), (failing, float(line.failing))]
        broken = _evaluate(bench, name, scenario, clock, laid, end=clock.remediation)
        if not scenario.remediation:
            control.set_failure(bench.settings, None)
            bench.say("  the failure ends by itself")
            remediated = record(bench, "remediated")
            return _judged(bench, name, scenario, clock, [healthy, failing, remediated])
        starting = _starts(broken, scenario.remediation)
        if starting is None:
            broken.problems = judge(scenario, broken.stories, clock, remediated=False)
            broken.problems.append(f"no alert started the workflow {scenario.remediation}: nothing ended the failure")
            return broken
        story, started = starting
        bench.say(f"  {story.alert} fires and starts the workflow {started.handle}")
        workflow = run_workflow(bench.settings, bench.definitions, started, story)
        burst_from = time.time()
        burst = asyncio.run(traffic.burst(bench.settings.service_url, BURST))
        instances = bench.recorder.instances(burst_from, BURST)
        remediated = record(bench, "remediated")
    finally:
        control.set_failure(bench.settings, None)
        control.set_model(bench.settings, bench.operator_token, bench.primary)
    drill = _judged(bench, name, scenario, clock, [healthy, failing, remediated])
    drill.workflow, drill.burst, drill.instances = workflow, burst, instances
    if burst.models != {bench.fallback: BURST}:
        answered = dict(burst.models) or "no model"
        drill.problems.append(
            f"after {scenario.remediation}, not all chats were answered by {bench.fallback}: {answered}"
        )
    if len(instances) < bench.instances:
        drill.problems.append(f"{len(instances)} of {bench.instances} instances answered after {scenario.remediation}")
    return drill


def _ready(bench: Bench) -> None:
    """Wait until the primary model answers every chat again: circuit breakers remember the drill before for a while."""
    deadline = time.monotonic() + RECOVERY_DEADLINE
    while True:
        answers = asyncio.run(traffic.burst(bench.settings.service_url, PROBES))
        if answers.models == {bench.primary: PROBES}:
            return
        if time.monotonic() > deadline:
            told = dict(answers.models) if answers.models else dict(answers.statuses)
            raise control.DrillError(f"{bench.primary} does not answer all chats before the failure: {told}")
        time.sleep(2)


def _judged(bench: Bench, name: str, scenario: Scenario, clock: Clock, segments: list[Segment]) -> Drill:
    line = scenario.timeline
    lengths = (float(line.healthy), float(line.failing), float(line.remediated))
    drill = _evaluate(bench, name, scenario, clock, list(zip(segments, lengths, strict=True)), end=clock.end)
    drill.segments = segments
    drill.problems = judge(scenario, drill.stories, clock)
    return drill


def _clock(scenario: Scenario, failure: float) -> Clock:
    """The failure begins at the minute in which it really began, so that the person on call is the one of today."""
    began = failure // 60 * 60
    line = scenario.timeline
    ended = began + line.failing
    return Clock(began - line.healthy, began, ended, ended + line.remediated)


def _evaluate(
    bench: Bench, name: str, scenario: Scenario, clock: Clock, laid: list[tuple[Segment, float]], *, end: float
) -> Drill:
    """The account's monitors on the segments, from the clock's start to an end."""
    telemetry = lay_out(laid, clock.start)
    timeline = run(bench.definitions.account, telemetry, clock.watched, end)
    for monitor_id, refused in timeline.refused.items():
        monitor = next(one["name"] for one in bench.definitions.account.monitors if one["id"] == monitor_id)
        raise control.DrillError(f"monitor {monitor!r} cannot be evaluated: {refused}")
    return Drill(name, scenario, clock, timeline, stories(bench.definitions, timeline, telemetry))


def _starts(drill: Drill, workflow: str) -> tuple[Story, WorkflowRun] | None:
    """The first alert whose notification starts a workflow."""
    return next(
        (
            (story, started)
            for story in drill.stories.values()
            for started in story.runs()
            if started.handle == workflow
        ),
        None,
    )
