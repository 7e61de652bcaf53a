"""Downtimes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.testclient import TestClient

from tests.unit.sandbox.datadog.conftest import create_monitor


def test_a_downtime_silences_the_monitor_it_names(api: TestClient) -> None:
    identifier = create_monitor(api)["id"]
    attributes = {"monitor_identifier": {"monitor_id": identifier}, "scope": "env:dev"}
    downtime = api.post("/api/v2/downtime", json={"data": {"type": "downtime", "attributes": attributes}}).json()[
        "data"
    ]
    assert downtime["attributes"]["status"] == "active"
    assert api.get(f"/api/v1/monitor/{identifier}").json()["options"]["silenced"] == {"env:dev": None}
    assert api.delete(f"/api/v2/downtime/{downtime['id']}").status_code == 204
    assert api.get(f"/api/v1/monitor/{identifier}").json()["options"]["silenced"] == {}


def schedule_downtime(api: TestClient, **attributes: object) -> httpx.Response:
    """Schedule a downtime of all monitors."""
    members = {"monitor_identifier": {"monitor_tags": ["*"]}, "scope": "env:dev", **attributes}
    response: httpx.Response = api.post("/api/v2/downtime", json={"data": {"type": "downtime", "attributes": members}})
    return response


@pytest.mark.parametrize(
    ("scope", "status"),
    [("env:(staging OR prod)", 200), ("env:(staging OR prod) AND team:llm", 200), ("env:dev AND staging", 400)],
)
def test_a_scope_may_give_a_key_several_values(api: TestClient, scope: str, status: int) -> None:
    assert schedule_downtime(api, scope=scope).status_code == status


def test_a_recurring_downtime_shows_its_next_occurrence(api: TestClient) -> None:
    recurrence = {"duration": "1d", "rrule": "FREQ=DAILY;INTERVAL=7", "start": "2036-01-13T01:02:03"}
    schedule = {"timezone": "America/New_York", "recurrences": [recurrence]}
    downtime = schedule_downtime(api, schedule=schedule).json()["data"]["attributes"]
    assert downtime["status"] == "scheduled"
    window = downtime["schedule"]["current_downtime"]
    assert window == {"start": "2036-01-13T06:02:03+00:00", "end": "2036-01-14T06:02:03+00:00"}


def test_a_message_that_is_null_is_no_message(api: TestClient) -> None:
    identifier = schedule_downtime(api, message="quiet").json()["data"]["id"]
    change = {"data": {"type": "downtime", "id": identifier, "attributes": {"message": None, "scope": "env:prod"}}}
    response = api.patch(f"/api/v2/downtime/{identifier}", json=change)
    assert response.status_code == 200, response.text
    assert response.json()["data"]["attributes"]["scope"] == "env:prod"


def test_a_recurrence_without_a_start_begins_now_by_the_clock_of_its_zone(api: TestClient) -> None:
    schedule = {"timezone": "Asia/Tokyo", "recurrences": [{"duration": "1h", "rrule": "FREQ=DAILY"}]}
    (recurrence,) = schedule_downtime(api, schedule=schedule).json()["data"]["attributes"]["schedule"]["recurrences"]
    start = datetime.fromisoformat(recurrence["start"]).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert abs(datetime.now(UTC) - start) < timedelta(minutes=1)
    assert schedule_downtime(api, schedule={**schedule, "timezone": "Mars/Base"}).status_code == 400
