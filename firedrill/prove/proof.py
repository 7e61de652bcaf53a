"""The whole proof of ``firedrill prove``, on all cores: scenarios, mutants, ordinary months and findings."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from firedrill.declared_at import located
from firedrill.prove import ordinary as ordinary_files
from firedrill.prove.coverage import Coverage, coverage
from firedrill.prove.dependencies import relevant_signals
from firedrill.prove.findings import Finding, evaluable, findings
from firedrill.prove.hints import hints
from firedrill.prove.links import broken_links, unrecorded_metrics
from firedrill.prove.log_lines import LogLine, line_problems, load_lines
from firedrill.prove.months import month
from firedrill.prove.mutation.delivery_score import DeliveryMutants
from firedrill.prove.mutation.pipeline_mutants import score_pipelines
from firedrill.prove.mutation.score import Verdict, score
from firedrill.prove.noise import Noise, measure_noise
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.play import ScenarioOutcome, play
from firedrill.prove.progress import Progress, Silent
from firedrill.prove.selection import narrowed, selected
from firedrill.prove.staging import StagedScenario, stage
from firedrill.prove.unfinished import unfinished
from firedrill.prove.workers import worker_pool
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.scenario import Scenario, load_all

SILENT = Silent()
Played = tuple[ScenarioOutcome, set[int]]
"""The outcome of a scenario, and the places of the mutants of deliveries that it notices."""
MINIMUM_SCORE = 0.95
"""The share of each class of faults that scenarios have to catch, of those not equivalent to the original."""


@dataclass(frozen=True)
class ProofInputs:
    """The definitions to prove, the scenarios, the ordinary telemetry, and the lines that log pipelines process.

    Recordings are below ``folder``. Only ``alerts`` are proven, or all if it is empty.
    """

    definitions: Definitions
    ordinary: Ordinary
    scenarios: dict[str, Scenario]
    folder: Path
    lines: list[LogLine] = field(default_factory=list)
    alerts: frozenset[str] = frozenset()

    def staged(self) -> list[StagedScenario]:
        """Return the scenarios with their telemetry, without live drills that have no recording."""
        staged = (stage(name, scenario, self.ordinary, self.folder) for name, scenario in self.scenarios.items())
        return [item for item in staged if item is not None]


@dataclass
class Proof:
    """The results of a proof.

    ``not_played`` are live drills without a recording, ``budget`` the notifications a week that each team accepts,
    ``line_problems`` the differences of log lines from what they must become,
    ``external`` the alerts that read nothing which the service emits, so that no recording of it makes them fire,
    ``seconds`` the time that the proof took, and ``root`` the checkout that declares the alerts, if there is one.
    """

    outcomes: list[ScenarioOutcome]
    coverage: Coverage
    not_played: list[str]
    verdicts: list[Verdict] = field(default_factory=list)
    noise: Noise = field(default_factory=Noise)
    findings: list[Finding] = field(default_factory=list)
    budget: dict[str, float] = field(default_factory=dict)
    external: set[str] = field(default_factory=set)
    line_problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    root: Path | None = None

    @property
    def score(self) -> float:
        """The share of faults that were caught, of those that are not equivalent to the original."""
        return share_caught(self.verdicts)

    def by_class(self) -> dict[str, list[Verdict]]:
        """Return the verdicts by the class of the fault."""
        return {
            kind: [verdict for verdict in self.verdicts if verdict.kind == kind]
            for kind in dict.fromkeys(verdict.kind for verdict in self.verdicts)
        }

    def problems(self) -> list[str]:
        """Return the reasons why the proof fails, a line each that names the alert; empty when it succeeds.

        A line about an alert begins with the file and the line of its declaration, where a checkout declares it.
        """
        problems = [
            f"scenario {outcome.staged.name}: {problem}"
            + (f" ({outcome.hints[problem]})" if problem in outcome.hints else "")
            for outcome in self.outcomes
            for problem in outcome.problems
        ]
        problems += self.line_problems
        problems += self.coverage.problems()
        problems += self._uncaught()
        problems += self.noise.problems(self.budget) if self.noise.weeks else []
        problems += [str(finding) for finding in self.findings if finding.error]
        root = self.root
        return problems if root is None else [located(root, line.partition(":")[0], line) for line in problems]

    def _uncaught(self) -> list[str]:
        """Return a line for each class of which too few faults are caught, and for each of its faults that survive."""
        problems = []
        for kind, verdicts in self.by_class().items():
            share = share_caught(verdicts)
            if share < MINIMUM_SCORE:
                problems.append(
                    f"faults of class {kind}: {share:.1%} are caught, below {MINIMUM_SCORE:.0%}: write a scenario in "
                    "which each of the following matters, or make the monitor simpler"
                )
                problems += [
                    f"{verdict.alert}: no scenario notices {verdict.fault}"
                    for verdict in verdicts
                    if verdict.outcome == "survived"
                ]
        return problems


def share_caught(verdicts: Sequence[Verdict]) -> float:
    """Return the share of faults that were caught, of those that are not equivalent to the original."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    total = counts["caught"] + counts["survived"]
    return counts["caught"] / total if total else 1.0


def read_inputs(definitions: Definitions, folder: Path, scenarios: Path | None = None) -> ProofInputs:
    """Read the scenarios and the ordinary telemetry of a folder ``drills``; ``scenarios`` may be another folder."""
    ordinary = ordinary_files.load(folder / "ordinary.yaml")
    lines = load_lines(folder / "log_lines.yaml")
    return ProofInputs(definitions, ordinary, load_all(scenarios or folder / "scenarios"), folder, lines)


