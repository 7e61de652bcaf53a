"""The revision that the roll-back workflow chooses."""

import inspect
from typing import Any

import pytest

from firedrill.sandbox.datadog.live.workflows.python import ScriptFailed
from firedrill.sandbox.datadog.live.workflows.python import run as run_script
from infra.observability.workflows import rollback_choice
from infra.observability.workflows.rollback_choice import SERVED, main

SERVICE = "projects/p/locations/l/services/llm-api"


def context(*newest_first: str, traffic: dict[str, int], served: str = "", failed: str = "") -> dict[str, Any]:
    """Return the results of the steps before: revisions, the percent of each, and the service's annotation."""
    revisions = [
        {
            "name": f"{SERVICE}/revisions/{name}",
            "conditions": [
                {"type": "Ready", "state": "CONDITION_FAILED" if name == failed else "CONDITION_SUCCEEDED"},
                {"type": "Active", "state": "CONDITION_FAILED", "severity": "INFO"},
            ],
        }
        for name in newest_first
    ]
    service: dict[str, Any] = {
        "latestReadyRevision": f"{SERVICE}/revisions/{newest_first[0]}",
        "trafficStatuses": [
            {"percent": percent} | ({} if name == "latest" else {"revision": name}) for name, percent in traffic.items()
        ],
    }
    if served:
        service["annotations"] = {"somebody/else": "x", SERVED: served}
    return {"Steps": {"Show_service": {"body": service}, "List_revisions": {"body": {"revisions": revisions}}}}


@pytest.mark.parametrize(
    ("steps", "chosen"),
    [
        # The newest revision serves, by "latest", as after the first deployment.
        (context("two", "one", traffic={"latest": 100}), "one"),
        # A newer revision never got requests, or was rolled back.
        (context("three", "two", "one", traffic={"two": 100}), "one"),
        (context("three", "two", "one", traffic={"two": 100}, served="one two three"), "one"),
        # A revision between the two was rolled back by its deployment.
        (context("three", "bad", "one", traffic={"three": 100}, served="one three"), "one"),
        # The previous revision no longer exists: the one before it.
        (context("four", "three", "bad", "one", traffic={"four": 100}, served="one two four"), "one"),
        # The annotation does not name the serving revision: the newest older one that is ready.
        (context("three", "two", "one", traffic={"three": 100}, failed="two"), "one"),
        (context("three", "two", "one", traffic={"three": 100}, served="one two"), "two"),
        # A deployment is in progress, or was killed.
        (context("two", "one", "zero", traffic={"one": 50, "two": 50}), "one"),
        (context("two", "one", "zero", traffic={"one": 10, "two": 90}, served="zero one"), "one"),
        (context("two", "one", "zero", traffic={"one": 100, "two": 0}, served="zero one"), "zero"),
    ],
)
def test_the_previous_revision_is_chosen(steps: dict[str, Any], chosen: str) -> None:
    assert main(ctx=steps) == chosen


def test_without_a_previous_revision_the_error_says_so() -> None:
    with pytest.raises(LookupError, match="no revision served before one"):
        main(ctx=context("two", "one", traffic={"one": 100}))
    with pytest.raises(LookupError, match="not among the 2 newest revisions: zero"):
        main(ctx=context("two", "one", traffic={"zero": 100}))


def test_the_file_runs_by_itself_as_a_step_of_the_workflow() -> None:
    script = inspect.getsource(rollback_choice)
    assert run_script(script, context("three", "two", "one", traffic={"two": 100})) == "one"
    with pytest.raises(ScriptFailed, match="LookupError: no revision served before one"):
        run_script(script, context("one", traffic={"one": 100}))
