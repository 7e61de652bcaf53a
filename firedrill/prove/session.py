"""All that ``firedrill prove`` does, on both cores: scenarios, faults, ordinary months, findings; then the report."""

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from firedrill.drill.account import Definitions
from firedrill.drill.scenario import Scenario, load_all
from firedrill.prove import signals
from firedrill.prove.findings import Finding, findings
from firedrill.prove.links import links, recorded
from firedrill.prove.months import Noise, month, noise
from firedrill.prove.proof import Coverage, Outcome, Staged, coverage, play, stage
from firedrill.prove.reads import relevant
from firedrill.prove.score import Verdict, score
from firedrill.prove.signals import Ordinary

LEAST_SCORE = 0.95
"""The share of faults that scenarios have to catch, of those that can be told apart."""


@dataclass(frozen=True)
class Bench:
    """What everything works on."""

    definitions: Definitions
    ordinary: Ordinary
    scenarios: dict[str, Scenario]
    folder: Path

    def staged(self) -> list[Staged]:
        """The scenarios with their telemetry."""
        made = (stage(name, one, self.ordinary, self.folder) for name, one in self.scenarios.items())
        return [one for one in made if one is not None]


@dataclass
class Proof:
    """What was found."""

    outcomes: list[Outcome]
    coverage: Coverage
    unrecorded: list[str]
    verdicts: list[Verdict] = field(default_factory=list)
    noise: Noise = field(default_factory=lambda: Noise(0, Counter(), Counter(), Counter(), Counter()))
    findings: list[Finding] = field(default_factory=list)
    budget: dict[str, float] = field(default_factory=dict)
    external: set[str] = field(default_factory=set)
    """Alerts on nothing that the service itself emits: no recording of it can make them fire."""
    took: float = 0.0

    @property
    def score(self) -> float:
        """The share of faults that were caught, of those that can be told apart."""
        counts = Counter(one.outcome for one in self.verdicts)
        whole = counts["caught"] + counts["survived"]
        return counts["caught"] / whole if whole else 1.0

    def problems(self) -> list[str]:
        """Why the proof fails, a line each that names its alert; empty when it holds."""
        found = [f"scenario {one.staged.name}: {line}" for one in self.outcomes for line in one.problems]
        found += self.coverage.problems()
        if self.score < LEAST_SCORE:
            found += [
                f"{one.alert}: no scenario notices {one.what}" for one in self.verdicts if one.outcome == "survived"
            ]
        found += self.noise.problems(self.budget) if self.noise.weeks else []
        return found + [str(one) for one in self.findings if one.error]


def bench(definitions: Definitions, folder: Path, scenarios: Path | None = None) -> Bench:
    """Read a folder ``drills``: its scenarios and ordinary telemetry."""
    found = load_all(scenarios or folder / "scenarios")
    return Bench(definitions, signals.load(folder / "ordinary.yaml"), found, folder)


def external(definitions: Definitions, ordinary: Ordinary) -> set[str]:
    """Alerts that read only signals of which others than the service are the source."""
    found = set()
    for monitor in definitions.account.monitors:
        sources = {one.source for one in relevant(definitions, monitor, ordinary).signals.values()}
        if sources == {"external"}:
            found.add(definitions.alert(monitor))
    return found


_WORKER: dict[str, object] = {}


def _begin(given: Bench, staged: list[Staged]) -> None:
    _WORKER["bench"], _WORKER["staged"] = given, staged


def _given() -> tuple[Bench, list[Staged]]:
    return _WORKER["bench"], _WORKER["staged"]  # type: ignore[return-value]  # set by the initializer


def _played(place: int) -> Outcome:
    given, staged = _given()
    return play(given.definitions, staged[place])


def _scored(place: int) -> list[Verdict]:
    given, staged = _given()
    return score(given.definitions, given.definitions.account.monitors[place], staged, given.ordinary)


def _noisy(seed: int) -> Noise:
    given, _ = _given()
    return noise(given.definitions, month(given.ordinary, seed))


def months(definitions: Definitions, ordinary: Ordinary, seeds: int) -> Noise:
    """Only the noise of ordinary months."""
    given = Bench(definitions, ordinary, {}, Path())
    silence = Noise(0, Counter(), Counter(), Counter(), Counter())
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=_begin, initargs=(given, [])) as pool:
        return sum(pool.map(_noisy, range(seeds)), silence)


def prove(given: Bench, *, seeds: int = 20, faults: bool = True, root: Path | None = None) -> Proof:
    """The whole proof, on all cores; without faults and seeds only what takes seconds.

    ``root``: the checkout whose runbooks and recordings the alerts point at; None for those of another account.
    """
    began = time.monotonic()
    staged = given.staged()
    names = {one.name for one in staged}
    missing = [name for name in given.scenarios if name not in names]
    proof = Proof([], coverage(given.definitions, staged), missing, budget=given.ordinary.noise_budget)
    with ProcessPoolExecutor(os.cpu_count() or 1, initializer=_begin, initargs=(given, staged)) as pool:
        scored = pool.map(_scored, range(len(given.definitions.account.monitors)) if faults else ())
        heard = pool.map(_noisy, range(seeds))
        played = pool.map(_played, range(len(staged)), chunksize=4)
        proof.findings = findings(given.definitions, given.ordinary)
        if root is not None:
            proof.findings += links(given.definitions, root) + recorded(given.definitions, given.ordinary, staged)
        proof.external = external(given.definitions, given.ordinary)
        proof.verdicts = [one for found in scored for one in found]
        proof.noise = sum(heard, proof.noise)
        proof.outcomes = list(played)
    proof.took = time.monotonic() - began
    return proof
