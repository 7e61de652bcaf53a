"""On-Call: schedules are found through routing rules; pages go to the team, and wait while Datadog is down."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog, Request

PAGES = "/api/v2/on-call/pages"
PRIMARY = "Primary LLM On-Call"


def declare(datadog: FakeDatadog, **schedules: str) -> None:
    """Declare a team for each schedule: its handle is the keyword, the schedule's name the value."""
    teams = [{"id": f"team-{handle}", "attributes": {"handle": handle}} for handle in schedules]
    datadog.prepare("GET", "/api/v2/team", {"data": teams})
    for handle, name in schedules.items():
        policy = {"relationships": {"policy": {"data": {"id": f"policy-{handle}", "type": "policies"}}}}
        datadog.prepare("GET", f"/api/v2/on-call/teams/team-{handle}/routing-rules", {"included": [policy]})
        targets = [{"id": f"schedule-{handle}", "type": "schedules"}, {"id": "u-9", "type": "users"}]
        step = {"relationships": {"targets": {"data": targets}}}
        datadog.prepare("GET", f"/api/v2/on-call/escalation-policies/policy-{handle}", {"included": [step]})
        schedule = {"data": {"id": f"schedule-{handle}", "attributes": {"name": name}}}
        datadog.prepare("GET", f"/api/v2/on-call/schedules/schedule-{handle}", schedule)


@pytest.fixture(autouse=True)
def working(datadog: FakeDatadog) -> None:
    """Declare one schedule, and take pages."""
    declare(datadog, llm=PRIMARY)
    datadog.prepare("POST", PAGES, {"data": {"id": "p-1"}}, 201)


@pytest.mark.parametrize(("severity", "urgency"), [("critical", "high"), ("high", "high"), ("medium", "low")])
def test_a_page_goes_to_the_team_behind_the_schedule(
    operator: FlaskClient, datadog: FakeDatadog, severity: str, urgency: str
) -> None:
    body = {"schedule_name": "primary", "message": "Latency\nis high", "severity": severity}
    response = operator.post("/datadog/oncall/page", json=body)
    page = response.get_json()
    assert response.status_code == 201
    assert page == {"id": page["id"], "status": "sent", "page_id": "p-1", "schedule": PRIMARY, "team": "llm",
                    "urgency": urgency}  # fmt: skip
    [sent] = datadog.sent("POST", PAGES)
    assert sent["data"]["type"] == "pages"
    assert sent["data"]["attributes"] == {
        "title": "Latency",
        "description": "Latency\nis high\n\nRequested through llm-api's API.",
        "urgency": urgency,
        "tags": ["managed_by:service", "service:llm-api", f"severity:{severity}", f"write_id:{page['id']}"],
        "target": {"identifier": "llm", "type": "team_handle"},
    }


def test_a_critical_error_pages_with_its_type(operator: FlaskClient, datadog: FakeDatadog) -> None:
    body = {"error_message": "no disk", "error_type": "DiskFull"}
    assert operator.post("/datadog/oncall/critical-error", json=body).status_code == 201
    [sent] = datadog.sent("POST", PAGES)
    assert (sent["data"]["attributes"]["title"], sent["data"]["attributes"]["urgency"]) == ("DiskFull: no disk", "high")


