"""Everything that an alert refers to exists: handles, runbooks, headings, searches in links, recorded metrics."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firedrill.evaluate.model import Json
from firedrill.prove.links import anchors, broken_links, unrecorded_metrics
from firedrill.prove.proof import ProofInputs
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions

ROOT = Path(__file__).parents[3]
Edit = Callable[[str], str]
EDITS: dict[str, tuple[Edit, str]] = {
    "a team": (lambda text: text.replace("@llm-platform", "@llm-plattform"), "handle: @llm-plattform reaches nobody"),
    "a workflow": (lambda text: text.replace("@workflow-switch-model", "@workflow-switch"), "no workflow has this"),
    "every handle": (lambda text: text.replace("@", "at "), "handle: its message has no handle"),
    "a runbook": (lambda text: text.replace("chat-slow.md", "chat-slow-2.md"), "docs/runbooks/chat-slow-2.md does not"),
    "a heading": (lambda text: text.replace("chat-slow.md", "chat-slow.md#nowhere"), "has no heading #nowhere"),
    "every runbook": (lambda text: text.replace("https://github.com", "see "), "links to no runbook"),
    "a search": (lambda text: text.replace("query=service", "query=%28service"), "the search in a link is not valid"),
}
"""Edits of a message by what they break, and the finding."""


def chat_slow(definitions: Definitions) -> Json:
    """Return the monitor of the alert chat-slow."""
    return next(monitor for monitor in definitions.account.monitors if definitions.alert(monitor) == "chat-slow")


def test_everything_that_the_stacks_alerts_refer_to_exists(inputs: ProofInputs, staged: list[StagedScenario]) -> None:
    assert broken_links(inputs.definitions, ROOT) == []
    assert unrecorded_metrics(inputs.definitions, inputs.ordinary, staged) == []


@pytest.mark.parametrize("defect", EDITS)
def test_everything_that_does_not_exist_is_named(definitions: Definitions, defect: str) -> None:
    edit, expected = EDITS[defect]
    monitor = chat_slow(definitions)
    broken = monitor | {"message": edit(monitor["message"])}
    assert broken != monitor
    lines = [str(finding) for finding in broken_links(definitions.with_monitors([broken]), ROOT)]
    assert lines
    assert all(line.startswith("chat-slow: ") for line in lines)
    assert any(expected in line for line in lines)


def test_a_metric_without_a_recording_is_named(inputs: ProofInputs, staged: list[StagedScenario]) -> None:
    simulated = [item for item in staged if not item.real]
    lines = map(str, unrecorded_metrics(inputs.definitions, inputs.ordinary, simulated))
    assert "chat-slow: not-recorded: no recording has llm.chat.latency: does the service ever send it?" in lines


def test_a_metric_that_a_recording_has_is_no_exception(inputs: ProofInputs, staged: list[StagedScenario]) -> None:
    exceptions = {**inputs.ordinary.unrecorded, "llm.chat.latency": "why"}
    ordinary = inputs.ordinary.model_copy(update={"unrecorded": exceptions})
    findings = unrecorded_metrics(inputs.definitions, ordinary, staged)
    assert [finding.alert for finding in findings] == ["llm.chat.latency"]


def test_anchors_are_githubs() -> None:
    headings = "# What it means\n\n## Stop it: `firedrill down`, now!\n"
    assert anchors(headings) == {"what-it-means", "stop-it-firedrill-down-now"}
