"""The stack's declared browser test, run in Chromium on the service's page: steps, screenshots, and a failure."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.prove.collect import from_program
from firedrill.settings import API_KEY, APP_KEY, Settings
from tests.browser import needs_chromium
from tests.conftest import ROOT
from tests.integration.service.sandbox import Service, eventually
from tests.integration.service.servers import servers

pytestmark = needs_chromium

Json = dict[str, Any]
KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Service]]:
    """Provide the sandbox's servers and the service."""
    with servers(tmp_path_factory.mktemp("browser-test")) as started:
        yield started


@pytest.fixture
def run(stage: tuple[Settings, Service]) -> Callable[[Json], Json]:
    """Return a function that creates a test in the account, runs it once and returns the result."""
    api = httpx.Client(base_url=f"{stage[0].datadog_url}/api/v1/synthetics/tests", headers=KEYS, timeout=30)

    def run(test: Json) -> Json:
        created = api.post("/browser", json=test).raise_for_status().json()["public_id"]
        api.post("/trigger", json={"tests": [{"public_id": created}]}).raise_for_status()
        results: list[Json] = eventually(
            lambda: api.get(f"/browser/{created}/results").json()["results"], 60, "a result"
        )
        assert "stepDetails" not in results[0]["result"]
        result: Json = api.get(f"/browser/{created}/results/{results[0]['result_id']}").json()
        return result

    return run


@pytest.fixture(scope="module")
def declared() -> Json:
    """Return the browser test that the stack declares."""
    [test] = [test for test in from_program(ROOT, "local").account.synthetics if test["type"] == "browser"]
    return dict(test)


def _on(test: Json, url: str, step_seconds: int = 0) -> Json:
    """Return a test of one location, paused between its runs, on another address."""
    steps = [{**step, "timeout": step_seconds} for step in test["steps"]]
    config = {**test["config"], "request": {"method": "GET", "url": url}}
    wanted = {key: test[key] for key in ("name", "type", "message", "tags")}
    options = {**test["options"], "retry": {"count": 0}, "min_location_failed": 1}
    return {
        **wanted,
        "status": "paused",
        "config": config,
        "steps": steps,
        "options": options,
        "locations": ["aws:eu-central-1"],
    }


def test_it_passes_on_the_page_with_a_screenshot_of_each_step(
    run: Callable[[Json], Json], declared: Json, stage: tuple[Settings, Service], tmp_path: Path
) -> None:
    settings, service = stage
    result = run(_on(declared, service.url))["result"]
    assert (result["passed"], result["errorMessage"]) == (True, None)
    assert (result["stepCountCompleted"], result["stepCountTotal"]) == (5, 5)
    assert [step["description"] for step in result["stepDetails"]] == [step["name"] for step in declared["steps"]]
    for step in result["stepDetails"]:
        picture = httpx.get(f"{settings.datadog_url}/-/screenshots/{step['screenshotBucketKey']}")
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content.startswith(b"\xff\xd8") and len(picture.content) > 5000
    assert httpx.get(f"{settings.datadog_url}/-/screenshots/{step['screenshotBucketKey'][:-1]}9").status_code == 404
    assert service.lines("chat")[-1]["feature"] == "chat_page"


def test_it_fails_at_the_step_that_breaks(
    run: Callable[[Json], Json], declared: Json, stage: tuple[Settings, Service]
) -> None:
    settings, service = stage
    httpx.post(f"{settings.google_url}/-/gemini/failures", json={"mode": "down"}).raise_for_status()
    result = run(_on(declared, service.url, step_seconds=5))["result"]
    httpx.delete(f"{settings.google_url}/-/gemini/failures").raise_for_status()
    assert result["passed"] is False
    assert "step 4 (Answer is whole): no element is css=#answers" in result["errorMessage"]
    assert [step["passed"] for step in result["stepDetails"]] == [True, True, True, False, False]
    assert result["stepDetails"][4]["skipped"] is True


def test_an_address_that_does_not_answer_is_the_reason(run: Callable[[Json], Json], declared: Json) -> None:
    result = run(_on(declared, "http://127.0.0.1:9/"))["result"]
    assert "the starting URL cannot be opened" in result["errorMessage"]
