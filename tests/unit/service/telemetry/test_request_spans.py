"""The entry span of a request: its name, route, status and caller, and its end."""

from collections.abc import Iterator

import pytest
from ddtrace.trace import Span, TraceFilter, tracer
from flask import Flask
from flask.testing import FlaskClient

from service.telemetry.request_spans import trace_requests


class Recorder(TraceFilter):
    """Keeps the spans of finished traces."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def process_trace(self, trace: list[Span]) -> None:
        """Keep the spans, and send none."""
        self.spans += trace


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Provide the spans that the tracer would send."""
    recorder = Recorder()
    monkeypatch.setattr(tracer, "enabled", True)
    tracer.configure(trace_processors=[recorder])
    yield recorder
    tracer.configure(trace_processors=[])


@pytest.fixture
def caller() -> FlaskClient:
    """Provide a caller of an application with an answer, a stream and a mistake."""
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    trace_requests(app)

    @app.get("/items/<name>")
    def item(name: str) -> tuple[str, int]:
        return name, {"gone": 404, "broken": 503}.get(name, 200)

    @app.get("/stream")
    def stream() -> Iterator[str]:
        yield "a"
        with tracer.trace("inner"):
            yield "b"

    @app.get("/mistake")
    def mistake() -> str:
        raise ValueError("a mistake")

    return app.test_client()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/items/a", ("GET /items/<name>", "200", 0)),
        ("/items/gone", ("GET /items/<name>", "404", 0)),
        ("/items/broken", ("GET /items/<name>", "503", 1)),
        ("/elsewhere", ("flask.request", "404", 0)),
    ],
)
def test_it_has_route_and_status(
    caller: FlaskClient, recorder: Recorder, path: str, expected: tuple[str, str, int]
) -> None:
    caller.get(path).close()
    [span] = recorder.spans
    assert (span.resource, span.get_tag("http.status_code"), span.error) == expected
    assert (span.name, span.span_type, span.get_tag("http.method")) == ("flask.request", "web", "GET")


def test_it_lasts_until_a_stream_is_closed(caller: FlaskClient, recorder: Recorder) -> None:
    response = caller.get("/stream")
    pieces = response.iter_encoded()
    assert next(pieces) == b"a"
    assert recorder.spans == []
    assert list(pieces) == [b"b"]
    response.close()
    entry, inner = recorder.spans
    assert (entry.name, inner.name, inner.parent_id) == ("flask.request", "inner", entry.span_id)


def test_a_mistake_is_its_error(caller: FlaskClient, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="a mistake"):
        caller.get("/mistake")
    [span] = recorder.spans
    assert (span.error, span.get_tag("error.type")) == (1, "builtins.ValueError")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-datadog-trace-id": "77", "x-datadog-parent-id": "5"},
        {"traceparent": f"00-{77:032x}-{5:016x}-01"},
    ],
)
def test_it_continues_a_callers_trace_and_the_next_request_does_not(
    caller: FlaskClient, recorder: Recorder, headers: dict[str, str]
) -> None:
    caller.get("/items/a", headers=headers).close()
    caller.get("/items/a").close()
    first, second = recorder.spans
    assert (first.trace_id, first.parent_id) == (77, 5)
    assert (second.trace_id != 77, second.parent_id) == (True, None)


def test_a_response_that_nobody_closes_is_no_parent_of_the_next_request(
    caller: FlaskClient, recorder: Recorder
) -> None:
    left_open = caller.get("/stream")
    caller.get("/items/a").close()
    left_open.close()
    assert [(span.resource, span.parent_id) for span in recorder.spans] == [
        ("GET /items/<name>", None), ("GET /stream", None),
    ]  # fmt: skip


def test_without_the_tracer_there_is_none(
    caller: FlaskClient, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracer, "enabled", False)
    assert caller.get("/items/a").status_code == 200
    assert tracer.current_span() is None
    assert recorder.spans == []
