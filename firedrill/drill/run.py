"""Run one drill: a healthy, a failing and a remediated segment, judged by the deployed alerts on the virtual clock."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from firedrill.drill import control, traffic
from firedrill.drill.account import run_workflow
from firedrill.evaluate import Timeline, run
from firedrill.notify.deliver import WorkflowRun
from firedrill.sandbox.datadog.live.workflows.execution import WorkflowInstance
from firedrill.scenario.clock import Clock, clock_from
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.judge import judge
from firedrill.scenario.layout import Segment, lay_out
from firedrill.scenario.outcome import AlertOutcome, alert_outcomes
from firedrill.scenario.scenario import CallerBehaviour, GeminiFailure, Scenario
from firedrill.settings import Settings

WARM_UP = 12.0
"""Seconds of traffic before a segment begins, so that slow answers are in full flow."""
PROBES = 40
"""Chats before a failure that the primary model must answer: several for each worker process."""
RECOVERY_DEADLINE = 120.0
"""Seconds within which the primary model must answer the probes."""
BURST = 200
"""Chats after the remediation that the fallback model must answer."""


@dataclass(frozen=True)
class DrillSetup:
    """The sandbox, the definitions and the traffic that all drills of a session share.

    ``length`` is the seconds of a segment, ``rate`` the chats per second, ``log`` prints a line of progress.
    """

    settings: Settings
    recorder: control.Recorder
    definitions: Definitions
    operator_token: str
    primary: str
    fallback: str
    instances: int
    length: float
    rate: float
    log: Callable[[str], None]


@dataclass
class Drill:
    """One drill's outcome. ``workflow`` is None when no alert started the workflow that the scenario names."""

    name: str
    scenario: Scenario
    clock: Clock
    timeline: Timeline
    outcomes: dict[str, AlertOutcome]
    workflow: WorkflowInstance | None = None
    burst: traffic.Answers = field(default_factory=traffic.Answers)
    instances: set[str] = field(default_factory=set)
    segments: list[Segment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def record_segment(setup: DrillSetup, name: str, behaviour: traffic.Behaviour = "usual") -> Segment:
    """Send traffic to the service and return a segment of its telemetry."""
    setup.log(f"  {name}: {setup.rate:g} chats a second for {setup.length + WARM_UP:.0f} s")
    setup.recorder.renew()
    began = time.time()
    start = (began + WARM_UP) // control.FLUSH * control.FLUSH + control.FLUSH
    seconds = start + setup.length - began
    answers = asyncio.run(
        traffic.send(setup.settings.service_url, seconds=seconds, rate=setup.rate, behaviour=behaviour)
    )
    if answers.failures:
        raise control.DrillError(f"{len(answers.failures)} chats got no answer, first: {answers.failures[0]}")
    return setup.recorder.segment(name, start, setup.length, traffic_from=began, chats=answers.count)


def run_drill(setup: DrillSetup, name: str, scenario: Scenario, healthy: Segment) -> Drill:
    """Break the service, evaluate, let the declared workflow remediate it (or end the failure), evaluate and judge."""
    if not isinstance(scenario.given, GeminiFailure | CallerBehaviour):
        raise control.DrillError(f"{name} is not a live drill: `firedrill prove` proves it")
    _wait_for_primary(setup)
    behaviour = _begin_failure(setup, scenario.given)
    try:
        failing = record_segment(setup, "failing", behaviour)
        # The failure begins in its real minute, so that today's person is on call.
        clock = clock_from(scenario, failing.start // 60 * 60 - scenario.timeline.healthy)
        broken = _evaluate(setup, name, scenario, clock, [healthy, failing], end=clock.remediation)
        if not scenario.remediation:
            control.set_failure(setup.settings, None)
            setup.log("  the failure ends by itself")
            remediated = record_segment(setup, "remediated")
            return _judged(setup, name, scenario, clock, [healthy, failing, remediated])
        alert = _alert_that_starts(broken, scenario.remediation)
        if alert is None:
            broken.problems = judge(scenario, broken.outcomes, clock, remediated=False)
            broken.problems.append(f"no alert started the workflow {scenario.remediation}: nothing ended the failure")
            return broken
        outcome, started = alert
        setup.log(f"  {outcome.alert} fires and starts the workflow {started.handle}")
        workflow = run_workflow(setup.settings, setup.definitions, started, outcome)
        burst_from = time.time()
        burst = asyncio.run(traffic.burst(setup.settings.service_url, BURST))
        instances = setup.recorder.instances(burst_from, BURST)
        remediated = record_segment(setup, "remediated")
    finally:
        control.set_failure(setup.settings, None)
        control.set_model(setup.settings, setup.operator_token, setup.primary)
    drill = _judged(setup, name, scenario, clock, [healthy, failing, remediated])
    drill.workflow, drill.burst, drill.instances = workflow, burst, instances
    drill.problems += _remediation_problems(setup, scenario.remediation, drill)
    return drill


def _begin_failure(setup: DrillSetup, given: GeminiFailure | CallerBehaviour) -> traffic.Behaviour:
    """Make Gemini fail where the scenario says so, and return the behaviour of the callers."""
    if isinstance(given, CallerBehaviour):
        return given.callers
    model = {"primary": setup.primary, "fallback": setup.fallback, "*": "*"}[given.model]
    control.set_failure(setup.settings, given, model)
    return "usual"


def _remediation_problems(setup: DrillSetup, workflow: str, drill: Drill) -> list[str]:
    """Return the differences from a remediation after which every instance answers with the fallback model."""
    problems = []
    if drill.burst.models != {setup.fallback: BURST}:
        models = dict(drill.burst.models) or "no model"
        problems.append(f"after {workflow}, {setup.fallback} did not answer all chats: {models}")
    if len(drill.instances) < setup.instances:
        problems.append(f"{len(drill.instances)} of {setup.instances} instances answered after {workflow}")
    return problems


def _wait_for_primary(setup: DrillSetup) -> None:
    """Wait until the primary model answers every chat; circuit breakers may still be open after the last drill."""
    deadline = time.monotonic() + RECOVERY_DEADLINE
    while True:
        answers = asyncio.run(traffic.burst(setup.settings.service_url, PROBES))
        if answers.models == {setup.primary: PROBES}:
            return
        if time.monotonic() > deadline:
            counts = dict(answers.models) if answers.models else dict(answers.statuses)
            raise control.DrillError(f"{setup.primary} does not answer all chats before the failure: {counts}")
        time.sleep(2)


def _judged(setup: DrillSetup, name: str, scenario: Scenario, clock: Clock, segments: list[Segment]) -> Drill:
    drill = _evaluate(setup, name, scenario, clock, segments, end=clock.end)
    drill.segments = segments
    drill.problems = judge(scenario, drill.outcomes, clock)
    return drill


def _evaluate(
    setup: DrillSetup, name: str, scenario: Scenario, clock: Clock, segments: list[Segment], *, end: float
) -> Drill:
    """Evaluate the account's monitors on the segments, from the clock's start to an end."""
    phases = scenario.timeline
    lengths = [float(seconds) for seconds in (phases.healthy, phases.failing, phases.remediated)]
    telemetry = lay_out(list(zip(segments, lengths, strict=False)), clock.start)  # the last phase may be missing
    timeline = run(setup.definitions.account, telemetry, clock.evaluation_start, end)
    for monitor_id, refused in timeline.refused.items():
        monitor = next(monitor["name"] for monitor in setup.definitions.account.monitors if monitor["id"] == monitor_id)
        raise control.DrillError(f"monitor {monitor!r} cannot be evaluated: {refused}")
    return Drill(name, scenario, clock, timeline, alert_outcomes(setup.definitions, timeline, telemetry))


def _alert_that_starts(drill: Drill, workflow: str) -> tuple[AlertOutcome, WorkflowRun] | None:
    """Return the first alert whose notification starts a workflow, with that run."""
    for outcome in drill.outcomes.values():
        for started in outcome.workflow_runs():
            if started.handle == workflow:
                return outcome, started
    return None
