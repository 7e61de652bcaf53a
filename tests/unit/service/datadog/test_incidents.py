"""Incidents: opened with a notebook, updated, resolved, given context; a write that Datadog cannot take is kept."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.unit.service.fakes import FakeDatadog
from tests.unit.service.google import Google

INCIDENTS, NOTEBOOKS = "/api/v2/incidents", "/api/v1/notebooks"


def incident(title: str, **attributes: Any) -> dict[str, Any]:
    """Return an incident as Datadog has it."""
    return {"id": "i-1", "type": "incidents", "attributes": {"title": title, "public_id": 12, **attributes}}


@pytest.fixture(autouse=True)
def working(datadog: FakeDatadog) -> None:
    """Let Datadog take incidents and notebooks, and have none yet."""
    datadog.prepare("POST", INCIDENTS, lambda sent: {"data": incident(sent.body["data"]["attributes"]["title"])}, 201)
    datadog.prepare("GET", INCIDENTS, {"data": []})
    datadog.prepare("GET", f"{INCIDENTS}/i-1", {"data": incident("Chats fail", state="active")})
    datadog.prepare("PATCH", f"{INCIDENTS}/i-1", {"data": incident("Chats fail")})
    datadog.prepare("GET", "/api/v1/monitor", [])
    datadog.prepare("POST", "/api/v2/spans/events/search", {"data": []})
    datadog.prepare("POST", "/api/v2/events/search", {"data": []})
    datadog.prepare("GET", NOTEBOOKS, {"data": []})
    datadog.prepare("POST", NOTEBOOKS, {"data": {"id": 5}})


def test_an_incident_is_opened_and_gets_its_notebook(operator: FlaskClient, datadog: FakeDatadog) -> None:
    body = {"title": "Chats fail", "severity": "SEV-2", "summary": "since noon", "customer_impacted": True}
    response = operator.post("/datadog/incidents", json=body)
    opened = response.get_json()
    assert response.status_code == 201
    assert (opened["status"], opened["incident_id"], opened["public_id"]) == ("sent", "i-1", 12)
    assert opened["notebook"] == "https://app.datadoghq.com/notebook/5"
    [sent] = datadog.sent("POST", INCIDENTS)
    assert sent["data"]["type"] == "incidents"
    assert sent["data"]["attributes"] == {
        "title": "Chats fail",
        "customer_impacted": True,
        "customer_impact_scope": "callers of the service",
        "fields": {
            "severity": {"type": "dropdown", "value": "SEV-2"},
            "summary": {
                "type": "textbox",
                "value": f"since noon\n\nmanaged_by:service\n\nwrite_id:{opened['id']}",
            },
        },
    }
    [notebook] = datadog.sent("POST", NOTEBOOKS)
    assert notebook["data"]["attributes"]["name"] == "llm-api test: RCA: Chats fail (i-1)"


def test_an_incident_that_datadog_cannot_take_now_is_accepted_with_its_notebook_behind_it(
    operator: FlaskClient, datadog: FakeDatadog, google: Google, bucket: str
) -> None:
    datadog.prepare("POST", INCIDENTS, {"errors": ["no"]}, 503)
    response = operator.post("/datadog/incidents", json={"title": "Chats fail"})
    opened = response.get_json()
    assert (response.status_code, opened["status"], opened["notebook"]) == (202, "accepted", None)
    assert response.headers["Location"] == f"/datadog/writes/{opened['id']}"
    assert [entry["kind"] for entry in google.objects(bucket, "outbox/pending/").values()] == [
        "incident",
        "incident_notebook",
    ]
    assert datadog.sent("POST", NOTEBOOKS) == []


def test_a_notebook_that_is_refused_does_not_fail_the_incident(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", NOTEBOOKS, {"errors": ["no"]}, 400)
    response = operator.post("/datadog/incidents", json={"title": "Chats fail"})
    opened = response.get_json()
    assert (response.status_code, opened["incident_id"], opened["notebook"]) == (201, "i-1", None)
    assert opened["notebook_problem"] == "Datadog refused create_notebook (400)"


def test_an_incident_that_datadog_refuses_is_the_callers_error(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("POST", INCIDENTS, {"errors": ["secret text"]}, 400)
    response = operator.post("/datadog/incidents", json={"title": "Chats fail"})
    assert response.status_code == 400
    assert response.get_json()["detail"] == "Datadog refused create_incident (400)"


def test_an_update_sends_only_what_changes(operator: FlaskClient, datadog: FakeDatadog) -> None:
    response = operator.post("/datadog/incidents/i-1?severity=SEV-1", json={"title": "All chats fail"})
    assert (response.status_code, response.get_json()["incident_id"]) == (200, "i-1")
    [sent] = datadog.sent("PATCH", f"{INCIDENTS}/i-1")
    assert sent["data"] == {
        "id": "i-1",
        "type": "incidents",
        "attributes": {"title": "All chats fail", "fields": {"severity": {"type": "dropdown", "value": "SEV-1"}}},
    }


def test_resolving_sets_the_state(operator: FlaskClient, datadog: FakeDatadog) -> None:
    assert operator.post("/datadog/incidents/i-1/resolve").status_code == 200
    [sent] = datadog.sent("PATCH", f"{INCIDENTS}/i-1")
    assert sent["data"]["attributes"] == {"fields": {"state": {"type": "dropdown", "value": "resolved"}}}


@pytest.mark.parametrize("link", ["https://example.com/trace", ""])
def test_a_link_is_attached_by_default_the_notebooks(operator: FlaskClient, datadog: FakeDatadog, link: str) -> None:
    datadog.prepare("POST", f"{INCIDENTS}/i-1/attachments", {"data": {"id": "a-1"}}, 201)
    response = operator.post("/datadog/incidents/i-1/context", json={"url": link, "title": "Trace"})
    url = link or "https://app.datadoghq.com/notebook/5"
    assert (response.status_code, response.get_json()) == (201, {"attachment_id": "a-1", "url": url})
    [sent] = datadog.sent("POST", f"{INCIDENTS}/i-1/attachments")
    assert sent["data"]["attributes"] == {
        "attachment_type": "link",
        "attachment": {"documentUrl": url, "title": "Trace"},
    }


def test_an_unknown_incident_gets_no_context(operator: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", f"{INCIDENTS}/i-2", {"errors": ["no"]}, 404)
    response = operator.post("/datadog/incidents/i-2/context")
    assert (response.status_code, response.get_json()["title"]) == (404, "There is no such object")


def test_the_list_has_a_row_for_each_incident(reader: FlaskClient, datadog: FakeDatadog) -> None:
    listed = incident("Chats fail", state="active", severity="SEV-2", created="2026-11-30T12:00:00Z")
    datadog.prepare("GET", INCIDENTS, {"data": [listed]})
    assert reader.get("/datadog/incidents").get_json() == {
        "incidents": [
            {"id": "i-1", "public_id": 12, "title": "Chats fail", "state": "active", "severity": "SEV-2",
             "created": "2026-11-30T12:00:00Z"}
        ]
    }  # fmt: skip


def test_an_account_without_incident_management_has_no_incidents(reader: FlaskClient, datadog: FakeDatadog) -> None:
    datadog.prepare("GET", INCIDENTS, {"errors": ["no"]}, 404)
    assert reader.get("/datadog/incidents").get_json() == {"incidents": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [("", {"severity": "SEV-9"}), ("", {"title": ""}), ("/i-1", {"state": "gone"}), ("/i-1/resolve", {"title": "x"})],
)
def test_wrong_parameters_are_refused_before_datadog_is_called(
    operator: FlaskClient, datadog: FakeDatadog, path: str, body: dict[str, Any]
) -> None:
    assert operator.post(f"/datadog/incidents{path}", json=body).status_code == 400
    assert datadog.requests == []
