"""Computed cases of Datadog's log rules; each names the pages that it was read from."""

import json
from pathlib import Path
from typing import Any

import pytest

from firedrill.logs.vectors import KINDS

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "logs.json").read_text(encoding="utf-8"))


def found_in(expected: Any, result: Any) -> bool:
    """Objects: every expected field is there (None: it is not); everything else is equal."""
    if isinstance(expected, dict) and isinstance(result, dict):
        return all(found_in(value, result.get(key)) for key, value in expected.items())
    return bool(expected == result)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_computed_case(case: dict[str, Any]) -> None:
    result = KINDS[case["given"]["kind"]](case["given"])
    assert found_in(case["expect"], result), f"{case['why']}: {result}"
