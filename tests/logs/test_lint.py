"""Traps in pipelines are found before a log meets them."""

from typing import Any

import pytest

from firedrill.logs.lint import lint_pipeline

STATUS = {"type": "status-remapper", "is_enabled": True, "sources": ["level"]}


def pipeline(*processors: dict[str, Any], query: str = "source:python", **changes: Any) -> dict[str, Any]:
    return {"name": "p", "is_enabled": True, "filter": {"query": query}, "processors": list(processors), **changes}


def grok(rules: str) -> dict[str, Any]:
    return {"type": "grok-parser", "is_enabled": True, "source": "message", "grok": {"match_rules": rules}}


DATE = {"type": "date-remapper", "is_enabled": True, "sources": ["at"]}
CATEGORY = {"type": "category-processor", "is_enabled": True, "target": "kind", "categories": []}
REMAP = {"type": "attribute-remapper", "is_enabled": True, "sources": ["a"], "target": "b"}


def test_a_good_pipeline_has_no_findings() -> None:
    assert lint_pipeline(pipeline(STATUS, DATE, CATEGORY, REMAP, grok("a %{word:x}\nb %{data:y}"))) == []


@pytest.mark.parametrize(
    ("declared", "part", "error"),
    [
        (pipeline(STATUS, is_enabled=False), "is off", False),
        (pipeline({**STATUS, "is_enabled": False}), "is off", False),
        (pipeline(DATE, DATE), "two date remappers", True),
        (pipeline(CATEGORY, query="@kind:x"), "filters on @kind", True),
        (pipeline(STATUS, query="*:x"), "uses *:", True),
        (pipeline(STATUS, query="a OR"), "cannot be read", True),
        (pipeline({**REMAP, "target": "service"}), "service remapper", True),
        (pipeline({**REMAP, "target": "a:b"}), "contains :", True),
        (pipeline(grok("a %{data:x}\nb %{word:y}")), "never tried", True),
        (pipeline(grok("a %{nonsense:x}")), "no matcher", True),
        (pipeline(*[STATUS] * 21), "21 processors", False),
        (pipeline({"type": "x"}), "unknown type", True),
        (
            pipeline(pipeline(pipeline(STATUS, type="pipeline"), type="pipeline")),
            "cannot hold another",
            True,
        ),
    ],
)
def test_a_trap_is_found(declared: dict[str, Any], part: str, error: bool) -> None:
    (finding,) = lint_pipeline(declared)
    assert part in finding.message
    assert finding.error is error
