"""The job grades the sampled answers, with aiplatform's client and the sandbox's judge, and reports the grades."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from firedrill.sandbox.datadog.intake import Receiver
from service.telemetry import GRADED_EVALUATIONS, INLINE_EVALUATIONS
from tests.integration.service import sandbox
from tests.integration.service.sandbox import Metrics, eventually
from tests.unit.sandbox.intake.test_ddtrace import served


@dataclass
class Graded:
    """A service whose answers are all sampled, and its account."""

    google: str
    agent: str
    metrics: Metrics
    receiver: Receiver
    answers: list[dict[str, Any]]
    folder: Path

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the job as Cloud Run starts it."""
        environment = sandbox.variables_of(self.folder, self.google, self.agent, self.metrics)
        return subprocess.run(
            [sys.executable, "-m", "service.evaluation_job"], cwd=sandbox.ROOT, env=environment, timeout=180,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def samples(self) -> list[str]:
        """Return the samples that no job has graded."""
        storage = f"{self.google}/storage/v1/b/{sandbox.BUCKET}/o"
        names = [item["name"] for item in httpx.get(storage, params={"prefix": "evaluation/"}).json().get("items", ())]
        return [httpx.get(f"{storage}/{quote(name, safe='')}", params={"alt": "media"}).text for name in names]

    def evaluations(self) -> list[dict[str, Any]]:
        """Return the evaluations that LLM Observability has."""
        return [
            event.attributes["attributes"]
            for event in self.receiver.destination("org").events("evaluations", 0, math.inf)
        ]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Provide the service after three chats and a rating, before any job."""
    folder = tmp_path_factory.mktemp("job")
    receiver = Receiver(folder / "telemetry", "org", lambda _org, _kind: [])
    with (
        sandbox.google(folder) as google,
        sandbox.statsd() as metrics,
        served(receiver) as agent,
        sandbox.service(folder, google, agent, metrics, EVALUATION_SHARE="1") as service,
    ):
        url = f"{service.url}/v1/chat"
        bodies = [{"message": f"{number}: my mail is maria@customers.example"} for number in range(3)]
        answers = [httpx.post(url, json=body, timeout=30).json() for body in bodies]
        rating = {"answer_id": answers[0]["answer_id"], "rating": "down", "comment": "not what I asked"}
        httpx.post(f"{service.url}/v1/feedback", json=rating).raise_for_status()
        service_and_account = Graded(google, agent, metrics, receiver, answers, folder)
        eventually(lambda: len(service_and_account.samples()) == 3, what="three samples")
        yield service_and_account


def test_inline_evaluations_and_feedback_reach_llm_observability_for_the_chats_span(graded: Graded) -> None:
    spans = {tuple(answer["answer_id"].split(".")[:2]) for answer in graded.answers}
    expected = {(*span, name) for span in spans for name in INLINE_EVALUATIONS}

    def arrived() -> set[tuple[str, ...]]:
        return {
            (*_span(evaluation), evaluation["label"])
            for evaluation in graded.evaluations()
            if evaluation["label"] != "rating"
        }

    eventually(lambda: expected <= arrived(), what="the inline evaluations")
    rated = eventually(
        lambda: [evaluation for evaluation in graded.evaluations() if evaluation["label"] == "rating"],
        what="the rating",
    )
    assert rated[0]["categorical_value"] == "down"
    assert rated[0]["span_id"] == graded.answers[0]["answer_id"].split(".")[1]

    def span_ids() -> set[tuple[str, ...]]:
        llm = [event.attributes for event in graded.receiver.destination("org").events("llmobs", 0, math.inf)]
        return {(span["trace_id"], span["span_id"]) for span in llm}

    assert eventually(lambda: spans <= span_ids(), what="the spans that were judged")


def test_what_waits_is_redacted(graded: Graded) -> None:
    samples = [json.loads(sample) for sample in graded.samples()]
    assert {sample["prompt"][2:] for sample in samples} == {" my mail is [email]"}
    assert all(sample["answer"] for sample in samples)


def test_the_job_waits_while_its_judge_is_down_then_grades_all_once(graded: Graded) -> None:
    httpx.post(f"{graded.google}/-/gemini/failures", json={"mode": "down"}).raise_for_status()
    down = graded.run()
    assert down.returncode == 1
    assert "the judge cannot be asked" in down.stdout
    assert len(graded.samples()) == 3
    httpx.delete(f"{graded.google}/-/gemini/failures").raise_for_status()
    done = graded.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(graded.samples()) == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["message"] == "3 answers were graded"
    scores = [evaluation for evaluation in graded.evaluations() if evaluation["label"] in GRADED_EVALUATIONS]
    assert len(scores) == 3 * len(GRADED_EVALUATIONS)
    for score in scores:
        assert 1 <= score["score_value"] <= 5
        assert score["assessment"] == ("pass" if score["score_value"] >= 3 else "fail")
    counts = {
        name: graded.metrics.values_of("llm.chat.evaluations", f"evaluation:{name}") for name in GRADED_EVALUATIONS
    }
    assert counts == {name: [1.0] * 3 for name in GRADED_EVALUATIONS}


def _span(evaluation: dict[str, Any]) -> tuple[str, str]:
    joined = evaluation.get("join_on", {}).get("span", evaluation)
    return str(joined["trace_id"]), str(joined["span_id"])
