"""Resources that hold history are protected in a protected stack, and only there."""

from typing import Any

from infra.protection import HISTORY
from tests.unit.infra.conftest import record

SETTINGS = (
    "gcp:project=example-prod",
    "llm-api:datadogApiKey=stand-in",
    "llm-api:operatorToken=stand-in",
    "llm-api:readerToken=stand-in",
    "llm-api:conversationKeys=stand-in",
)


def of_history(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the registrations of resources that hold history."""
    return [request for request in answer["requests"] if request["type"] in HISTORY]


def test_a_protected_stack_protects_resources_with_history_and_no_others() -> None:
    answer = record(*SETTINGS, stack="prod")
    assert "error" not in answer
    protected = of_history(answer)
    assert {request["type"] for request in protected} >= {
        "datadog:index/monitor:Monitor",
        "datadog:index/serviceLevelObjective:ServiceLevelObjective",
        "gcp:storage/bucket:Bucket",
    }
    assert all(request.get("protect") for request in protected)
    others = [request for request in answer["requests"] if request["type"] not in HISTORY]
    assert [other["name"] for other in others if other.get("protect")] == []


def test_the_sandbox_can_be_destroyed(local: dict[str, Any]) -> None:
    assert not any(request.get("protect") for request in of_history(local))
