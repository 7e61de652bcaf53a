"""Score scenarios by mutants: which faults a scenario catches, which are equivalent, and which survive."""

from collections.abc import Sequence
from dataclasses import dataclass

from firedrill.evaluate import MeasurementCache, Refused, run
from firedrill.evaluate.model import Json
from firedrill.prove.dependencies import EVENTS, readable_text
from firedrill.prove.mutation.equivalent import equivalent_mutants
from firedrill.prove.mutation.mutants import Kind, Mutant, mutants, mutated
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.play import judge_all
from firedrill.prove.staging import TRACK, StagedScenario
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import alert_outcomes


@dataclass(frozen=True)
class Verdict:
    """The verdict on one fault of an alert, or of an on-call definition, workflow or log pipeline of that name.

    ``outcome`` is ``caught`` (by a scenario), ``equivalent`` or ``survived``.
    """

    alert: str
    fault: str
    outcome: str
    kind: Kind


def score(
    definitions: Definitions, monitor: Json, staged: Sequence[StagedScenario], ordinary: Ordinary
) -> list[Verdict]:
    """Return the verdict on every fault of one monitor."""
    alert = definitions.alert(monitor)
    distinct = distinct_scenarios(definitions, monitor, staged).values()
    scenarios = [(item, MeasurementCache(item.telemetry)) for item in distinct]
    verdicts: list[Verdict] = []
    survivors: list[Mutant] = []
    for mutant in mutants(monitor, definitions.account):
        if _is_caught(mutated(definitions, mutant), alert, scenarios):
            verdicts.append(Verdict(alert, mutant.fault, "caught", mutant.kind))
        else:
            survivors.append(mutant)
    if survivors:
        equivalent = equivalent_mutants(definitions, monitor, survivors, ordinary)
        verdicts += [
            Verdict(alert, survivor.fault, "equivalent" if survivor in equivalent else "survived", survivor.kind)
            for survivor in survivors
        ]
    return verdicts


def distinct_scenarios(
    definitions: Definitions, monitor: Json, staged: Sequence[StagedScenario]
) -> dict[object, StagedScenario]:
    """Return the scenarios that may judge this monitor differently, those with an expectation of its alert first.

    In many scenarios a monitor reads the same telemetry and is expected to do the same: one of them is enough. They are
    listed by what the monitor meets in them: the clock, the expectations and the digests of what it reads.
    """
    alert, text = definitions.alert(monitor), readable_text(definitions, monitor)
    distinct: dict[object, StagedScenario] = {}
    in_time = [item for item in staged if not item.delays]
    for item in sorted(in_time, key=lambda item: not item.scenario.expectations_of(alert)):
        expectations = [expectation.model_dump_json() for expectation in item.scenario.expectations_of(alert)]
        distinct.setdefault((item.clock, *expectations, _read_digests(item, text)), item)
    return distinct


def _read_digests(staged: StagedScenario, text: str) -> tuple[tuple[str, bytes], ...]:
    """Return the digests of the metrics that a monitor's text names, and of all events if it may read events."""
    return tuple(
        (name, digest)
        for name, digest in staged.digests.items()
        if (name in text if not name.startswith(TRACK) else EVENTS in text)
    )


def _is_caught(faulty: Definitions, alert: str, scenarios: Sequence[tuple[StagedScenario, MeasurementCache]]) -> bool:
    """Return whether a faulty alert is not as expected in any scenario, or cannot be evaluated."""
    for staged, cache in scenarios:
        clock = staged.clock
        try:
            timeline = run(faulty.account, staged.telemetry, clock.evaluation_start, clock.end, cache=cache)
        except (Refused, ValueError):
            return True
        outcome = alert_outcomes(faulty, timeline, staged.telemetry)[alert]
        if judge_all(staged.for_alert(alert), {alert: outcome}):
            return True
    return False
