"""Which revision the roll-back workflow returns to."""

import inspect
from typing import Any

import pytest

from firedrill.sandbox.datadog.live.workflow_python import ScriptFailed
from firedrill.sandbox.datadog.live.workflow_python import run as run_script
from infra import rollback_choice
from infra.rollback_choice import SERVED, main

SERVICE = "projects/p/locations/l/services/llm-api"


def context(*newest_first: str, traffic: dict[str, int], served: str = "", failed: str = "") -> dict[str, Any]:
    """What the steps before have read: revisions, the percent of each, and the service's annotation."""
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
    ("given", "chosen"),
    [
        # The newest one serves, as the first deployment has it: by "latest".
        (context("two", "one", traffic={"latest": 100}), "one"),
        # A newer revision never got requests, or was returned: it is no reason to stay.
        (context("three", "two", "one", traffic={"two": 100}), "one"),
        (context("three", "two", "one", traffic={"two": 100}, served="one two three"), "one"),
        # Between the two a revision was returned by the deployment: it did not serve.
        (context("three", "bad", "one", traffic={"three": 100}, served="one three"), "one"),
        # What served before does not exist any more: the one before it.
        (context("four", "three", "bad", "one", traffic={"four": 100}, served="one two four"), "one"),
        # Nothing is known of the one that serves: the newest ready one that is older.
        (context("three", "two", "one", traffic={"three": 100}, failed="two"), "one"),
        (context("three", "two", "one", traffic={"three": 100}, served="one two"), "two"),
        # A deployment is on its way, or was killed on it.
        (context("two", "one", "zero", traffic={"one": 50, "two": 50}), "one"),
        (context("two", "one", "zero", traffic={"one": 10, "two": 90}, served="zero one"), "one"),
        (context("two", "one", "zero", traffic={"one": 100, "two": 0}, served="zero one"), "zero"),
    ],
)
def test_the_requests_return_to_what_served_before(given: dict[str, Any], chosen: str) -> None:
    assert main(ctx=given) == chosen


def test_where_nothing_served_before_that_is_said() -> None:
    with pytest.raises(LookupError, match="no revision served before one"):
        main(ctx=context("two", "one", traffic={"one": 100}))
    with pytest.raises(LookupError, match="not among the 2 newest revisions: zero"):
        main(ctx=context("two", "one", traffic={"zero": 100}))


def test_the_file_runs_by_itself_as_a_step_of_the_workflow() -> None:
    script = inspect.getsource(rollback_choice)
    assert run_script(script, context("three", "two", "one", traffic={"two": 100})) == "one"
    with pytest.raises(ScriptFailed, match="LookupError: no revision served before one"):
        run_script(script, context("one", traffic={"one": 100}))
