"""The runner judges each form of a monitor, names what is broken, and counts what is refused.

``excerpt.jsonl`` has monitors of our own in the forms that public ones have.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.public_monitors.__main__ import BEGIN, END, main
from tests.public_monitors.runner import judge

EXCERPT = Path(__file__).with_name("excerpt.jsonl")
MONITORS: list[dict[str, Any]] = [json.loads(line) for line in EXCERPT.read_text(encoding="utf-8").splitlines()]
VERDICTS = {
    "misspelt": ("broken", "not-a-query: there is no function defualt_zero()"),
    "two numbers": ("broken", "not-valid: Alert threshold (5.0) does not match"),
    "open": ("broken", "not-a-query: the search is not valid"),
    "no query": ("broken", "not-read: its query is Field required"),
    "cost": ("refused", "refused: cost alert"),
}
"""The verdict and the beginning of its reason by name; all others are judged."""


@pytest.mark.parametrize("monitor", MONITORS, ids=lambda monitor: f"{monitor['type']} {monitor['name']}")
def test_each_monitor_gets_its_verdict(monitor: dict[str, Any]) -> None:
    verdict, reason = VERDICTS.get(monitor["name"], ("judged", ""))
    outcome = judge(monitor)
    assert (outcome.verdict, outcome.reason[: len(reason)]) == (verdict, reason), outcome


@pytest.mark.parametrize("content", [None, 1, "text", [], {}, {"type": 1, "query": None}, {"type": "x", "query": "y"}])
def test_what_is_no_monitor_is_broken(content: Any) -> None:
    assert judge(content).verdict == "broken"


def test_the_last_line_counts_and_the_page_gets_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nstale text\n{END}\nafter\n")
    assert main(["--page", str(page), str(EXCERPT)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(f"{len(MONITORS) - 1} of {len(MONITORS)} monitors are read and judged")
    assert [line.split()[0] for line in lines if line.startswith(("BROKEN", "REFUSED"))] == ["BROKEN"] * 4 + ["REFUSED"]
    written = page.read_text()
    assert written.startswith(f"before\n{BEGIN}\n| family | monitors |")
    assert written.endswith(f"{END}\nafter\n")
    assert "stale text" not in written
    good = tmp_path / "good.json"
    good.write_text(json.dumps(MONITORS[:1]))
    assert main([str(good)]) == 0
    assert main([]) == 2
