"""Cloud Run's front end forwards requests unchanged and streams responses."""

import json
import time

import pytest

from tests.integration.sandbox.google.sandbox import APP, INVOKER, PROJECT, SERVICE, SERVICE_ID, Sandbox


@pytest.fixture(scope="module")
def service(sandbox: Sandbox) -> Sandbox:
    sandbox.deploy()
    return sandbox


def test_status_headers_body_and_path_are_kept(service: Sandbox) -> None:
    content = bytes(range(256)) * 1000
    answer = service.http.post(
        f"{service.settings.service_url}/echo?a=1&b=%2F",
        content=content,
        headers={"content-type": "application/x-thing", "traceparent": "00-1-2-01", "x-forwarded-for": "10.0.0.1"},
    )
    assert (answer.status_code, answer.content) == (418, content)
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    path, headers = json.loads(answer.headers["x-seen"])
    assert path == "/echo?a=1&b=%2F"
    assert headers["Traceparent"] == "00-1-2-01"
    assert headers["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["Host"] == f"localhost:{service.settings.port}"


def test_a_body_of_unknown_length_arrives(service: Sandbox) -> None:
    answer = service.http.post(f"{service.settings.service_url}/echo", content=iter([b"one ", b"two"]))
    assert answer.content == b"one two"


def test_an_answer_to_head_has_no_body(service: Sandbox) -> None:
    answer = service.http.head(f"{service.settings.service_url}/echo")
    assert (answer.status_code, answer.content) == (418, b"")


def test_events_are_passed_on_as_they_come(service: Sandbox) -> None:
    arrived = []
    with service.http.stream("GET", f"{service.settings.service_url}/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        arrived = [(line, time.monotonic()) for line in answer.iter_lines() if line]
    assert [line for line, _ in arrived] == ["data: 0", "data: 1", "data: 2"]
    assert arrived[2][1] - arrived[0][1] > 0.4


def test_a_caller_who_hangs_up_takes_no_instance_with_it(service: Sandbox) -> None:
    with service.http.stream("GET", f"{service.settings.service_url}/stream"):
        pass
    assert service.get("/health").status_code == 200


def test_services_of_one_name_in_two_projects_are_told_apart(service: Sandbox) -> None:
    place = SERVICE_ID.replace(PROJECT, "acme-prod")
    template = service.template(service.write_service(APP.replace('VERSION = "one"', 'VERSION = "production"')))
    template["scaling"] = {"minInstanceCount": 1}
    grant = {"name": "llm-api", "role": "roles/run.invoker", "member": "allUsers"}
    created = service.create(SERVICE, place, {"name": "llm-api", "template": template})
    try:
        address = created["properties"]["uri"]
        assert address == f"http://llm-api-acme-prod.localhost:{service.settings.port}"
        named = {"host": address.removeprefix("http://")}
        seen = [service.get("/version", headers=headers).json()["version"] for headers in (named, {})]
        assert seen == ["production", "one"]
        service.resource("PUT", INVOKER, "invoker", {**grant, "project": PROJECT})
        assert [service.get("/version", headers=headers).status_code for headers in (named, {})] == [403, 200]
    finally:
        service.resource("PUT", INVOKER, "invoker", grant)
        assert service.resource("DELETE", SERVICE, place).status_code == 204


def test_a_service_that_is_not_public_refuses_callers(service: Sandbox) -> None:
    service.resource("DELETE", INVOKER, "invoker")
    assert service.get("/health").status_code == 403
    service.create(INVOKER, "invoker", {"name": "llm-api", "role": "roles/run.invoker", "member": "allUsers"})
    assert service.get("/health").status_code == 200
