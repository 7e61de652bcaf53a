"""The stack's alerts are proven, and whatever is taken away from that is named."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from firedrill.drill.account import Definitions
from firedrill.prove.findings import findings
from firedrill.prove.mutants import mutants
from firedrill.prove.proof import Staged, coverage, only, play
from firedrill.prove.reads import with_members
from firedrill.prove.score import score
from firedrill.prove.session import LEAST_SCORE, Bench, external, prove
from firedrill.query import metric_references, parse

ROOT = Path(__file__).parents[2]


def test_every_scenario_is_as_it_says_and_every_alert_is_covered(given: Bench) -> None:
    proof = prove(given, seeds=0, faults=False, root=ROOT)
    assert proof.problems() == []
    assert proof.unrecorded == []
    assert len(proof.coverage.fires) >= 48
    assert len(proof.coverage.real) * 2 >= len(proof.coverage.fires)


def test_taking_an_alerts_scenarios_away_names_it(definitions: Definitions, staged: list[Staged]) -> None:
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        without = [
            replace(
                one,
                scenario=one.scenario.model_copy(
                    update={"then": [said for said in one.scenario.then if said.alert != alert]}
                ),
            )
            for one in staged
        ]
        problems = coverage(definitions, without).problems()
        assert {line.partition(":")[0] for line in problems} == {alert}
        assert len(problems) == 2


def test_misspelling_any_metric_names_the_alert_and_the_metric(given: Bench) -> None:
    definitions, checked = given.definitions, 0
    for monitor in definitions.account.monitors:
        if monitor["type"] != "query alert":
            continue
        alert = definitions.alert(monitor)
        for reference in metric_references(parse(monitor["type"], monitor["query"])):
            span, query = reference.metric_span, monitor["query"]
            wrong = {**monitor, "query": f"{query[: span.start]}{reference.metric}x{query[span.end :]}"}
            told = [str(one) for one in findings(only(definitions, [wrong]), given.ordinary) if one.error]
            expected = f"{alert}: reads-nothing: nothing emits {reference.metric}x: it can never fire"
            assert expected in told
            checked += 1
    assert checked >= 30


def test_misspelling_any_metric_of_an_objective_fails_its_alerts(
    definitions: Definitions, staged: list[Staged]
) -> None:
    for monitor in definitions.account.monitors:
        if monitor["type"] != "slo alert":
            continue
        alert = definitions.alert(monitor)
        known = next(one for one in definitions.account.slos if one["id"] in monitor["query"])
        texts = sorted(set(re.findall(r"[a-z0-9]+:(llm\.[a-z_.]+)\{", json.dumps(known))))
        assert texts
        about = [one for one in staged if any(said.alert == alert for said in one.scenario.then)]
        for metric in texts:
            broken = copy.deepcopy(definitions)
            slos = [json.loads(json.dumps(one).replace(metric, f"{metric}x")) for one in broken.account.slos]
            broken.account.slos[:] = slos
            outcomes = [play(only(broken, [monitor]), one, readings=False) for one in about]
            assert any(line.startswith(f"{alert}:") for one in outcomes for line in one.problems), (alert, metric)


@pytest.mark.slow
def test_scenarios_catch_the_faults_and_ordinary_months_stay_in_the_budget(given: Bench) -> None:
    proof = prove(given)
    assert proof.problems() == []
    assert proof.score >= LEAST_SCORE


def test_alerts_on_what_others_emit_are_told_apart(given: Bench) -> None:
    found = external(given.definitions, given.ordinary)
    assert {"front-fails", "main-is-red", "page-slow", "synthetics-health", "watchdog-tells"} <= found
    assert not found & {"requests-fail", "deploy-breaks-chats", "availability-fast-burn", "gemini-throttled"}
    assert not found & coverage(given.definitions, given.staged()).real


def test_a_composites_faults_are_all_caught(given: Bench, staged: list[Staged]) -> None:
    monitor = next(one for one in given.definitions.account.monitors if one["type"] == "composite")
    assert len(with_members(given.definitions, monitor)) == 3
    verdicts = score(given.definitions, monitor, staged, given.ordinary)
    assert [one.outcome for one in verdicts] == ["caught"] * 3


def test_faults_of_an_objective_are_put_into_it(definitions: Definitions) -> None:
    monitor = next(one for one in definitions.account.monitors if definitions.alert(one) == "signal-burns-fast")
    found = {one.what: one.slo for one in mutants(monitor, definitions.account) if one.slo is not None}
    known = next(one for one in definitions.account.slos if one["id"] in monitor["query"])
    assert {"objective: target 99.5 → 99", "objective: ok of outcome IN (ok,blocked) dropped"} <= set(found)
    assert all(one != known for one in found.values())
    assert len({json.dumps(one, sort_keys=True) for one in found.values()}) == len(found)


def test_an_alert_that_ends_without_data_is_not_over(definitions: Definitions, staged: list[Staged]) -> None:
    monitor = next(one for one in definitions.account.monitors if definitions.alert(one) == "main-is-red")
    one = next(one for one in staged if one.name == "main_breaks")
    assert not [line for line in play(only(definitions, [monitor]), one).problems if line.startswith("main-is-red")]
    silent = {**monitor, "options": {**monitor["options"], "on_missing_data": "show_no_data"}}
    assert (
        "main-is-red: ends without data, and nobody is told that it is over"
        in play(only(definitions, [silent]), one).problems
    )


def test_recordings_are_small() -> None:
    files = list((ROOT / "drills" / "recordings").glob("*.npz"))
    assert files
    assert all(file.stat().st_size < 200_000 for file in files)
