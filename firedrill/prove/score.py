"""Which faults the scenarios catch, which nothing can tell apart, and which survive."""

from collections.abc import Sequence
from dataclasses import dataclass

from firedrill.drill.account import Definitions, stories
from firedrill.drill.story import judge
from firedrill.evaluate import Memo, Refused, run
from firedrill.evaluate.model import Json
from firedrill.prove.equivalent import indistinguishable
from firedrill.prove.mutants import mutants
from firedrill.prove.proof import TRACK, Staged, more
from firedrill.prove.reads import EVENTS, mutated, reads
from firedrill.prove.signals import Ordinary


@dataclass(frozen=True)
class Verdict:
    """One fault. ``outcome``: caught (by a scenario, named), equivalent, or survived."""

    alert: str
    what: str
    outcome: str
    by: str = ""


def score(definitions: Definitions, monitor: Json, staged: Sequence[Staged], ordinary: Ordinary) -> list[Verdict]:
    """Every fault of one monitor."""
    alert = definitions.alert(monitor)
    told_apart = [(one, Memo(one.telemetry)) for one in distinct(definitions, monitor, staged)]
    verdicts, survivors = [], []
    for mutant in mutants(monitor, definitions.account):
        by = caught(mutated(definitions, mutant), alert, told_apart)
        if by is None:
            survivors.append(mutant)
        else:
            verdicts.append(Verdict(alert, mutant.what, "caught", by))
    if survivors:
        same = indistinguishable(definitions, monitor, survivors, ordinary)
        verdicts += [Verdict(alert, one.what, "equivalent" if one in same else "survived") for one in survivors]
    return verdicts


def distinct(definitions: Definitions, monitor: Json, staged: Sequence[Staged]) -> list[Staged]:
    """The scenarios that can judge this monitor differently, those that say something about its alert first.

    In many scenarios a monitor reads the same telemetry, and the same is expected of it: one of them is enough.
    """
    alert, read = definitions.alert(monitor), reads(definitions, monitor)
    found: dict[object, Staged] = {}
    for one in sorted(staged, key=lambda one: all(said.alert != alert for said in one.scenario.then)):
        said = [said.model_dump_json() for said in one.scenario.then if said.alert == alert]
        found.setdefault((one.clock, *said, _digest(one, read)), one)
    return list(found.values())


def _digest(staged: Staged, read: str) -> tuple[tuple[str, bytes], ...]:
    """Of the metrics that a text names, and of every event if it may read events."""
    return tuple(
        (name, digest)
        for name, digest in staged.digests.items()
        if (name in read if not name.startswith(TRACK) else EVENTS in read)
    )


def caught(faulty: Definitions, alert: str, staged: Sequence[tuple[Staged, Memo]]) -> str | None:
    """The first scenario that is not as it says."""
    for one, memo in staged:
        try:
            timeline = run(faulty.account, one.telemetry, one.clock.watched, one.clock.end, memo=memo)
        except (Refused, ValueError):
            return "the evaluator refuses it"
        story = stories(faulty, timeline, one.telemetry)[alert]
        mine = one.scenario.model_copy(update={"then": [said for said in one.scenario.then if said.alert == alert]})
        if judge(mine, {alert: story}, one.clock) or more(mine, {alert: story}, one.clock):
            return one.name
    return None
