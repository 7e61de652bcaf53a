"""The stack's alerts are proven, and everything that is taken away from the proof is named."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from firedrill.evaluate.model import Json
from firedrill.prove.coverage import Coverage, coverage
from firedrill.prove.dependencies import with_members
from firedrill.prove.findings import findings
from firedrill.prove.mutation.mutants import mutants
from firedrill.prove.mutation.score import Verdict, score
from firedrill.prove.play import play
from firedrill.prove.proof import MINIMUM_SCORE, Proof, ProofInputs, external_alerts, prove, share_caught
from firedrill.prove.staging import StagedScenario
from firedrill.query import metric_references, parse
from firedrill.scenario.definitions import Definitions

ROOT = Path(__file__).parents[3]


def monitor_of(definitions: Definitions, alert: str) -> Json:
    """Return the monitor of an alert."""
    return next(monitor for monitor in definitions.account.monitors if definitions.alert(monitor) == alert)


def test_every_scenario_is_as_expected_and_every_alert_is_covered(inputs: ProofInputs) -> None:
    proof = prove(inputs, seeds=0, faults=False, root=ROOT)
    assert proof.problems() == []
    assert proof.not_played == []
    assert len(proof.coverage.fires) >= 48
    assert len(proof.coverage.real) * 2 >= len(proof.coverage.fires)


def test_an_alert_without_scenarios_is_named(definitions: Definitions, staged: list[StagedScenario]) -> None:
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        problems = coverage(definitions, [without_expectations(item, alert) for item in staged]).problems()
        assert {problem.partition(":")[0] for problem in problems} == {alert}
        assert len(problems) == 2


def without_expectations(staged: StagedScenario, alert: str) -> StagedScenario:
    """Return a scenario without the expectations of an alert."""
    others = [expectation for expectation in staged.scenario.then if expectation.alert != alert]
    return replace(staged, scenario=staged.scenario.model_copy(update={"then": others}))


def test_a_misspelt_metric_is_named_with_its_alert(inputs: ProofInputs) -> None:
    definitions, checked = inputs.definitions, 0
    for monitor in definitions.account.monitors:
        if monitor["type"] != "query alert":
            continue
        alert = definitions.alert(monitor)
        for reference in metric_references(parse(monitor["type"], monitor["query"])):
            span, query = reference.metric_span, monitor["query"]
            misspelt = {**monitor, "query": f"{query[: span.start]}{reference.metric}x{query[span.end :]}"}
            results = findings(definitions.with_monitors([misspelt]), inputs.ordinary)
            errors = [str(finding) for finding in results if finding.error]
            assert f"{alert}: reads-nothing: nothing emits {reference.metric}x: it can never fire" in errors
            checked += 1
    assert checked >= 30


def test_a_misspelt_metric_of_an_slo_fails_its_alerts(definitions: Definitions, staged: list[StagedScenario]) -> None:
    for monitor in definitions.account.monitors:
        if monitor["type"] != "slo alert":
            continue
        alert = definitions.alert(monitor)
        slo = next(slo for slo in definitions.account.slos if slo["id"] in monitor["query"])
        metrics = sorted(set(re.findall(r"[a-z0-9]+:(llm\.[a-z_.]+)\{", json.dumps(slo))))
        assert metrics
        scenarios = [item for item in staged if item.scenario.expectations_of(alert)]
        for metric in metrics:
            broken = copy.deepcopy(definitions)
            broken.account.slos[:] = [
                json.loads(json.dumps(slo).replace(metric, f"{metric}x")) for slo in broken.account.slos
            ]
            outcomes = [play(broken.with_monitors([monitor]), item, readings=False) for item in scenarios]
            problems = [problem for outcome in outcomes for problem in outcome.problems]
            assert any(problem.startswith(f"{alert}:") for problem in problems), (alert, metric)


@pytest.mark.slow
def test_scenarios_catch_the_faults_and_ordinary_months_stay_in_the_budget(inputs: ProofInputs) -> None:
    proof = prove(inputs)
    assert proof.problems() == []
    assert {kind: share_caught(verdicts) >= MINIMUM_SCORE for kind, verdicts in proof.by_class().items()} == {
        "query": True, "argument": True, "SLO": True, "synthetic test": True, "message": True, "workflow": True,
        "on-call": True, "log pipeline": True,
    }  # fmt: skip


def test_each_class_of_faults_has_the_minimum() -> None:
    many = [Verdict("latency", f"query {number}", "caught", "query") for number in range(1000)]
    few = [Verdict("latency", f"argument {number}", "caught", "argument") for number in range(18)]
    survivor = Verdict("latency", "argument 20 → 40", "survived", "argument")
    proof = Proof([], Coverage({}, {}, set()), [], [*many, *few, survivor])
    assert proof.score > MINIMUM_SCORE
    assert [problem.partition(":")[0] for problem in proof.problems()] == ["faults of class argument", "latency"]
    assert proof.problems()[1] == "latency: no scenario notices argument 20 → 40"
    assert replace(proof, verdicts=[*many, *few, few[0], survivor]).problems() == []


def test_alerts_on_external_telemetry_are_separate(inputs: ProofInputs) -> None:
    external = external_alerts(inputs.definitions, inputs.ordinary)
    assert {"front-fails", "main-is-red", "page-slow", "synthetics-health", "watchdog-tells"} <= external
    assert not external & {"requests-fail", "deploy-breaks-chats", "availability-fast-burn", "gemini-throttled"}
    assert not external & coverage(inputs.definitions, inputs.staged()).real


def test_all_faults_of_a_composite_are_caught(inputs: ProofInputs, staged: list[StagedScenario]) -> None:
    monitor = next(monitor for monitor in inputs.definitions.account.monitors if monitor["type"] == "composite")
    assert len(with_members(inputs.definitions, monitor)) == 3
    verdicts = score(inputs.definitions, monitor, staged, inputs.ordinary)
    assert [verdict.outcome for verdict in verdicts] == ["caught"] * 3


def test_an_slo_alert_has_mutants_of_its_slo(definitions: Definitions) -> None:
    monitor = monitor_of(definitions, "signal-burns-fast")
    slos = {mutant.fault: mutant.slo for mutant in mutants(monitor, definitions.account) if mutant.slo is not None}
    original = next(slo for slo in definitions.account.slos if slo["id"] in monitor["query"])
    assert {"objective: target 99.5 → 99", "objective: ok of outcome IN (ok,blocked) dropped"} <= set(slos)
    assert all(slo != original for slo in slos.values())
    assert len({json.dumps(slo, sort_keys=True) for slo in slos.values()}) == len(slos)


def test_an_alert_that_ends_without_data_has_not_recovered(
    definitions: Definitions, staged: list[StagedScenario]
) -> None:
    monitor = monitor_of(definitions, "main-is-red")
    scenario = next(item for item in staged if item.name == "main_breaks")
    problems = play(definitions.with_monitors([monitor]), scenario).problems
    assert not [problem for problem in problems if problem.startswith("main-is-red")]
    silent = {**monitor, "options": {**monitor["options"], "on_missing_data": "show_no_data"}}
    problems = play(definitions.with_monitors([silent]), scenario).problems
    assert "main-is-red: ends without data, so that nobody is notified of the recovery" in problems


def test_a_verdict_that_the_zero_of_an_absent_count_decides_is_named(
    definitions: Definitions, staged: list[StagedScenario]
) -> None:
    monitor = monitor_of(definitions, "users-unhappy")
    scenario = next(item for item in staged if item.name == "callers_complain")
    head, _, rest = monitor["query"].partition(" / (sum:llm.chat.feedback{")
    broken = {**monitor, "query": f"{head} / (sum:llm.chat.absent{{{rest}"}
    played = play(definitions.with_monitors([broken]), scenario)
    rule = played.ambiguous["users-unhappy"]
    assert "counts without a series: fires 5 minutes after the failure" in rule
    assert rule.endswith(", under the other reading never")


def test_recordings_are_small() -> None:
    files = list((ROOT / "drills" / "recordings").glob("*.npz"))
    assert files
    assert all(file.stat().st_size < 200_000 for file in files)
