"""The declared job, run as the declared schedule would: it grades what the service sampled, and tells the account."""

import time
from typing import Any

import httpx
import pytest

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.sandbox.settings import ACCOUNT_TOKEN, API_KEY
from service.telemetry import GRADED_EVALUATIONS
from tests.e2e.conftest import Sandbox
from tests.service.sandbox import eventually

pytestmark = pytest.mark.e2e

Json = Any
GRADED = "answers were graded"


class Job:
    """The declared evaluation job at the sandbox's Cloud Run."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.google = f"http://127.0.0.1:{sandbox.settings.google_port}"
        declared = httpx.get(f"{self.google}/-/resources", timeout=20).json()
        [self.name] = declared["gcp:cloudrunv2/job:Job"]["ids"]
        [grant] = declared["gcp:cloudrunv2/jobIamMember:JobIamMember"]["ids"]
        self.caller = grant.rpartition("serviceAccount:")[2]

    def run(self, account: str) -> httpx.Response:
        """Ask for a run as a service account."""
        headers = {"Authorization": f"Bearer {ACCOUNT_TOKEN}{account}"}
        return httpx.post(f"{self.google}/v2/{self.name}:run", headers=headers, timeout=30)

    def execution(self, name: str) -> Json:
        """One run, as Cloud Run tells of it."""
        listed = httpx.get(f"{self.google}/v2/{self.name}/executions", timeout=20).json()["executions"]
        return next(one for one in listed if one["name"] == name)


def test_the_declared_job_grades_what_was_sampled_and_its_evaluations_are_in_the_account(sandbox: Sandbox) -> None:
    job = Job(sandbox)
    chat = httpx.post(f"http://localhost:{sandbox.settings.port}/v1/chat", json={"message": "Grade this"}, timeout=60)
    span = chat.json()["answer_id"].split(".")[1]
    assert job.run("nobody@firedrill-sandbox.iam.gserviceaccount.com").status_code == 403

    def graded() -> Json:
        """Once the sample, which is stored behind the answer, was there in time for a run."""
        started = job.run(job.caller).raise_for_status().json()["metadata"]["name"]
        eventually(lambda: "runningCount" not in job.execution(started), 180, "the end of the run")
        assert job.execution(started).get("succeededCount") == 1
        return [one.attributes["attributes"] for one in evaluations(sandbox) if span in str(one.attributes)]

    found = eventually(lambda: {one["label"]: one for one in graded()}.keys() >= set(GRADED_EVALUATIONS), 300)
    assert found
    for one in evaluations(sandbox):
        told = one.attributes["attributes"]
        if told["label"] in GRADED_EVALUATIONS:
            assert 1 <= told["score_value"] <= 5 and told["assessment"] in ("pass", "fail")

    # What the job says and counts is of the service, as its declared environment has it.
    search = {"filter": {"query": f'service:llm-api env:local "{GRADED}"', "from": "now-15m"}}
    lines = eventually(lambda: sandbox.datadog("POST", "/api/v2/logs/events/search", json=search)["data"], 30, "a line")
    assert any(one.startswith("job:") for one in lines[0]["attributes"]["tags"])
    now = int(time.time())
    query = "sum:llm.chat.evaluations{service:llm-api,env:local} by {evaluation}.as_count()"
    answer = sandbox.datadog("GET", "/api/v1/query", params={"from": now - 900, "to": now + 60, "query": query})
    assert {one["scope"].rpartition(":")[2] for one in answer["series"]} >= set(GRADED_EVALUATIONS)


def evaluations(sandbox: Sandbox) -> list[Event]:
    """What LLM Observability of the account was told, which its API does not list one by one."""
    store = TelemetryStore(sandbox.settings.home / "datadog.sqlite", API_KEY)
    try:
        return list(store.events("evaluations", 0, time.time() + 60))
    finally:
        store.close()