def prove(
    inputs: ProofInputs,
    *,
    seeds: int = 20,
    faults: bool = True,
    root: Path | None = None,
    progress: Progress = SILENT,
) -> Proof:
    """Return the proof of the inputs' alerts. Without faults and seeds it takes seconds.

    ``root`` is the checkout whose runbooks the alerts link to; None for the monitors of another account.
    """
    began = time.monotonic()
    definitions = selected(inputs.definitions, inputs.alerts)
    inputs = replace(inputs, definitions=evaluable(inputs.definitions))
    evaluated = selected(inputs.definitions, inputs.alerts)
    staged = inputs.staged()
    names = {item.name for item in staged}
    not_played = [name for name in inputs.scenarios if name not in names]
    proof = Proof([], coverage(definitions, staged), not_played, budget=inputs.ordinary.noise_budget, root=root)
    with worker_pool(_start_worker, inputs, staged) as pool:
        outcomes = pool.map(_play, range(len(staged)), [faults] * len(staged), chunksize=4)
        proven = _proven_monitors(inputs) if faults else []
        verdicts = pool.map(_score, proven)
        noise = pool.map(_measure_month, range(seeds))
        played = list(_announced(progress.track("Scenarios", outcomes, len(staged)), progress))
        proof.outcomes = [outcome for outcome, _ in played]
        proof.findings = findings(definitions, inputs.ordinary)
        if root is not None:
            proof.findings += broken_links(definitions, root)
            proof.findings += unrecorded_metrics(definitions, inputs.ordinary, staged)
            proof.findings += unfinished(definitions, root, staged)
        for finding in proof.findings:
            if finding.error:
                progress.problem(str(finding))
        proof.external = external_alerts(evaluated, inputs.ordinary)
        scored = progress.track("Alerts with faults put into them", verdicts, len(proven))
        proof.verdicts = [verdict for of_monitor in scored for verdict in of_monitor]
        proof.noise = sum(progress.track("Ordinary months", noise, seeds), Noise())
        proof.findings += proof.noise.noisy(definitions)
        if faults:
            noticed = {place for _, caught in played for place in caught}
            deliveries = DeliveryMutants(evaluated).verdicts(noticed)
            proof.verdicts += [item for item in deliveries if not inputs.alerts or item.alert in inputs.alerts]
        if not inputs.alerts:
            proof.verdicts += score_pipelines(definitions.pipelines, inputs.lines) if faults else []
            proof.line_problems = line_problems(definitions.pipelines, inputs.lines)
    proof.seconds = time.monotonic() - began
    return proof


def _announced(played: Iterable[Played], progress: Progress) -> Iterator[Played]:
    """Yield the outcomes of scenarios and tell their problems at once."""
    for outcome, noticed in played:
        for problem in outcome.problems:
            progress.problem(f"scenario {outcome.staged.name}: {problem}")
        yield outcome, noticed


def measure_months(definitions: Definitions, ordinary: Ordinary, seeds: int) -> Noise:
    """Return the noise of so many ordinary months."""
    with worker_pool(_start_worker, ProofInputs(evaluable(definitions), ordinary, {}, Path()), []) as pool:
        return sum(pool.map(_measure_month, range(seeds)), Noise())


def external_alerts(definitions: Definitions, ordinary: Ordinary) -> set[str]:
    """Return the alerts that read only signals with ``source: external``."""
    alerts = set()
    for monitor in definitions.account.monitors:
        sources = {signal.source for signal in relevant_signals(definitions, monitor, ordinary).signals.values()}
        if sources == {"external"}:
            alerts.add(definitions.alert(monitor))
    return alerts


def _proven_monitors(inputs: ProofInputs) -> list[int]:
    """Return the places of the monitors that are proven."""
    return [
        place
        for place, monitor in enumerate(inputs.definitions.account.monitors)
        if not inputs.alerts or inputs.definitions.alert(monitor) in inputs.alerts
    ]


# A worker process gets the inputs once, when it starts, and then only indices and seeds.


_WORKER: dict[str, object] = {}


def _start_worker(inputs: ProofInputs, staged: list[StagedScenario]) -> None:
    _WORKER["inputs"], _WORKER["staged"] = inputs, staged


def _worker_inputs() -> tuple[ProofInputs, list[StagedScenario]]:
    return _WORKER["inputs"], _WORKER["staged"]  # type: ignore[return-value]  # set by the initializer


def _play(index: int, faults: bool) -> Played:
    """Return the outcome of a scenario, and the places of the mutants of deliveries that it notices."""
    inputs, staged = _worker_inputs()
    definitions, scenario = narrowed(inputs.definitions, staged[index], inputs.alerts)
    outcome = play(definitions, scenario)
    outcome.hints = hints(definitions, outcome, inputs.ordinary)
    if not faults:
        return outcome, set()
    mutants = _WORKER.setdefault("delivery mutants", DeliveryMutants(selected(inputs.definitions, inputs.alerts)))
    assert isinstance(mutants, DeliveryMutants)
    return outcome, mutants.play(outcome)


def _score(index: int) -> list[Verdict]:
    inputs, staged = _worker_inputs()
    monitor = inputs.definitions.account.monitors[index]
    return score(inputs.definitions, monitor, staged, inputs.ordinary)


def _measure_month(seed: int) -> Noise:
    inputs, _ = _worker_inputs()
    return measure_noise(selected(inputs.definitions, inputs.alerts), month(inputs.ordinary, seed))
