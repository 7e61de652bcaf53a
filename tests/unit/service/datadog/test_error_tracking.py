"""Error Tracking: errors on the entry span and in the log, and the summary of issues and spans."""

import logging
from typing import Any

import pytest
from ddtrace.trace import tracer
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog

ISSUES, SPANS = "/api/v2/error-tracking/issues/search", "/api/v2/spans/events/search"
LOGGER = "service.datadog.error_tracking"


def test_an_error_is_on_the_entry_span_and_in_the_log(operator: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    body = {"error_message": "no card", "error_type": "shop.NoCard", "stack": "File x", "user_action": "checkout"}
    with tracer.trace("flask.request") as span:
        response = operator.post("/datadog/error-tracking/track", json=body)
    assert (response.status_code, response.get_json()) == (
        200,
        {"error_type": "shop.NoCard", "trace_id": f"{span.trace_id:032x}"},
    )
    assert span.error == 1
    assert (span.get_tag("error.type"), span.get_tag("error.message")) == ("shop.NoCard", "no card")
    assert span.get_tag("error.stack") == "File x"
    [record] = [record for record in caplog.records if record.name == LOGGER]
    assert record.levelno == logging.ERROR
    assert vars(record)["error"] == {"kind": "shop.NoCard", "message": "no card", "stack": "File x"}
    assert vars(record)["user_action"] == "checkout"


def test_an_error_without_frames_gets_one_so_that_it_is_an_issue(operator: FlaskClient) -> None:
    with tracer.trace("flask.request") as span:
        operator.post("/datadog/error-tracking/track", json={"error_type": "NoCard"})
    assert span.get_tag("error.stack") == '  File "reported", line 1, in api\nNoCard'


def test_without_a_trace_the_log_line_is_all(operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "enabled", False)
    response = operator.post("/datadog/error-tracking/track")
    assert response.get_json() == {"error_type": "ReportedError", "trace_id": None}


@pytest.mark.parametrize("error_type", ["9lives", "a b", "x" * 201])
def test_a_wrong_type_is_refused(operator: FlaskClient, error_type: str) -> None:
    response = operator.post("/datadog/error-tracking/track", json={"error_type": error_type})
    assert (response.status_code, response.get_json()["title"]) == (400, "The request is wrong")


def failed(kind: str, trace: str, time: str, version: str = "1") -> dict[str, Any]:
    """Return an entry span with an error, as the search returns it."""
    custom = {"error": {"type": kind, "message": f"{kind} happened"}}
    return {"attributes": {"custom": custom, "trace_id": trace, "start_timestamp": f"2026-11-30T{time}:00Z",
                           "tags": [f"version:{version}"]}}  # fmt: skip


def test_the_summary_has_issues_and_each_failed_request_once(reader: FlaskClient, datadog: FakeDatadog) -> None:
    issues = [{"id": "i-1", "attributes": {"total_count": 3}}, {"id": "i-2"}]
    details = {"error_type": "NoCard", "error_message": "no card", "state": "OPEN", "first_seen": 1_800_000_000_000,
               "last_seen": 1_800_000_060_000, "first_seen_version": "1", "last_seen_version": "2"}  # fmt: skip
    datadog.prepare("POST", ISSUES, {"data": issues, "included": [{"id": "i-1", "attributes": details}]})
    spans = [failed("NoCard", "a", "12:01"), failed("NoCard", "b", "12:03", "2"), failed("Timeout", "c", "12:02")]
    datadog.prepare("POST", SPANS, {"data": [*spans, {"attributes": {}}]})
    summary = reader.get("/datadog/error-tracking/summary?hours=2").get_json()
    assert (summary["hours"], summary["failed_requests"]) == (2, 4)
    assert summary["by_type"] == {"NoCard": 2, "Timeout": 1, "unknown": 1}
    assert summary["issues"] == [
        {"id": "i-1", "count": 3, "error_type": "NoCard", "message": "no card", "state": "OPEN",
         "first_seen": "2027-01-15T08:00:00+00:00", "last_seen": "2027-01-15T08:01:00+00:00", "versions": ["1", "2"],
         "link": "https://app.datadoghq.com/error-tracking/issue/i-1"},
        {"id": "i-2", "count": None, "error_type": None, "message": None, "state": None, "first_seen": None,
         "last_seen": None, "versions": [], "link": "https://app.datadoghq.com/error-tracking/issue/i-2"},
    ]  # fmt: skip
    assert summary["errors"][0] == {
        "error_type": "NoCard", "message": "NoCard happened", "count": 2, "first_seen": "2026-11-30T12:01:00Z",
        "last_seen": "2026-11-30T12:03:00Z", "versions": ["1", "2"], "link": "https://app.datadoghq.com/apm/trace/b",
    }  # fmt: skip
    [search] = datadog.sent("POST", ISSUES)
    attributes = search["data"]["attributes"]
    assert (attributes["query"], attributes["track"]) == ("service:llm-api", "trace")
    assert attributes["to"] - attributes["from"] == 2 * 3_600_000
    [search] = datadog.sent("POST", SPANS)
    # Entry spans only: those below carry the same failure under other names.
    assert search["data"]["attributes"]["filter"] == {
        "query": "service:llm-api operation_name:flask.request status:error", "from": "now-2h", "to": "now",
    }  # fmt: skip


def test_a_window_beyond_a_week_is_refused(reader: FlaskClient, datadog: FakeDatadog) -> None:
    assert reader.get("/datadog/error-tracking/summary?hours=169").status_code == 400
    assert datadog.requests == []
