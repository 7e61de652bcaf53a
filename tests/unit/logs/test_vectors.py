"""Computed cases of Datadog's log rules; each names its source pages."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.logs import KINDS

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "logs.json").read_text(encoding="utf-8"))


def contains(expected: Any, result: Any) -> bool:
    """Return whether every expected field of an object is there (None: absent); other values must be equal."""
    if isinstance(expected, dict) and isinstance(result, dict):
        return all(contains(value, result.get(key)) for key, value in expected.items())
    return bool(expected == result)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_computed_case(case: dict[str, Any]) -> None:
    result = KINDS[case["given"]["kind"]](case["given"])
    assert contains(case["expect"], result), f"{case['why']}: {result}"
