"""Computed cases run from a file; failures are named, and the exit status says whether there were any."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import equal, run_case
from tests.vectors.__main__ import main


def case(identifier: str, topic: str, inputs: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    """Return a case as files have it."""
    return {"id": identifier, "topic": topic, "source": [], "given": inputs, "expect": expect, "why": ""}


CASES = [
    case("f1", "scopes", {"kind": "filter_valid", "scope": "env:prod,!status:ok"}, {"valid": True}),
    case("f2", "scopes", {"kind": "filter_valid", "scope": "env:prod,a:b OR c:d"}, {"valid": False}),
    case("b1", "burn", {"kind": "burn_valid", "target": 90, "threshold": 14.4}, {"valid": False}),
    case("b2", "burn", {"kind": "burn_valid", "target": 96, "threshold": 25}, {"valid": True}),
    case("n1", "functions", {"kind": "func", "func": "clamp_max", "arg": 2, "points": [3]}, {"points": [2]}),
    case("n2", "functions", {"kind": "func", "func": "cutoff_max", "arg": 2, "points": [2, 3]}, {"points": [2, None]}),
    case("n3", "functions", {"kind": "func", "func": "throughput", "points": [60, 120]}, {"points": [1, 2]}),
    case("s1", "slo", {"kind": "slo_missing", "monitor_setting": "resolve"}, {"slo": "uptime"}),
    case(
        "d1", "downtime",
        {"kind": "downtime", "downtime": [10, 20], "transitions": [[5, "OK->ALERT"], [15, "ALERT->OK"]]},
        {"notify_at": [5, 15]},
    ),
    case(
        "d2", "downtime",
        {"kind": "downtime", "downtime": [10, 20], "transitions": [[12, "OK->ALERT"]], "ends": "cancelled"},
        {"notify_at": []},
    ),
]  # fmt: skip


@pytest.mark.parametrize("computed", CASES, ids=lambda computed: computed["id"])
def test_a_case_gives_the_expected_results(computed: dict[str, Any]) -> None:
    assert run_case(computed).difference is None


def test_failures_are_named_and_totals_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = case("wrong", "burn", {"kind": "max_burn", "target": 96}, {"max": 26})
    unknown = case("odd", "burn", {"kind": "no such kind"}, {})
    broken = case("broken", "scopes", {"kind": "filter", "scope": "a:b OR", "series_tags": []}, {"selected": []})
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([*CASES, wrong, unknown, broken]))
    assert main([str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("FAIL")] == ["wrong", "odd", "broken"]
    assert "FAIL wrong (burn): max is 25" in lines[0]
    assert lines[-1].split() == ["10", "of", "13", "in", "total"]
    path.write_text(json.dumps(CASES))
    assert main([str(path)]) == 0


def test_numbers_are_compared_with_a_tolerance_and_nothing_else_is() -> None:
    assert equal(1.000001, 1)
    assert not equal(1.0001, 1)
    assert not equal(True, 1)
    assert equal({"a": 1, "b": 2}, {"a": 1})
    assert not equal({"a": 1}, {})
    assert not equal([1, 2], [1])
    assert equal(None, None)
