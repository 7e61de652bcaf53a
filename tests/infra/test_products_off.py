"""What the program declares for an organisation that lacks products."""

from typing import Any

from tests.infra.conftest import record


def test_nothing_names_a_product_that_is_off() -> None:
    recorded: dict[str, Any] = record('llm-api:productsOff=["on-call", "llm-observability"]')
    assert "error" not in recorded, recorded.get("error")
    kinds = {one["type"] for one in recorded["requests"]}
    assert not [kind for kind in kinds if "onCall" in kind or kind.endswith((":Evaluator", ":LlmProject"))]
    texts = [str(one.get("object")) for one in recorded["requests"]]
    assert not [text for text in texts if "@oncall-" in text or "createOnCallPage" in text]
    monitors = [one["object"] for one in recorded["requests"] if one["type"].endswith(":Monitor")]
    assert monitors
    assert not [one for one in monitors if one["type"] == "llm-observability alert" or "ml_obs." in one["query"]]


def test_a_product_that_there_is_not_is_refused_by_name() -> None:
    wrong = record('llm-api:productsOff=["teapots"]')
    assert "llm-api:productsOff" in wrong["error"] and "on-call" in wrong["error"]
