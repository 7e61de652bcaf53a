"""Our requests are those that the published provider sent for the same inputs (recorded in wire.jsonl)."""

import json
from pathlib import Path
from typing import Any

import pytest

from firedrill.sandbox.providers.datadog import provider
from firedrill.sandbox.wire import Recorder, compare

EXAMPLES: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "wire.jsonl").read_text().splitlines()
]
DIFFERENT = {
    "logs-custom-destination-1": "the recording lost the secret inputs",
    "webhook-custom-variable-1": "the recording lost the secret inputs",
    "dashboard-1": "no entry for typed dashboards: DashboardJson says the same",
    "dashboard-list-1": "no entry for the typed dashboards in it",
    "powerpack-1": "no entry for powerpacks",
    "powerpack-v2-1": "no entry for powerpacks",
}
"""Examples that do not match in full, and why."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_requests_equal_the_published_ones(example: dict[str, Any]) -> None:
    recorder = Recorder()
    table = provider(recorder)
    table.configure({"apiUrl": "http://echo.invalid"})

    [(report, equal, recorded)] = compare(table, recorder, [example])

    if example["example"] in DIFFERENT:
        assert equal < recorded, "it matches now: take it out of DIFFERENT"
    else:
        assert equal == recorded, report
