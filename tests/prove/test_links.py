"""What an alert points at in vain is named: handles, runbooks, headings, searches of links, metrics nobody recorded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firedrill.drill.account import Definitions
from firedrill.prove.links import anchors, links, recorded
from firedrill.prove.proof import Staged, only
from firedrill.prove.session import Bench

ROOT = Path(__file__).parents[2]


def first(definitions: Definitions, alert: str = "chat-slow") -> dict[str, Any]:
    """The monitor of an alert."""
    return next(one for one in definitions.account.monitors if definitions.alert(one) == alert)


def test_the_stacks_alerts_point_at_what_is_there(given: Bench, staged: list[Staged]) -> None:
    assert links(given.definitions, ROOT) == []
    assert recorded(given.definitions, given.ordinary, staged) == []


Change = Callable[[str], str]
CHANGES: dict[str, tuple[Change, str]] = {
    "a team": (lambda text: text.replace("@llm-platform", "@llm-plattform"), "handle: @llm-plattform reaches nobody"),
    "a workflow": (lambda text: text.replace("@workflow-switch-model", "@workflow-switch"), "no workflow has this"),
    "everybody": (lambda text: text.replace("@", "at "), "handle: its message names nobody"),
    "a runbook": (lambda text: text.replace("chat-slow.md", "chat-slow-2.md"), "there is no docs/runbooks/chat-slow-2"),
    "a heading": (lambda text: text.replace("chat-slow.md", "chat-slow.md#nowhere"), "has no heading #nowhere"),
    "no runbook": (lambda text: text.replace("https://github.com", "see "), "links to no runbook"),
    "a search": (lambda text: text.replace("query=service", "query=%28service"), "the search of a link is none"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_that_is_not_there_is_named(definitions: Definitions, what: str) -> None:
    change, expected = CHANGES[what]
    monitor = first(definitions)
    broken = monitor | {"message": change(monitor["message"])}
    assert broken != monitor
    found = [str(one) for one in links(only(definitions, [broken]), ROOT)]
    assert found
    assert all(line.startswith("chat-slow: ") for line in found)
    assert any(expected in line for line in found)


def test_a_metric_without_a_recording_is_named(given: Bench, staged: list[Staged]) -> None:
    silent = [one for one in staged if not one.real]
    found = recorded(given.definitions, given.ordinary, silent)
    assert "chat-slow: not-recorded: no recording has llm.chat.latency: does the service ever send it?" in map(
        str, found
    )
    told = given.ordinary.model_copy(update={"unrecorded": {**given.ordinary.unrecorded, "llm.chat.latency": "why"}})
    assert [one.alert for one in recorded(given.definitions, told, staged)] == ["llm.chat.latency"]


def test_anchors_are_githubs() -> None:
    assert anchors("# What it means\n\n## Stop it: `firedrill down`, now!\n") == {
        "what-it-means", "stop-it-firedrill-down-now",
    }  # fmt: skip