def test_a_page_that_datadog_cannot_take_now_is_accepted(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", PAGES, {"errors": ["no"]}, 429, X_RateLimit_Reset="7")
    response = operator.post("/datadog/oncall/page")
    page = response.get_json()
    assert (response.status_code, page["status"], page["retry_after"]) == (202, "accepted", 7)
    assert operator.get(response.headers["Location"]).get_json() == {"id": page["id"], "status": "accepted"}


@pytest.mark.parametrize(
    ("schedules", "name", "problem"),
    [
        ({"llm": PRIMARY}, "Secondary", "no schedule has this name; there are: Primary LLM On-Call"),
        ({"one": "On call A", "two": "On call B"}, "On call", "more than one schedule has this name"),
        ({}, PRIMARY, "there are: none"),
    ],
)
def test_an_unknown_or_ambiguous_schedule_is_not_paged(
    operator: FlaskClient, datadog: FakeDatadog, schedules: dict[str, str], name: str, problem: str
) -> None:
    declare(datadog, **schedules)
    response = operator.post("/datadog/oncall/page", json={"schedule_name": name})
    assert response.status_code == 404
    assert problem in response.get_json()["detail"]
    assert datadog.sent("POST", PAGES) == []


def test_a_team_without_routing_rules_is_passed_over(reader: FlaskClient, datadog: FakeDatadog) -> None:
    declare(datadog, first="First", llm=PRIMARY)
    datadog.prepare("GET", "/api/v2/on-call/teams/team-first/routing-rules", {"errors": ["no"]}, 404)
    datadog.prepare("GET", "/api/v2/on-call/schedules/schedule-llm/on-call", {"data": None})
    assert reader.get(f"/datadog/oncall/current/{PRIMARY}").get_json()["schedule"] == PRIMARY


def test_teams_are_read_page_by_page(reader: FlaskClient, datadog: FakeDatadog) -> None:
    others = [{"id": f"other-{number}", "attributes": {"handle": "x"}} for number in range(100)]
    ours = [{"id": "team-llm", "attributes": {"handle": "llm"}}]

    def page(request: Request) -> dict[str, Any]:
        return {"data": (others, ours)[int(request.query["page[number]"])]}

    datadog.prepare("GET", "/api/v2/team", page)
    for team in others:
        datadog.prepare("GET", f"/api/v2/on-call/teams/{team['id']}/routing-rules", {"errors": ["no"]}, 404)
    datadog.prepare("GET", "/api/v2/on-call/schedules/schedule-llm/on-call", {"data": None})
    assert reader.get(f"/datadog/oncall/current/{PRIMARY}").status_code == 200


def test_who_is_on_call_comes_from_the_schedule(reader: FlaskClient, datadog: FakeDatadog) -> None:
    shift = {
        "data": {
            "attributes": {"end": "2026-12-01T08:00:00Z"},
            "relationships": {"user": {"data": {"id": "u-1", "type": "users"}}},
        },
        "included": [
            {"id": "u-2", "type": "users", "attributes": {"name": "Bob", "email": "bob@example.com"}},
            {"id": "u-1", "type": "users", "attributes": {"name": "Ada", "email": "ada@example.com"}},
        ],
    }
    datadog.prepare("GET", "/api/v2/on-call/schedules/schedule-llm/on-call", shift)
    response = reader.get(f"/datadog/oncall/current/{PRIMARY}")
    assert response.get_json() == {
        "schedule": PRIMARY,
        "schedule_id": "schedule-llm",
        "on_call": {"id": "u-1", "name": "Ada", "email": "ada@example.com"},
        "until": "2026-12-01T08:00:00Z",
    }


def test_a_page_is_accepted_while_no_schedule_can_be_read_and_finds_it_later(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    datadog.prepare("GET", "/api/v2/team", {"errors": ["no"]}, 503)
    response = operator.post("/datadog/oncall/page", json={"message": "down"})
    page = response.get_json()
    assert (response.status_code, page["status"], page["schedule"], page["team"]) == (202, "accepted", PRIMARY, None)
    assert datadog.sent("POST", PAGES) == []
    declare(datadog, llm=PRIMARY)
    assert operator.post("/datadog/writes/drain").get_json() == {"arrived": 1, "left": 0}
    [sent] = datadog.sent("POST", PAGES)
    assert sent["data"]["attributes"]["target"] == {"identifier": "llm", "type": "team_handle"}
    assert "schedule" not in sent["data"]["attributes"]


def test_a_page_goes_out_by_the_last_known_schedule_while_it_cannot_be_read(
    operator: FlaskClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operator.post("/datadog/oncall/page").status_code == 201
    monkeypatch.setattr("service.datadog.schedules.FRESH_SECONDS", 0.0)
    datadog.prepare("GET", "/api/v2/team", {"errors": ["no"]}, 503)
    response = operator.post("/datadog/oncall/page", json={"schedule_name": "primary"})
    assert (response.status_code, response.get_json()["team"]) == (201, "llm")
    assert operator.get("/datadog/oncall/current/Secondary").status_code == 503


def test_an_accepted_page_for_a_schedule_that_does_not_exist_is_refused_and_its_status_says_so(
    operator: FlaskClient, datadog: FakeDatadog
) -> None:
    datadog.prepare("GET", "/api/v2/team", {"errors": ["no"]}, 503)
    response = operator.post("/datadog/oncall/page", json={"schedule_name": "Nobody"})
    declare(datadog, llm=PRIMARY)
    operator.post("/datadog/writes/drain")
    status = operator.get(response.headers["Location"]).get_json()
    assert (status["status"], PRIMARY in status["detail"]) == ("refused", True)


def test_who_is_next_is_asked_for_the_end_of_the_present_shift(reader: FlaskClient, datadog: FakeDatadog) -> None:
    ends = {None: ("u-1", "2026-12-01T08:00:00Z"), "2026-12-01T08:00:00Z": ("u-2", "2026-12-08T08:00:00Z")}

    def shift(request: Request) -> dict[str, Any]:
        user, end = ends[request.query.get("filter[at_ts]")]
        included = {"id": user, "type": "users", "attributes": {"name": user, "email": f"{user}@example.com"}}
        relationships = {"user": {"data": {"id": user, "type": "users"}}}
        return {"data": {"attributes": {"end": end}, "relationships": relationships}, "included": [included]}

    datadog.prepare("GET", "/api/v2/on-call/schedules/schedule-llm/on-call", shift)
    answer = reader.get(f"/datadog/oncall/current/{PRIMARY}").get_json()
    assert (answer["on_call"]["id"], answer["until"]) == ("u-1", "2026-12-01T08:00:00Z")
    assert (answer["next"]["on_call"]["id"], answer["next"]["from"]) == ("u-2", answer["until"])
    assert answer["next"]["until"] == "2026-12-08T08:00:00Z"
