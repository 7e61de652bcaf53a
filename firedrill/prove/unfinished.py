"""Find the texts that `firedrill new` left to fill in: in a monitor, its runbook and its scenarios."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from firedrill.evaluate.model import Json
from firedrill.prove.findings import Finding
from firedrill.prove.links import REPOSITORY_LINK, linked_urls
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions

MARK = "FILL IN"
"""Begins every text that a person has to write."""


def unfinished(definitions: Definitions, root: Path, staged: Sequence[StagedScenario]) -> list[Finding]:
    """Return a finding for each text of an alert that is still to be filled in."""
    results = []
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        results += [Finding(alert, "unfinished", text) for text in _texts(monitor, root)]
        results += [
            Finding(alert, "unfinished", f"the title of the scenario {item.name}")
            for item in staged
            if MARK in item.scenario.title and item.scenario.expectations_of(alert)
        ]
    return results


def _texts(monitor: Json, root: Path) -> Iterator[str]:
    for member in ("name", "message"):
        for line in str(monitor.get(member) or "").splitlines():
            if MARK in line:
                yield f"{member}: {line[line.index(MARK) :].strip()}"
    for url in linked_urls(monitor):
        match = REPOSITORY_LINK.fullmatch(url)
        if match and (root / match["path"]).is_file():
            for number, line in enumerate((root / match["path"]).read_text().splitlines(), 1):
                if MARK in line:
                    yield f"{match['path']}:{number}: {line.strip()}"
