"""The status of accepted writes, and the call that drains the outbox, over HTTP."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.datadog import outbox
from tests.unit.service.conftest import OPERATOR, Create
from tests.unit.service.fakes import FakeDatadog
from tests.unit.service.google import Google

DEPLOYMENTS = "/api/v2/dora/deployment"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, datadog: FakeDatadog) -> None:
    """Let a write that failed be due at once, and let the event beside a deployment arrive."""
    monkeypatch.setattr(outbox, "LONGEST_PAUSE", 0.0)
    monkeypatch.setattr(outbox, "LONGEST_LIMIT", 0.0)
    monkeypatch.setattr(outbox, "SETTLE_SECONDS", 0.0)
    datadog.prepare("POST", "/api/v1/events", {}, 202)


def test_a_drain_sends_what_waits_and_the_status_says_so(
    operator: FlaskClient, reader: FlaskClient, datadog: FakeDatadog, google: Google, bucket: str
) -> None:
    datadog.prepare("POST", DEPLOYMENTS, {"errors": ["no"]}, 502)
    accepted = operator.post("/datadog/ci/deployment", json={"version": "2"})
    assert accepted.status_code == 202
    path = accepted.headers["Location"]
    assert reader.get(path).get_json() == {"id": accepted.get_json()["id"], "status": "accepted"}
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": []})
    assert operator.post("/datadog/writes/drain").get_json() == {"arrived": 0, "left": 1}
    datadog.prepare("POST", DEPLOYMENTS, {"data": {"id": "d-1"}}, 202)
    assert operator.post("/datadog/writes/drain").get_json() == {"arrived": 1, "left": 0}
    status = reader.get(path).get_json()
    assert (status["status"], status["deployment_id"]) == ("sent", "d-1")
    assert google.objects(bucket, "outbox/pending/") == {}


def test_another_instance_drains_what_one_has_accepted(
    operator: FlaskClient, create: Create, datadog: FakeDatadog
) -> None:
    datadog.prepare("POST", DEPLOYMENTS, {"errors": ["no"]}, 502)
    operator.post("/datadog/ci/deployment")
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": [{"id": "d-1"}]})
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    drained = create().test_client().post("/datadog/writes/drain", headers=headers)
    assert drained.get_json() == {"arrived": 1, "left": 0}
    assert len(datadog.sent("POST", DEPLOYMENTS)) == 1  # the other instance found it


@pytest.mark.parametrize(("identifier", "status"), [("0f0e0d0c-0000-4000-8000-000000000001", 404), ("no-uuid", 400)])
def test_an_unknown_write_has_no_status(reader: FlaskClient, identifier: str, status: int) -> None:
    assert reader.get(f"/datadog/writes/{identifier}").status_code == status


def test_without_a_store_nothing_can_be_drained(app: Flask, create: Create) -> None:
    response = create(STATE_BUCKET="").test_client().post(
        "/datadog/writes/drain", headers={"Authorization": f"Bearer {OPERATOR}"}
    )  # fmt: skip
    assert response.status_code == 503
    assert "STATE_BUCKET is not set" in response.get_json()["detail"]
