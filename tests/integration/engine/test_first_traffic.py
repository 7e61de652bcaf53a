"""Between the two programs of a first `up`: the service is asked until the account has received every metric."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from firedrill.engine import first_traffic
from firedrill.errors import KnownFailure
from firedrill.settings import Settings
from tests.conftest import free_ports
from tests.http_server import QuietHandler, serve


@dataclass
class Clouds:
    """An account that receives one of the ``coming`` metrics with each chat of the service."""

    coming: list[str]
    known: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def clouds() -> Clouds:
    return Clouds(["llm.a", "llm.b", "llm.c"])


@pytest.fixture
def settings(clouds: Clouds, tmp_path: Path) -> Iterator[Settings]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self._answer({"data": [{"id": item} for item in clouds.known]})

        def do_POST(self) -> None:
            clouds.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            clouds.known += clouds.coming[:1]
            del clouds.coming[:1]
            self._answer({})

        def _answer(self, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    port = free_ports(6)
    with serve(Handler, port), serve(Handler, port + 1):
        yield Settings(tmp_path, tmp_path, port)


def test_the_service_is_asked_whole_and_streamed_until_all_have_arrived(settings: Settings, clouds: Clouds) -> None:
    printed: list[str] = []
    assert first_traffic.send(settings, ["llm.a", "llm.b"], printed.append)
    assert [item.get("stream", False) for item in clouds.asked] == [False, True]
    assert printed == ["First traffic: 2 of the service's 2 metrics have not reached the organisation yet."]


def test_nobody_is_asked_when_all_came_before(settings: Settings, clouds: Clouds) -> None:
    clouds.known = ["llm.a", "another.metric"]
    assert not first_traffic.send(settings, ["llm.a"], print)
    assert clouds.asked == []


def test_what_never_comes_is_named_with_the_next_step(
    settings: Settings, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_traffic, "DEADLINE", 0.2)
    monkeypatch.setattr(first_traffic, "PAUSE", 0.1)
    with pytest.raises(KnownFailure, match=r"have not arrived after .*: llm\.never\. .*run `firedrill up` again"):
        first_traffic.send(settings, ["llm.a", "llm.never"], print)
    assert clouds.asked


def test_a_service_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownFailure, match="does not answer"):
        first_traffic._send_chat(Settings(tmp_path, tmp_path, free_ports(6)), {"message": "?"})
