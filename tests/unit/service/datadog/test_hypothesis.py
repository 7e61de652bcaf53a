"""The first hypothesis of a root cause notebook: what fails, since when, what changed, and what to do first."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.datadog.evidence import Costs
from service.datadog.hypothesis import cost_summary
from tests.unit.service.fakes import FakeDatadog, Request

NOTEBOOKS = "/api/v1/notebooks"
MINUTE = 60
now = 0
"""The minute in which a test begins, in seconds."""


def line(outcome: str, model: str, *counts: tuple[int, float]) -> dict[str, Any]:
    """Return a series of the query API: each count with the minutes ago."""
    points = [[(now - minutes * MINUTE) * 1000, count] for minutes, count in sorted(counts, reverse=True)]
    return {"tag_set": [f"outcome:{outcome}", f"model:{model}"], "pointlist": points}


def deployment(minutes_ago: int, **attributes: Any) -> dict[str, Any]:
    """Return a deployment as DORA metrics has it."""
    finished = datetime.fromtimestamp(now - minutes_ago * MINUTE, UTC).isoformat()
    return {"id": "d", "attributes": {"version": "7", "started_at": finished, "finished_at": finished, **attributes}}


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set ``now``."""
    monkeypatch.setitem(globals(), "now", int(time.time()) // MINUTE * MINUTE)


@pytest.fixture(autouse=True)
def empty(datadog: FakeDatadog) -> None:
    """Let Datadog have nothing."""
    datadog.prepare("GET", "/api/v2/incidents", {"data": []})
    datadog.prepare("GET", "/api/v1/monitor", [])
    datadog.prepare("GET", "/api/v1/slo", {"data": []})
    datadog.prepare("GET", "/api/v1/query", {"series": []})
    for search in ("/api/v2/spans/events/search", "/api/v2/events/search", "/api/v2/dora/deployments"):
        datadog.prepare("POST", search, {"data": []})
    datadog.prepare("GET", NOTEBOOKS, {"data": []})
    datadog.prepare("POST", NOTEBOOKS, {"data": {"id": 5}})


def notebook(operator: FlaskClient, datadog: FakeDatadog) -> str:
    """Create a root cause notebook and return its texts."""
    assert operator.post("/datadog/notebooks/root-cause-analysis").status_code == 201
    cells = datadog.sent("POST", NOTEBOOKS)[-1]["data"]["attributes"]["cells"]
    definitions = [cell["attributes"]["definition"] for cell in cells]
    return "\n".join(definition["text"] for definition in definitions if definition["type"] == "markdown")


def shown(minutes_ago: int) -> str:
    """Return a time as the notebook shows it."""
    moment = datetime.fromtimestamp(now - minutes_ago * MINUTE, UTC)
    return f"{moment:%H:%M} UTC" if moment.date() == datetime.now(UTC).date() else f"{moment:%Y-%m-%d %H:%M} UTC"


def test_a_throttled_model_is_named_with_its_time_its_share_and_that_nothing_was_deployed(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    series = [
        line("throttled", "gemini-x", (300, 4), (20, 30), (10, 40), (1, 30)),
        line("ok", "gemini-x", (100, 80), (20, 60), (1, 40)),
        line("ok", "gemini-y", (20, 50)),
        line("caller_error", "gemini-x", (5, 9)),
    ]
    datadog.prepare("GET", "/api/v1/query", {"series": series})
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": [deployment(600)]})
    text = notebook(operator, datadog)
    assert f"**Chats to `gemini-x` are throttled by Gemini since {shown(20)}**" in text
    assert "(100 of 209, 48% chats; and it goes on)" in text
    assert "`gemini-y` answers without failures, so the cause is with `gemini-x`." in text
    assert "Nothing was deployed in the 2 h before." in text
    assert "**First step:** The model's quota is used up." in text


def test_a_deployment_just_before_is_the_first_suspect_with_its_author(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    datadog.prepare("GET", "/api/v1/query", {"series": [line("error", "gemini-x", (30, 5), (20, 9))]})
    tags = ["managed_by:service", "author:Ada"]
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": [deployment(5), deployment(34, custom_tags=tags)]})
    text = notebook(operator, datadog)
    assert f"since {shown(30)}** (14 of 14, 100% chats; the last one at {shown(20)})" in text
    assert f"**Version `7` was deployed 4 min before** ({shown(34)}, by Ada): suspect it first." in text


def test_without_failures_it_says_so(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", "/api/v1/query", {"series": [line("ok", "gemini-x", (5, 100))]})
    assert "No chat failed in the last 24 h. Nothing was deployed in the 2 h before." in notebook(operator, datadog)


@pytest.mark.parametrize("path", ["/api/v1/query", "/api/v1/slo"])
def test_evidence_that_cannot_be_read_is_named_and_the_rest_is_there(
    operator: FlaskClient, datadog: FakeDatadog, path: str
) -> None:
    datadog.prepare("GET", path, {"errors": ["no"]}, 403)
    text = notebook(operator, datadog)
    assert "ould not be read" in text and "Datadog refused the service's keys for" in text
    assert "Last deployments" in text


def test_errors_have_their_count_times_versions_and_a_link(operator: FlaskClient, datadog: FakeDatadog) -> None:
    def span(trace: str, time_of_day: str) -> dict[str, Any]:
        custom = {"error": {"type": "Throttled", "message": "quota | used up"}, "duration": 10**8}
        return {"attributes": {"custom": custom, "trace_id": trace, "tags": ["version:7"], "resource_name":
                               "POST /v1/chat", "start_timestamp": f"2026-11-30T{time_of_day}Z"}}  # fmt: skip

    spans = [span("a", "12:00:00"), span("b", "12:05:00")]
    datadog.prepare("POST", "/api/v2/spans/events/search", {"data": spans})
    text = notebook(operator, datadog)
    assert ("| 2 | Throttled: quota \\| used up | 2026-11-30T12:00:00Z | 2026-11-30T12:05:00Z | 7 | "
            "[b](https://app.datadoghq.com/apm/trace/b) |") in text  # fmt: skip
    searches = [search["data"]["attributes"]["filter"]["query"]
                for search in datadog.sent("POST", "/api/v2/spans/events/search")]  # fmt: skip
    assert all('resource_name:"POST /v1/chat"' in search for search in searches)


def test_alerts_are_ranked_by_priority_without_signals_and_a_composites_members(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    def monitor(number: int, name: str, priority: int, **members: Any) -> dict[str, Any]:
        tags = ["service:llm-api", *members.pop("tags", ())]
        return {"id": number, "name": name, "priority": priority, "overall_state": "Alert", "type": "query alert",
                "query": "sum(last_5m):sum:a{*} > 1", "tags": tags,
                "overall_state_modified": f"2026-11-30T12:0{number}:00Z", **members}  # fmt: skip

    monitors = [
        monitor(1, "Ticket", 3), monitor(2, "Member", 2), monitor(3, "Signal", 1, tags=["severity:signal"]),
        monitor(4, "Both", 2, type="composite", query="2 && 9"), monitor(5, "Page", 1), monitor(6, "Later page", 1),
    ]  # fmt: skip
    datadog.prepare("GET", "/api/v1/monitor", monitors)
    text = notebook(operator, datadog)
    headings = [part.partition("\n")[0] for part in text.split("## Alert: ")[1:]]
    assert headings == ["Later page", "Page", "Both", "Ticket"]
    assert "`Member && 9`" in text
    assert "[Open the monitor](https://app.datadoghq.com/monitors/6)" in text


def test_the_error_budget_of_an_slo_that_counts_requests_is_computed(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    slo = {"id": "s-1", "name": "Availability", "type": "metric", "query": {"numerator": "good", "denominator": "all"},
           "thresholds": [{"timeframe": "7d", "target": 99.0}]}  # fmt: skip

    def answer(request: Request) -> dict[str, Any]:
        counts = {"good": 995.0, "all": 1000.0}
        total = counts.get(request.query["query"])
        return {"series": [{"tag_set": [], "pointlist": [[0, total]]}] if total else []}

    datadog.prepare("GET", "/api/v1/slo", {"data": [slo, slo | {"type": "time_slice"}]})
    datadog.prepare("GET", "/api/v1/query", answer)
    text = notebook(operator, datadog)
    assert ("| [Availability](https://app.datadoghq.com/slo?slo_id=s-1) | 99 % in 7d | 99.500 % | 50% |") in text


def test_an_incidents_link_opens_where_the_site_has_no_app_before_it(create: Any, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", "/api/v2/incidents", {"data": [{"id": "i", "attributes": {"title": "T", "public_id": 9}}]})
    client = create(DD_SITE="us3.datadoghq.com").test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer an-operators-token"
    assert "(https://us3.datadoghq.com/incidents/9)" in notebook(client, datadog)


def test_a_cost_summary_names_what_costs_most_and_a_caller_with_more_than_half() -> None:
    by_tag = {"model": [("gemini-x", 9.0), ("gemini-y", 1.0)], "caller": [("17", 6.0), ("03", 4.0)]}
    text = cost_summary(Costs(10.0, 4.0, by_tag), 24)
    assert "**$10.00 in the last 24 h**, 2.5 times the $4.00 of the 24 h before." in text
    assert "90% by model `gemini-x`, 60% by caller `17`" in text
    assert "`@caller:17`" in text
    assert cost_summary(Costs(0.0, 4.0, {}), 24) == "The chats of the last 24 h cost nothing."
