"""The figures of a proof: of each alert, of each class of faults, and in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from firedrill.evaluate.model import Json
from firedrill.prove.mutation.score import Verdict
from firedrill.prove.proof import Proof, share_caught
from firedrill.scenario.definitions import Definitions


@dataclass(frozen=True)
class AlertFigures:
    """The figures of one alert. ``weekly``: notifications an ordinary week; None where no month was simulated."""

    alert: str
    monitor: Json
    fires_in: Sequence[str]
    quiet_in: Sequence[str]
    verdicts: Sequence[Verdict]
    weekly: float | None
    evidence: Sequence[str]

    @cached_property
    def faults(self) -> Mapping[str, int]:
        """The number of its faults by outcome: caught, survived, equivalent."""
        counts = Counter(verdict.outcome for verdict in self.verdicts)
        return {outcome: counts[outcome] for outcome in ("caught", "survived", "equivalent")}

    @property
    def distinguishable(self) -> int:
        """The number of its faults that do not behave like the original."""
        return self.faults["caught"] + self.faults["survived"]

    def faults_of(self, outcome: str) -> list[str]:
        """Return its faults of an outcome in words."""
        return [verdict.fault for verdict in self.verdicts if verdict.outcome == outcome]


def alert_figures(proof: Proof, definitions: Definitions) -> list[AlertFigures]:
    """Return the figures of each alert, in the order of the program."""
    weeks = proof.noise.weeks
    return [
        AlertFigures(
            alert,
            monitor,
            proof.coverage.fires[alert],
            proof.coverage.quiet[alert],
            [verdict for verdict in proof.verdicts if verdict.alert == alert],
            proof.noise.notified[alert] / weeks if weeks else None,
            _evidence(proof, alert),
        )
        for monitor in definitions.account.monitors
        for alert in [definitions.alert(monitor)]
    ]


def _evidence(proof: Proof, alert: str) -> list[str]:
    evidence = ["real telemetry"] if alert in proof.coverage.real else []
    evidence += ["external telemetry"] if alert in proof.external else []
    ambiguous = any(alert in outcome.ambiguous for outcome in proof.outcomes)
    return evidence + (["an undocumented rule"] if ambiguous else [])


def verdict_line(proof: Proof) -> str:
    """Return the verdict in a few words."""
    count = len(proof.problems())
    reasons = "reason" if count == 1 else "reasons"
    return f"Not proven, for {count} {reasons}." if count else "Proven."


def summary(proof: Proof) -> str:
    """Return the figures of a proof in a sentence each."""
    counts = Counter(verdict.outcome for verdict in proof.verdicts)
    cover = proof.coverage
    sentences = [
        f"{covered(proof)} of {len(cover.fires)} alerts fire in one scenario and stay quiet in another.",
        f"{len(proof.outcomes)} scenarios.",
        f"{len(cover.real)} alerts fire on telemetry that the running service emitted; {len(proof.external)} read only "
        "external telemetry.",
    ]
    if proof.verdicts:
        sentences.append(
            f"{counts['caught']} of {counts['caught'] + counts['survived']} faults are caught ({proof.score:.1%}); "
            f"{counts['equivalent']} more behave like the original on an ordinary month "
            "and on random series longer than their window."
        )
        sentences.append(f"By class: {', '.join(_class_scores(proof))}.")
    if proof.noise.weeks:
        teams = [f"{count / proof.noise.weeks:.2f} for {team}" for team, count in proof.noise.teams.items()]
        sentences.append(
            f"Notifications a week in {proof.noise.weeks:.0f} ordinary weeks: {', '.join(teams) or 'none'}."
        )
    if proof.from_cache.total():
        kept = proof.from_cache
        sentences.append(
            f"Unchanged since an earlier proof: {kept['plays']:,} plays of an alert in a scenario, the faults of "
            f"{kept['faults']} alerts, the months of {kept['months']}; `--no-cache` proves them again."
        )
    if proof.seconds:
        sentences.append(f"The proof took {proof.seconds:.0f} s.")
    return " ".join(sentences)


def covered(proof: Proof) -> int:
    """Return the number of alerts that fire in one scenario and stay quiet in another."""
    cover = proof.coverage
    return sum(bool(scenarios) and bool(cover.quiet.get(alert)) for alert, scenarios in cover.fires.items())


def _class_scores(proof: Proof) -> Iterator[str]:
    """Yield the score of each class of faults."""
    for kind, verdicts in proof.by_class().items():
        counts = Counter(verdict.outcome for verdict in verdicts)
        yield f"{kind} {counts['caught']} of {counts['caught'] + counts['survived']} ({share_caught(verdicts):.1%})"
