"""A proof takes from the cache what did not change, and proves again what did."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from firedrill.prove.proof import Proof, ProofInputs, prove
from firedrill.prove.proof_cache import FOLDERS, PACKAGE, ProofCache, code_digest, digest
from firedrill.prove.selection import alone
from firedrill.scenario.scenario import Scenario
from tests.conftest import ROOT

ALERTS = ("data-leaks", "synthetics-operations")
SCENARIOS = 3


@pytest.fixture(scope="module")
def few(inputs: ProofInputs) -> ProofInputs:
    """Return two alerts and some of the scenarios that name them."""
    scenarios: dict[str, Scenario] = {}
    for alert in ALERTS:
        naming = [(name, scenario) for name, scenario in inputs.scenarios.items() if scenario.expectations_of(alert)]
        scenarios.update(naming[:SCENARIOS])
    return replace(inputs, definitions=alone(inputs.definitions, ALERTS), scenarios=scenarios, lines=[])


def proven(inputs: ProofInputs, folder: Path) -> Proof:
    """Return a proof with a cache in a folder."""
    return prove(inputs, seeds=1, cache=ProofCache(folder), timelines=False)


def shown(proof: Proof) -> object:
    """Return everything that a proof found."""
    outcomes = [(outcome.staged.name, outcome.problems, outcome.ambiguous) for outcome in proof.outcomes]
    return outcomes, proof.verdicts, proof.noise, proof.findings, proof.coverage


@pytest.fixture(scope="module")
def first(few: ProofInputs, tmp_path_factory: pytest.TempPathFactory) -> tuple[Proof, Path]:
    """Return a proof whose results are in the cache, and the folder of the cache."""
    folder = tmp_path_factory.mktemp("cache")
    return proven(few, folder), folder


def copied(first: tuple[Proof, Path], tmp_path: Path) -> Path:
    """Return a copy of the cache that a test may change."""
    return Path(shutil.copytree(first[1], tmp_path / "cache"))


def test_a_second_proof_finds_the_same_and_computes_nothing(
    few: ProofInputs, first: tuple[Proof, Path], tmp_path: Path
) -> None:
    proof, _ = first
    assert proof.from_cache.total() == 0
    again = proven(few, copied(first, tmp_path))
    assert again.from_cache == {"plays": len(ALERTS) * len(few.scenarios), "faults": 2, "months": 2}
    assert shown(again) == shown(proof)
    assert shown(again) == shown(prove(few, seeds=1))


def test_an_edited_alert_is_proven_again(few: ProofInputs, first: tuple[Proof, Path], tmp_path: Path) -> None:
    monitors = list(few.definitions.account.monitors)
    place = next(place for place, monitor in enumerate(monitors) if few.definitions.alert(monitor) == ALERTS[0])
    query, _, number = monitors[place]["query"].rpartition(" ")
    limit = float(number) + 1e9
    options = monitors[place]["options"] | {"thresholds": {"critical": limit}}
    changed = monitors[place] | {"query": f"{query} {limit:.0f}", "options": options}
    monitors[place] = changed
    edited = replace(few, definitions=few.definitions.with_monitors(monitors))
    proof = proven(edited, copied(first, tmp_path))
    assert proof.from_cache == {"plays": len(few.scenarios), "faults": 1, "months": 1}
    assert any(f"{ALERTS[0]}: did not fire" in problem for problem in proof.problems())
    assert shown(proof) == shown(prove(edited, seeds=1))


def test_an_edited_expectation_is_judged_again(few: ProofInputs, first: tuple[Proof, Path], tmp_path: Path) -> None:
    name, scenario = next(
        (name, scenario)
        for name, scenario in few.scenarios.items()
        if any(item.fires_within for item in scenario.expectations_of(ALERTS[0]))
    )
    then = [item.model_copy(update={"fires_within": 1}) if item.alert == ALERTS[0] else item for item in scenario.then]
    edited = replace(few, scenarios=few.scenarios | {name: scenario.model_copy(update={"then": then})})
    proof = proven(edited, copied(first, tmp_path))
    assert any(f"scenario {name}: {ALERTS[0]}: fired after" in problem for problem in proof.problems())
    assert proof.from_cache["plays"] == len(ALERTS) * len(few.scenarios) - 1
    assert proof.from_cache["faults"] == 1
    assert shown(proof) == shown(prove(edited, seeds=1))


def test_an_edited_course_is_played_again(few: ProofInputs, first: tuple[Proof, Path], tmp_path: Path) -> None:
    name, scenario = next(iter(few.scenarios.items()))
    timeline = scenario.timeline.model_copy(update={"failing": scenario.timeline.failing + 600})
    edited = replace(few, scenarios=few.scenarios | {name: scenario.model_copy(update={"timeline": timeline})})
    proof = proven(edited, copied(first, tmp_path))
    assert proof.from_cache["plays"] == len(ALERTS) * (len(few.scenarios) - 1)
    assert shown(proof) == shown(prove(edited, seeds=1))


def test_a_damaged_file_counts_as_none(few: ProofInputs, first: tuple[Proof, Path], tmp_path: Path) -> None:
    folder = copied(first, tmp_path)
    files = [file for file in folder.rglob("*") if file.is_file()]
    for place, file in enumerate(files):
        content = file.read_bytes()
        file.write_bytes((b"", content[:-1], content[:-1] + bytes([content[-1] ^ 1]))[place % 3])
    proof = proven(few, folder)
    assert proof.from_cache.total() == 0
    assert shown(proof) == shown(first[0])
    assert proven(few, folder).from_cache["faults"] == 2


def test_an_edited_evaluator_finds_no_earlier_result(tmp_path: Path) -> None:
    package = tmp_path / "firedrill"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("sandbox", "__pycache__"))
    before = ProofCache(tmp_path / "cache", package)
    before.put("faults", "key", ["a verdict"])
    assert ProofCache(tmp_path / "cache", package).get("faults", "key") == ["a verdict"]
    for file in ("evaluate/state/machine.py", "query/metric.lark", "errors.py"):
        code_digest.cache_clear()
        earlier = code_digest(package)
        edited = package / file
        edited.write_bytes(edited.read_bytes() + b"\n")
        code_digest.cache_clear()
        assert code_digest(package) != earlier
    assert ProofCache(tmp_path / "cache", package).get("faults", "key") is None


def test_all_code_that_a_proof_runs_is_part_of_the_key() -> None:
    program = (
        "import json, sys, firedrill.prove.proof;"
        "print(json.dumps([name for name in sys.modules if name.startswith('firedrill.')]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = [name.split(".")[1] for name in json.loads(ran.stdout)]
    assert {name for name in modules if (PACKAGE / name).is_dir()} == set(FOLDERS)


def test_the_borders_between_parts_count() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest(b"abc"), digest("abc", "")}) == 5
