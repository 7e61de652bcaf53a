"""The place of a declaration, compared with the frames in which the program registered the resource."""

import re
from typing import Any

import pytest

from firedrill.declared_at import declared_at, located
from tests.conftest import ROOT
from tests.unit.infra.conftest import record


@pytest.fixture(scope="module", params=["", "infra/org"], ids=["environment", "organisation"])
def registrations(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return what a program registers, with the frames of each call."""
    answer = record(PROGRAM=str(ROOT / request.param))
    assert "error" not in answer, answer["error"]
    return [request for request in answer["requests"] if not request["type"].startswith("pulumi:pulumi:")]


def test_every_resource_has_a_place_in_a_file_that_registered_it(registrations: list[dict[str, Any]]) -> None:
    wrong = []
    for request in registrations:
        project = "llm-api-org" if "/infra/org/" in str(request["stackTrace"]) else "llm-api"
        place = declared_at(ROOT, f"urn:pulumi:local::{project}::{request['type']}::{request['name']}")
        files = set(re.findall(rf"{re.escape(str(ROOT))}/([^'\"]*)", str(request["stackTrace"])))
        # An alert's entry is data: the call that registers its monitor is elsewhere.
        if not place or (place.partition(":")[0] not in files and "/alerts/" not in place):
            wrong.append((request["name"], place))
    assert wrong == []
    assert len(registrations) > 30


def test_an_alert_is_at_its_entry() -> None:
    file, _, line = declared_at(ROOT, "chat-slow").partition(":")
    assert 'key="chat-slow"' in (ROOT / file).read_text().splitlines()[int(line) - 1]


def test_a_name_that_no_source_has_gets_no_place() -> None:
    assert located(ROOT, "urn:pulumi:local::another-project::datadog:index/monitor:Monitor::chat-slow", "no") == "no"
    assert located(ROOT, "no-such-alert", "is wrong") == "is wrong"
