"""The job grades what was sampled, through aiplatform's client against the sandbox's judge, and tells it."""

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
from tests.sandbox.intake.test_ddtrace import served
from tests.service import sandbox
from tests.service.sandbox import Metrics, eventually


@dataclass
class Graded:
    """A service whose answers are all sampled, and what its account has."""

    google: str
    agent: str
    metrics: Metrics
    receiver: Receiver
    answers: list[dict[str, Any]]
    folder: Path

    def run(self) -> subprocess.CompletedProcess[str]:
        """The job, as Cloud Run starts it."""
        environment = sandbox.variables_of(self.folder, self.google, self.agent, self.metrics)
        return subprocess.run(
            [sys.executable, "-m", "service.evaluation_job"], cwd=sandbox.ROOT, env=environment, timeout=180,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def samples(self) -> list[str]:
        """Those that no job has graded."""
        storage = f"{self.google}/storage/v1/b/{sandbox.BUCKET}/o"
        names = [one["name"] for one in httpx.get(storage, params={"prefix": "evaluation/"}).json().get("items", ())]
        return [httpx.get(f"{storage}/{quote(name, safe='')}", params={"alt": "media"}).text for name in names]

    def evaluations(self) -> list[dict[str, Any]]:
        """What LLM Observability was told."""
        return [
            event.attributes["attributes"]
            for event in self.receiver.destination("org").events("evaluations", 0, math.inf)
        ]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Three chats and a rating, before any job."""
    folder = tmp_path_factory.mktemp("job")
    receiver = Receiver(folder / "telemetry", "org", lambda _org, _kind: [])
    with (
        sandbox.google(folder) as google,
        sandbox.statsd() as metrics,
        served(receiver) as agent,
        sandbox.service(folder, google, agent, metrics, EVALUATION_SHARE="1") as service,
    ):
        url = f"{service.url}/v1/chat"
        asked = [{"message": f"{number}: my mail is maria@customers.example"} for number in range(3)]
        answers = [httpx.post(url, json=body, timeout=30).json() for body in asked]
        rating = {"answer_id": answers[0]["answer_id"], "rating": "down", "comment": "not what I asked"}
        httpx.post(f"{service.url}/v1/feedback", json=rating).raise_for_status()
        made = Graded(google, agent, metrics, receiver, answers, folder)
        eventually(lambda: len(made.samples()) == 3, what="three samples")
        yield made


def test_inline_evaluations_and_feedback_reach_llm_observability_for_the_chats_span(graded: Graded) -> None:
    spans = {tuple(one["answer_id"].split(".")[:2]) for one in graded.answers}
    wanted = {(*span, name) for span in spans for name in INLINE_EVALUATIONS}

    def arrived() -> set[tuple[str, ...]]:
        return {(*_span(one), one["label"]) for one in graded.evaluations() if one["label"] != "rating"}

    eventually(lambda: wanted <= arrived(), what="the inline evaluations")
    rated = eventually(lambda: [one for one in graded.evaluations() if one["label"] == "rating"], what="the rating")
    assert rated[0]["categorical_value"] == "down"
    assert rated[0]["span_id"] == graded.answers[0]["answer_id"].split(".")[1]

    def seen() -> set[tuple[str, ...]]:
        llm = [event.attributes for event in graded.receiver.destination("org").events("llmobs", 0, math.inf)]
        return {(one["trace_id"], one["span_id"]) for one in llm}

    assert eventually(lambda: spans <= seen(), what="the spans that were judged")


def test_what_waits_is_redacted(graded: Graded) -> None:
    kept = [json.loads(one) for one in graded.samples()]
    assert {one["prompt"][2:] for one in kept} == {" my mail is [email]"}
    assert all(one["answer"] for one in kept)


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
    scores = [one for one in graded.evaluations() if one["label"] in GRADED_EVALUATIONS]
    assert len(scores) == 3 * len(GRADED_EVALUATIONS)
    for one in scores:
        assert 1 <= one["score_value"] <= 5
        assert one["assessment"] == ("pass" if one["score_value"] >= 3 else "fail")
    told = {name: graded.metrics.of("llm.chat.evaluations", f"evaluation:{name}") for name in GRADED_EVALUATIONS}
    assert told == {name: [1.0] * 3 for name in GRADED_EVALUATIONS}


def _span(evaluation: dict[str, Any]) -> tuple[str, str]:
    joined = evaluation.get("join_on", {}).get("span", evaluation)
    return str(joined["trace_id"]), str(joined["span_id"])
