"""Each kind of write: what is sent again is searched for by its marker first, by the search that Datadog has."""

from typing import Any

import pytest

from service.datadog.client import Datadog, Unreachable
from service.datadog.outbox import Outbox
from service.datadog.writes import WRITE_KINDS, marker
from service.problems import CallerError
from service.settings import read_environment
from service.telemetry.redactor import Redactor
from tests.unit.service.fakes import FakeDatadog, MemoryObjects, Request

ID = "7f9c24e8-3b12-4fef-91e0-d5a1b2c3d4e5"
MARK = f"write_id:{ID}"


@pytest.fixture
def outbox(datadog: FakeDatadog) -> Outbox:
    """Return an outbox whose client calls the fake."""
    settings = read_environment({"DD_API_KEY": "a", "DD_APP_KEY": "b", "DD_API_URL": datadog.url})
    return Outbox(MemoryObjects(), Datadog(settings, Redactor()), WRITE_KINDS)


def find(outbox: Outbox, kind: str) -> Any:
    """Search for the write."""
    search = WRITE_KINDS[kind].find
    assert search
    return search(outbox, ID, {})


def test_the_marker_is_what_is_searched_for() -> None:
    assert marker(ID) == MARK


def test_a_page_is_found_by_its_tag(outbox: Outbox, datadog: FakeDatadog) -> None:
    pages = [{"id": "p-1", "attributes": {"tags": ["a"]}}, {"id": "p-2", "attributes": {"tags": ["a", MARK]}}]
    datadog.prepare("GET", "/api/v2/on-call/pages", {"data": pages})
    assert find(outbox, "page") == {"page_id": "p-2"}
    [request] = datadog.requests
    assert request.query == {"filter[query]": MARK, "page[size]": "100"}
    assert (request.headers["DD-API-KEY"], request.headers["DD-APPLICATION-KEY"]) == ("a", "b")


@pytest.mark.parametrize(("status", "body"), [(200, {"data": [{"id": "p-1"}]}), (404, {"errors": ["no"]})])
def test_a_page_without_the_tag_is_not_found(
    outbox: Outbox, datadog: FakeDatadog, status: int, body: dict[str, Any]
) -> None:
    datadog.prepare("GET", "/api/v2/on-call/pages", body, status)
    assert find(outbox, "page") is None


@pytest.mark.parametrize(("number", "result"), [(130, {"incident_id": "i-130", "public_id": 130}), (999, None)])
def test_an_incident_is_found_by_its_summary_on_any_page(
    outbox: Outbox, datadog: FakeDatadog, number: int, result: Any
) -> None:
    def incident(at: int) -> dict[str, Any]:
        text = f"down\n\n{MARK}" if at == number else None
        return {"id": f"i-{at}", "attributes": {"public_id": at, "fields": {"summary": {"value": text}}}}

    def page(request: Request) -> dict[str, Any]:
        start = int(request.query["page[offset]"])
        return {"data": [incident(at) for at in range(start, min(start + 100, 150))]}

    datadog.prepare("GET", "/api/v2/incidents", page)
    assert find(outbox, "incident") == result


@pytest.mark.parametrize(("found", "result"), [([{"id": "d-1"}], {"deployment_id": "d-1"}), ([], None)])
def test_a_deployment_is_found_by_its_tag(outbox: Outbox, datadog: FakeDatadog, found: list[Any], result: Any) -> None:
    datadog.prepare("POST", "/api/v2/dora/deployments", {"data": found})
    assert find(outbox, "deployment") == result
    [search] = datadog.sent("POST", "/api/v2/dora/deployments")
    assert search["data"]["attributes"]["query"] == MARK


@pytest.mark.parametrize(("found", "result"), [([{"id": "e-1"}], {"event_id": "e-1"}), ([], None)])
def test_an_event_is_found_by_its_tag(outbox: Outbox, datadog: FakeDatadog, found: list[Any], result: Any) -> None:
    datadog.prepare("POST", "/api/v2/events/search", {"data": found})
    assert find(outbox, "event") == result
    [search] = datadog.sent("POST", "/api/v2/events/search")
    assert search["filter"]["query"] == MARK


def notebook(outbox: Outbox, write_id: str) -> Any:
    """Write the notebook of an incident that was not there yet when the write was accepted."""
    body = {"incident_id": None, "write_id": write_id, "title": "Chats fail"}
    return WRITE_KINDS["incident_notebook"].send(outbox, ID, body)


def test_a_notebook_waits_for_its_incident(outbox: Outbox) -> None:
    with pytest.raises(Unreachable, match="not created yet") as caught:
        notebook(outbox, "unknown")
    assert not caught.value.unknown


@pytest.mark.parametrize("status", ["refused", "given_up"])
def test_a_notebook_of_an_incident_that_never_comes_is_refused(outbox: Outbox, status: str) -> None:
    outbox._objects.put("outbox/done/w-1.json", {"id": "w-1", "status": status}, 0)
    with pytest.raises(CallerError, match=f"the incident's write is {status}"):
        notebook(outbox, "w-1")


def test_the_notebook_is_written_for_the_incident_that_the_write_made(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write_root_cause(_: Datadog, root_cause: Any) -> dict[str, str]:
        written.append((root_cause.incident_id, root_cause.incident_title))
        return {"url": "https://app.datadoghq.com/notebook/5"}

    monkeypatch.setattr("service.datadog.notebooks.write_root_cause", write_root_cause)
    outbox._objects.put("outbox/done/w-1.json", {"id": "w-1", "status": "sent", "incident_id": "i-1"}, 0)
    assert notebook(outbox, "w-1") == {"notebook": "https://app.datadoghq.com/notebook/5"}
    assert written == [("i-1", "Chats fail")]


def test_only_kinds_that_do_no_harm_twice_lack_a_search() -> None:
    assert {name for name, kind in WRITE_KINDS.items() if kind.find is None} == {"incident_update", "incident_notebook"}
