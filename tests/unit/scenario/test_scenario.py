"""Scenario files are checked, and every file of the repository can be read."""

import json
from pathlib import Path

import pytest

from firedrill.scenario.scenario import Scenario, ScenarioError, load, load_all

ROOT = Path(__file__).parents[3]
GOOD = """
title: t
given: {gemini: throttled}
timeline: {healthy: 7h, failing: 20m, remediated: 90m}
remediation: switch-model
then:
  - {alert: gemini-throttled, fires_within: 6m}
"""


def write(folder: Path, text: str) -> Path:
    """Write a scenario file."""
    path = folder / "s.yaml"
    path.write_text(text)
    return path


def test_durations_are_seconds(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, GOOD))
    assert (scenario.timeline.healthy, scenario.timeline.failing) == (25200, 1200)
    assert scenario.then[0].fires_within == 360


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("fires_within", "fires_in", "then.0.fires_in"),
        ("6m", "six minutes", "then.0.fires_within"),
        ("throttled}", "on fire}", "given.gemini"),
        ("title: t", "", "title"),
        ("then:", "then: [", "not YAML"),
    ],
)
def test_an_error_names_file_and_place(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_an_unknown_name_lists_those_that_exist(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(ScenarioError, match=r"'nope'.*there are s"):
        load_all(tmp_path, ["nope"])


def test_the_repositorys_scenarios_load() -> None:
    assert load_all(ROOT / "drills" / "scenarios")


def test_the_schema_for_editors_is_the_models() -> None:
    assert json.loads((ROOT / "drills" / "scenario.schema.json").read_text()) == Scenario.model_json_schema()
