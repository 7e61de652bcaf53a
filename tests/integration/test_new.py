"""`firedrill new` in a copy of the checkout: what it writes is complete but for the texts that a person fills in."""

import re
from pathlib import Path

import pytest

from firedrill.scenario import scenario
from tests.conftest import ROOT
from tests.integration.commands import attempt, command_of, copy_checkout, run

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULE = "infra/observability/alerts/platform.py"
HINT = re.compile(r"add to `then` of (\S+): (- \{[^}]+\})")
POLICY_TEXT = "Each text here is long enough to describe a defect that happened to somebody"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the checkout."""
    return copy_checkout(tmp_path)


def fill_in(folder: Path, *paths: str) -> None:
    """Write a text in place of each that is to be filled in."""
    for path in paths:
        file = folder / path
        file.write_text(file.read_text().replace("FILL IN", "Written"))


def test_the_drafts_of_contributing_are_written(copy: Path) -> None:
    [block] = re.findall(r"^## Start from a draft$.*?^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = block.splitlines()
    assert [line.split()[2] for line in commands] == ["alert", "metric", "scenario", "policy"]
    for line in commands:
        output = run(copy, command_of(line))
        assert output.startswith("Written:\n") and "FILL IN" in output
    run(copy, command_of("python -m ruff check infra policies service"))
    run(copy, command_of("python -m ruff format --check infra policies service"))


@pytest.mark.slow
def test_a_new_alert_is_proven_once_its_texts_are_written(copy: Path) -> None:
    output = run(copy, command_of("firedrill new alert texts-break --signal dropped_texts"))
    assert f"  {MODULE}:" in output and "FILL IN: why this number and no other" in output
    run(copy, command_of("python -m ruff check ."))
    run(copy, command_of("python -m ruff format --check ."))

    quick = command_of("firedrill prove texts-break --no-faults --seeds 0")
    left = attempt(copy, quick)
    assert left.returncode == 1, left.stderr
    assert "texts-break: unfinished: docs/runbooks/texts-break.md:5" in left.stdout
    assert "texts-break: unfinished: the title of the scenario texts_break" in left.stdout
    lines = HINT.findall(left.stdout)
    assert {(file, re.findall(r"alert: ([\w-]+)", line)[0]) for file, line in lines} == {
        ("texts_break.yaml", "texts-dropped"),
        ("texts_break_almost.yaml", "texts-dropped"),
    }

    scenarios = copy / "drills" / "scenarios"
    for file, line in lines:
        (scenarios / file).write_text((scenarios / file).read_text() + f"  {line}\n")
    fill_in(copy, MODULE, "docs/runbooks/texts-break.md", *(f"drills/scenarios/{file}" for file, _ in lines))
    proven = run(copy, command_of("firedrill prove texts-break --seeds 1"))
    assert "Proven." in proven
    assert re.search(r"(\d+) of \1 faults are\s+caught", proven)


def test_a_metric_that_no_code_emits_is_named(copy: Path) -> None:
    output = run(copy, command_of("firedrill new metric llm.chat.history --kind distribution --unit item"))
    assert "emitter.emit(CHAT_HISTORY, 1)" in output
    program = command_of("python -m firedrill.prove.program . local")
    refused = attempt(copy, program)
    assert refused.returncode == 1
    assert re.fullmatch(
        r"service/telemetry/contract/emitted\.py:\d+ declares llm\.chat\.history, and no code of service/ sends it: "
        r"call emitter\.emit\(CHAT_HISTORY, \.\.\.\) where it happens, or delete the declaration",
        refused.stderr.strip(),
    )
    record = copy / "service/telemetry/chat_record.py"
    record.write_text(
        record.read_text()
        .replace("    CHAT_LATENCY,\n", "    CHAT_HISTORY,\n    CHAT_LATENCY,\n", 1)
        .replace(
            "    if record.cost_usd:\n", "    emitter.emit(CHAT_HISTORY, record.history)\n    if record.cost_usd:\n", 1
        )
    )
    run(copy, program)


def test_a_new_policy_passes_its_own_tests_once_its_texts_are_written(copy: Path) -> None:
    run(copy, command_of("firedrill new policy workflow-described"))
    module = copy / "policies/workflows.py"
    module.write_text(re.sub(r"FILL IN[^\"]*", f"{POLICY_TEXT}.", module.read_text()))
    run(copy, command_of("python -m policies.documentation"))
    run(
        copy, command_of("pytest -q -n 0 -p no:cacheprovider tests/unit/policies/test_cases.py -k 'described or pages'")
    )


def test_a_new_scenario_is_valid(copy: Path) -> None:
    run(copy, command_of("firedrill new scenario a_long_evening --signal latency --alert chat-slow"))
    written = scenario.load(copy / "drills/scenarios/a_long_evening.yaml")
    assert [(item.alert, item.stays) for item in written.then] == [("chat-slow", "quiet")]
