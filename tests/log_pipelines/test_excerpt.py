"""An excerpt of the published pipelines gives the recorded results; what differs is known, and nothing else differs.

``excerpt.jsonl`` holds lines as ``python -m tests.log_pipelines`` reads them, chosen for the rules that they show.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.log_pipelines.__main__ import main
from tests.log_pipelines.published import api_pipeline, filter_source
from tests.log_pipelines.runner import run_line, run_lines

EXCERPT = Path(__file__).with_name("excerpt.jsonl")
LINES: list[dict[str, Any]] = [json.loads(text) for text in EXCERPT.read_text(encoding="utf-8").splitlines()]
KNOWN = {
    # An array that the log cut off: the real engine reads the part that is there.
    ("logstash", 0),
    # "MMDD" is a month and a day of the year, and no rule explains the date that was recorded.
    ("keda", 0),
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["integration"])
def test_published_pipelines_give_the_recorded_results(line: dict[str, Any]) -> None:
    wrong = {(outcome.pipeline, outcome.number): outcome.difference for outcome in run_line(line) if outcome.difference}
    assert wrong.keys() == {known for known in KNOWN if known[0] == line["integration"]}, wrong


def test_the_excerpt_is_worth_its_name() -> None:
    outcomes = run_lines(LINES)
    assert len(outcomes) >= 40
    assert sum(outcome.external for outcome in outcomes) >= 3


def changed(line: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """Return a line whose first recorded result has another value."""
    first, *rest = line["tests"]
    return {**line, "tests": [{**first, "result": {**first["result"], field: value}}, *rest]}


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("message", "other", "message"),
        ("status", "ok", "status"),
        ("timestamp", 1_700_000_000_000, "timestamp"),
        ("custom", {"pid": 1}, ""),
    ],
)
def test_every_part_of_a_result_is_compared(field: str, value: Any, place: str) -> None:
    line = next(line for line in LINES if line["integration"] == "pgbouncer")
    [first, *rest] = run_line(changed(line, field, value))
    assert (first.difference or "").startswith(place)
    assert first.difference
    assert all(outcome.difference is None for outcome in rest)


def test_a_tag_that_a_processor_writes_is_compared_and_another_came_with_the_sample() -> None:
    line = next(line for line in LINES if line["integration"] == "ringcentral")
    tags = line["tests"][0]["result"]["tags"]
    assert run_line(changed(line, "tags", [*tags, "own:1"]))[0].difference is None
    [outcome] = run_line(changed(line, "tags", tags[:-1]))
    assert outcome.difference is not None
    assert outcome.difference.startswith("tags are")


def test_a_pipeline_that_is_refused_fails_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = next(line for line in LINES if line["integration"] == "pgbouncer")
    broken = {**good["pipeline"], "processors": [{"type": "made-up", "enabled": True}]}
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (good, {**good, "integration": "bad", "pipeline": broken})))
    assert main([str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    count = len(good["tests"])
    assert [line.split(":")[0] for line in lines if "made-up" in line] == [f"FAIL bad#{n}" for n in range(count)]
    assert lines[-1].startswith(f"{count} of {2 * count} ")
    path.write_text(json.dumps(good))
    assert main([str(path)]) == 0
    assert main([]) == 2


def test_published_names_become_the_names_of_the_api() -> None:
    published = {
        "type": "lookup-processor", "enabled": True, "lookupTable": "a,1\nb,2", "defaultLookup": "0",
        "grok": {"matchRules": "r x"}, "replaceMissing": False, "encoded": True, "operation": {"preserveSource": True},
    }  # fmt: skip
    assert api_pipeline(published) == {
        "type": "lookup-processor", "is_enabled": True, "lookup_table": ["a,1", "b,2"], "default_lookup": "0",
        "grok": {"match_rules": "r x"}, "is_replace_missing": False, "is_encoded": True,
        "operation": {"preserve_source": True},
    }  # fmt: skip
    assert filter_source({"filter": {"query": "source:(a OR b)"}}) == "a"
    assert filter_source({"filter": {"query": 'source:"a.b" x'}}) == "a.b"
