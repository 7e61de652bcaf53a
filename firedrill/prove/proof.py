"""The whole proof of ``firedrill prove``, on all cores: scenarios, mutants, ordinary months and findings."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from firedrill.declared_at import located
from firedrill.evaluate import Timeline
from firedrill.prove import ordinary as ordinary_files
from firedrill.prove.alert_results import Results, results
from firedrill.prove.coverage import Coverage, coverage
from firedrill.prove.dependencies import relevant_signals
from firedrill.prove.findings import Finding, evaluable, findings
from firedrill.prove.hints import hints
from firedrill.prove.links import broken_links, unrecorded_metrics
from firedrill.prove.log_lines import LogLine, line_problems, load_lines
from firedrill.prove.months import month
from firedrill.prove.mutation.delivery_score import DeliveryMutants
from firedrill.prove.mutation.pipeline_mutants import score_pipelines
from firedrill.prove.mutation.score import Verdict
from firedrill.prove.noise import Noise, measure_noise
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.play import ScenarioOutcome
from firedrill.prove.progress import Progress, Silent
from firedrill.prove.proof_cache import ProofCache
from firedrill.prove.selection import narrowed, selected
from firedrill.prove.staging import StagedScenario, stage
from firedrill.prove.unfinished import unfinished
from firedrill.prove.workers import worker_pool
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.scenario import Scenario, load_all

SILENT = Silent()
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
    ``from_cache`` counts the results that an earlier proof computed: plays of an alert in a scenario, and alerts whose
    faults and whose months were judged.
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
    from_cache: Counter[str] = field(default_factory=Counter)

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
    cache: ProofCache | None = None,
    timelines: bool = True,
) -> Proof:
    """Return the proof of the inputs' alerts. Without faults and seeds it takes seconds.

    ``root`` is the checkout whose runbooks the alerts link to; None for the monitors of another account. With a
    ``cache``, what did not change is not proven again; with ``timelines``, which a report draws, every scenario is
    played nevertheless.
    """
    began = time.monotonic()
    definitions = selected(inputs.definitions, inputs.alerts)
    inputs = replace(inputs, definitions=evaluable(inputs.definitions))
    evaluated = selected(inputs.definitions, inputs.alerts)
    known = results(cache, inputs.definitions, inputs.ordinary)
    staged = [known.with_digests(item, known=True) for item in inputs.staged()]
    names = {item.name for item in staged}
    not_played = [name for name in inputs.scenarios if name not in names]
    proof = Proof([], coverage(definitions, staged), not_played, budget=inputs.ordinary.noise_budget, root=root)
    with worker_pool(_start_worker, inputs, staged, known, timelines) as pool:
        outcomes = pool.map(_play, range(len(staged)), chunksize=4)
        proven = _proven_monitors(inputs) if faults else []
        verdicts = pool.map(_score, proven)
        alerts = sorted(set(map(evaluated.alert, evaluated.account.monitors))) if seeds else []
        noise = pool.map(_measure_noise, alerts, [seeds] * len(alerts))
        played = map(_with_scenario, staged, outcomes)
        proof.outcomes = list(_announced(progress.track("Scenarios", played, len(staged)), proof, progress))
        proof.findings = findings(definitions, inputs.ordinary)
        if root is not None:
            proof.findings += broken_links(definitions, root)
            proof.findings += unrecorded_metrics(definitions, inputs.ordinary, staged)
            proof.findings += unfinished(definitions, root, staged)
        for finding in proof.findings:
            if finding.error:
                progress.problem(str(finding))
        proof.external = external_alerts(evaluated, inputs.ordinary)
        deliveries = _delivery_verdicts(evaluated, proof.outcomes, inputs.alerts) if faults else []
        for of_monitor, count in progress.track("Alerts with faults put into them", verdicts, len(proven)):
            proof.verdicts += of_monitor
            proof.from_cache["faults"] += count
        for of_alert, count in progress.track("Alerts in ordinary months", noise, len(alerts)):
            proof.noise = replace(proof.noise + of_alert, weeks=of_alert.weeks)
            proof.from_cache["months"] += count
        proof.findings += proof.noise.noisy(definitions)
        proof.verdicts += deliveries
        if not inputs.alerts:
            proof.verdicts += score_pipelines(definitions.pipelines, inputs.lines) if faults else []
            proof.line_problems = line_problems(definitions.pipelines, inputs.lines)
    proof.seconds = time.monotonic() - began
    return proof


def _with_scenario(staged: StagedScenario, played: tuple[ScenarioOutcome, int]) -> tuple[ScenarioOutcome, int]:
    """Return what a worker returned, with the scenario that it does not send."""
    outcome, count = played
    return replace(outcome, staged=staged), count


def _announced(
    played: Iterable[tuple[ScenarioOutcome, int]], proof: Proof, progress: Progress
) -> Iterator[ScenarioOutcome]:
    """Yield the outcomes of scenarios, report their problems at once, and count those from the cache."""
    for outcome, count in played:
        for problem in outcome.problems:
            progress.problem(f"scenario {outcome.staged.name}: {problem}")
        proof.from_cache["plays"] += count
        yield outcome


def _delivery_verdicts(
    definitions: Definitions, outcomes: Sequence[ScenarioOutcome], alerts: Collection[str]
) -> list[Verdict]:
    """Return the verdicts on faults in messages, workflows and on-call definitions, of these alerts or of all."""
    mutants = DeliveryMutants(definitions)
    for outcome in outcomes:
        mutants.play(outcome)
    return [verdict for verdict in mutants.verdicts(mutants.caught) if not alerts or verdict.alert in alerts]


def measure_months(definitions: Definitions, ordinary: Ordinary, seeds: int) -> Noise:
    """Return the noise of ordinary months, one for each seed."""
    inputs = ProofInputs(evaluable(definitions), ordinary, {}, Path())
    with worker_pool(_start_worker, inputs, [], results(None, inputs.definitions, ordinary), False) as pool:
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


# A worker process gets the inputs once, when it starts, and then only indices and names.


@dataclass
class _Worker:
    """The inputs of a worker process."""

    inputs: ProofInputs
    staged: list[StagedScenario]
    results: Results
    timelines: bool

    @cached_property
    def staged_with_digests(self) -> list[StagedScenario]:
        """The scenarios with the digests of their telemetry."""
        return [self.results.with_digests(item) for item in self.staged]


_WORKER: list[_Worker] = []


def _start_worker(inputs: ProofInputs, staged: list[StagedScenario], known: Results, timelines: bool) -> None:
    _WORKER[:] = [_Worker(inputs, staged, known, timelines)]


def _play(index: int) -> tuple[ScenarioOutcome, int]:
    """Return the outcome of a scenario without its telemetry, and how many of its plays are from the cache."""
    [worker] = _WORKER
    definitions, staged = narrowed(worker.inputs.definitions, worker.staged[index], worker.inputs.alerts)
    known = replace(worker.results, cache=None) if worker.timelines else worker.results
    outcome, count = known.play(definitions, staged)
    outcome.hints = hints(definitions, outcome, worker.inputs.ordinary)
    timeline = outcome.timeline if worker.timelines else Timeline()
    return replace(outcome, staged=None, timeline=timeline), count  # type: ignore[arg-type]  # the parent has it


def _score(index: int) -> tuple[list[Verdict], int]:
    [worker] = _WORKER
    return worker.results.score(worker.inputs.definitions.account.monitors[index], worker.staged_with_digests)


def _measure_noise(alert: str, seeds: int) -> tuple[Noise, int]:
    [worker] = _WORKER
    return worker.results.noise(alert, seeds)


def _measure_month(seed: int) -> Noise:
    [worker] = _WORKER
    return measure_noise(worker.inputs.definitions, month(worker.inputs.ordinary, seed))
