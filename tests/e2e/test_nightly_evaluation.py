"""The declared job, run as by its schedule: it grades the service's samples and reports to the account."""

import time
from typing import Any

import httpx
import pytest

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.settings import ACCOUNT_TOKEN, API_KEY
from service.telemetry import GRADED_EVALUATIONS
from tests.e2e.conftest import Sandbox
from tests.integration.service.sandbox import eventually

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
        """Return a run from Cloud Run's API."""
        listed = httpx.get(f"{self.google}/v2/{self.name}/executions", timeout=20).json()["executions"]
        return next(item for item in listed if item["name"] == name)


def test_the_declared_job_grades_what_was_sampled_and_its_evaluations_are_in_the_account(sandbox: Sandbox) -> None:
    job = Job(sandbox)
    spans: list[str] = []
    assert job.run("nobody@firedrill-sandbox.iam.gserviceaccount.com").status_code == 403

    def graded() -> bool:
        """Chat, run the job, and return whether a chat has all grades.

        A run may start before a sample is stored, and of many chats in a second the service samples some.
        """
        question = {"message": f"Grade this, please: {len(spans)}"}
        chat = httpx.post(f"http://localhost:{sandbox.settings.port}/v1/chat", json=question, timeout=60)
        spans.append(chat.json()["answer_id"].split(".")[1])
        started = job.run(job.caller).raise_for_status().json()["metadata"]["name"]
        eventually(lambda: "runningCount" not in job.execution(started), 180, "the end of the run")
        assert job.execution(started).get("succeededCount") == 1
        grades = [
            (str(evaluation.attributes), evaluation.attributes["attributes"]["label"])
            for evaluation in evaluations(sandbox)
        ]
        return any({label for text, label in grades if span in text} >= set(GRADED_EVALUATIONS) for span in spans)

    eventually(graded, 300, "the grades of a chat")
    for evaluation in evaluations(sandbox):
        grade = evaluation.attributes["attributes"]
        if grade["label"] in GRADED_EVALUATIONS:
            assert 1 <= grade["score_value"] <= 5 and grade["assessment"] in ("pass", "fail")

    # What the job says and counts is of the service, as its declared environment has it.
    search = {"filter": {"query": f'service:llm-api env:local "{GRADED}"', "from": "now-15m"}}
    lines = eventually(lambda: sandbox.datadog("POST", "/api/v2/logs/events/search", json=search)["data"], 30, "a line")
    assert any(tag.startswith("job:") for tag in lines[0]["attributes"]["tags"])

    def counted() -> bool:
        """Return whether the account has each evaluation's count. The Agent stores what it got every 10 s."""
        now = int(time.time())
        query = "sum:llm.chat.evaluations{service:llm-api,env:local} by {evaluation}.as_count()"
        answer = sandbox.datadog("GET", "/api/v1/query", params={"from": now - 900, "to": now + 60, "query": query})
        return {item["scope"].rpartition(":")[2] for item in answer["series"]} >= set(GRADED_EVALUATIONS)

    eventually(counted, 60, "the job's counts")


def evaluations(sandbox: Sandbox) -> list[Event]:
    """Return the evaluations that LLM Observability received, which its API does not list."""
    store = TelemetryStore(sandbox.settings.home / "datadog.sqlite", API_KEY)
    try:
        return list(store.events("evaluations", 0, time.time() + 60))
    finally:
        store.close()
