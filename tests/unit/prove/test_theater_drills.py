"""The drills that the failure theater plays are those of the alerts and recordings as they are."""

import json

import pytest

from docs.record_theater import FOLDER, drill
from firedrill.scenario.definitions import Definitions
from service.theater.failures import FAILURES, Failure


@pytest.mark.parametrize(
    "failure",
    [pytest.param(failure, marks=() if failure.key == "throttled" else pytest.mark.slow) for failure in FAILURES],
    ids=lambda failure: failure.key,
)
def test_a_drill_is_up_to_date(failure: Failure, definitions: Definitions) -> None:
    kept = json.loads((FOLDER / f"{failure.key}.json").read_text())
    assert kept == json.loads(json.dumps(drill(failure, definitions))), "run `python docs/record_theater.py`"
