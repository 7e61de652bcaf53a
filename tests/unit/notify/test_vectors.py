"""Computed cases of messages and On-Call; each names its source pages."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.notify import KINDS

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "notify.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_computed_case(case: dict[str, Any]) -> None:
    result = KINDS[case["given"]["kind"]](case["given"])
    assert {key: result.get(key) for key in case["expect"]} == case["expect"], case["why"]
