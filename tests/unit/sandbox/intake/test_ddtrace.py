"""Telemetry of a Flask app under ddtrace-run with LLM Observability, which runs in a separate process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from firedrill.evaluate.telemetry import Series
from firedrill.sandbox.datadog.intake import Receiver, routes

APP = """
import flask, sys
from ddtrace.llmobs import LLMObs

app = flask.Flask("tiny")

@app.get("/chat/<who>")
def chat(who):
    with LLMObs.workflow(name="chat"):
        with LLMObs.llm(model_name="gemini-2.5-flash", model_provider="google", name="generate") as span:
            LLMObs.annotate(span, input_data="hi", output_data="yo",
                            metrics={"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100})
            exported = LLMObs.export_span(span)
    LLMObs.submit_evaluation(span=exported, label="quality", metric_type="score", value=0.5)
    return who

@app.get("/bad")
def bad():
    with LLMObs.llm(model_name="nobody-knows", name="generate") as span:
        LLMObs.annotate(span, metrics={"input_tokens": 1})
        raise RuntimeError("no")

client = app.test_client()
for path in ("/chat/a", "/chat/b", "/bad"):
    client.get(path).get_data()
LLMObs.flush()
"""


@contextmanager
def served(receiver: Receiver, middleware: Sequence[Middleware] = ()) -> Iterator[str]:
    """Provide the base URL of a server with the intake's routes."""
    app = Starlette(routes=routes(receiver, 8125), middleware=middleware)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def run(source: str, url: str, **environment: str) -> None:
    subprocess.run(
        [str(Path(sys.executable).with_name("ddtrace-run")), sys.executable, "-c", source],
        check=True,
        timeout=60,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "DD_TRACE_AGENT_URL": url, "DD_SERVICE": "llm-api", "DD_ENV": "local",
             "DD_VERSION": "7", "DD_REMOTE_CONFIGURATION_ENABLED": "false", **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Receiver:
    receiver = Receiver(tmp_path_factory.mktemp("intake") / "datadog.sqlite", "org", lambda *_: [])
    with served(receiver) as url:
        run(APP, url, DD_LLMOBS_ENABLED="1", DD_LLMOBS_ML_APP="llm-app", DD_LLMOBS_AGENTLESS_ENABLED="false")
    return receiver


def total(receiver: Receiver, metric: str, *tags: str) -> float:
    matching = [series for series in receiver.store("org").series(metric, 0, np.inf) if series.tags.issuperset(tags)]
    return float(sum(series.values.sum() for series in matching))


def series_of(receiver: Receiver, metric: str) -> list[Series]:
    return list(receiver.store("org").series(metric, 0, np.inf))


def test_every_request_is_a_span_with_its_service_and_trace_id(receiver: Receiver) -> None:
    spans = [event.attributes for event in receiver.store("org").events("spans", 0, np.inf)]
    requests = [span for span in spans if span["operation_name"] == "flask.request"]
    assert sorted(
        (span["resource_name"], span["status"], span["attributes"]["http"]["status_code"]) for span in requests
    ) == [
        ("GET /bad", "error", "500"),
        ("GET /chat/<who>", "ok", "200"),
        ("GET /chat/<who>", "ok", "200"),
    ]
    assert all({"env:local", "version:7", "service:llm-api"} <= set(span["tags"]) for span in spans)
    assert all(len(span["trace_id"]) == 32 for span in spans)
    assert sum(span["entry"] for span in spans) == 3


def test_trace_metrics_count_requests_by_resource_and_status(receiver: Receiver) -> None:
    assert total(receiver, "trace.flask.request.hits", "env:local", "version:7", "resource_name:get_/chat/_who",
                 "http.status_code:200", "service:llm-api") == 2  # fmt: skip
    assert total(receiver, "trace.flask.request.hits") == 3
    assert total(receiver, "trace.flask.request.errors") == total(receiver, "trace.flask.request.errors",
                                                                  "http.status_code:500") == 1  # fmt: skip
    durations = series_of(receiver, "trace.flask.request")
    assert {duration.type for duration in durations} == {"distribution"}
    assert all(0 < value < 10 for duration in durations for value in duration.values)
    assert all(time % 10 == 0 for duration in durations for time in duration.times)


def test_llm_spans_that_ride_in_traces_are_found(receiver: Receiver) -> None:
    spans = [event.attributes for event in receiver.store("org").events("llmobs", 0, np.inf)]
    kinds = sorted(span["attributes"]["meta"]["span"]["kind"] for span in spans)
    assert kinds == ["llm", "llm", "llm", "workflow", "workflow"]
    answers = [span for span in spans if span["attributes"]["meta"].get("model_name") == "gemini-2.5-flash"]
    assert {span["attributes"]["ml_app"] for span in answers} == {"llm-app"}
    assert answers[0]["attributes"]["meta"]["output"]["messages"][0]["content"] == "yo"


def test_ml_obs_metrics_carry_tokens_and_cost_of_known_models(receiver: Receiver) -> None:
    model = ("model_name:gemini-2.5-flash", "model_provider:google", "ml_app:llm-app", "span_kind:llm", "error:0")
    assert total(receiver, "ml_obs.span", *model) == 2
    assert total(receiver, "ml_obs.span", "span_kind:workflow") == 2
    assert total(receiver, "ml_obs.span.error", "error:1") == 1
    assert total(receiver, "ml_obs.span.llm.input.tokens", *model) == 2000
    assert total(receiver, "ml_obs.span.llm.output.tokens", *model) == 200
    assert total(receiver, "ml_obs.span.llm.total.cost", *model) == 2 * (1000 * 300 + 100 * 2500)
    assert total(receiver, "ml_obs.span.llm.input.tokens", "model_name:nobody-knows") == 1
    assert total(receiver, "ml_obs.span.llm.total.cost", "model_name:nobody-knows") == 0
    assert {series.type for series in series_of(receiver, "ml_obs.span.duration")} == {"distribution"}


def test_evaluations_arrive(receiver: Receiver) -> None:
    evaluations = [event.attributes["attributes"] for event in receiver.store("org").events("evaluations", 0, np.inf)]
    assert [(evaluation["label"], evaluation["score_value"]) for evaluation in evaluations] == [("quality", 0.5)] * 2


def test_nothing_that_ddtrace_sent_was_refused(receiver: Receiver) -> None:
    assert not [name for name in receiver.counters() if "malformed" in name or name.startswith("evp_proxy")]


def test_without_llm_observability_the_newer_trace_format_is_understood(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "datadog.sqlite", "org", lambda *_: [])
    with served(receiver) as url:
        run("import flask; app = flask.Flask('x'); app.add_url_rule('/', view_func=lambda: 'x')\n"
            "app.test_client().get('/').get_data()", url, DD_TRACE_API_VERSION="v0.5")  # fmt: skip
    assert total(receiver, "trace.flask.request.hits", "service:llm-api", "resource_name:get_/", "version:7") == 1


def test_llm_spans_that_are_posted_are_found(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "datadog.sqlite", "org", lambda *_: [])
    with served(receiver) as url:
        run(APP, url, DD_LLMOBS_ENABLED="1", DD_LLMOBS_ML_APP="llm-app", DD_LLMOBS_AGENTLESS_ENABLED="false",
            DD_APM_TRACING_ENABLED="false")  # fmt: skip
    assert total(receiver, "ml_obs.span", "model_name:gemini-2.5-flash", "service:llm-api", "env:local") == 2
    assert receiver.counters()["llmobs.spans"] == 5
