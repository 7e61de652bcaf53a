"""What holds history is protected where the stack is, and only there."""

from typing import Any

from infra.protection import HISTORY
from tests.infra.conftest import record

SETTINGS = (
    "gcp:project=example-prod",
    "llm-api:datadogApiKey=stand-in",
    "llm-api:operatorToken=stand-in",
    "llm-api:readerToken=stand-in",
)


def of_history(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The registrations of what holds history."""
    return [one for one in answer["requests"] if one["type"] in HISTORY]


def test_a_protected_stack_protects_what_holds_history_and_nothing_else() -> None:
    answer = record(*SETTINGS, stack="prod")
    assert "error" not in answer
    held = of_history(answer)
    assert {one["type"] for one in held} >= {
        "datadog:index/monitor:Monitor",
        "datadog:index/serviceLevelObjective:ServiceLevelObjective",
        "gcp:storage/bucket:Bucket",
    }
    assert all(one.get("protect") for one in held)
    others = [one for one in answer["requests"] if one["type"] not in HISTORY]
    assert [one["name"] for one in others if one.get("protect")] == []


def test_the_sandbox_can_be_destroyed(local: dict[str, Any]) -> None:
    assert not any(one.get("protect") for one in of_history(local))
