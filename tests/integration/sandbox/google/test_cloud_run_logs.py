"""Log lines survive an unreachable Datadog, and files stay small."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from firedrill.sandbox.google.cloud_run import logs

ENVIRONMENT = {
    "DD_API_KEY": "k",
    "DD_LOGS_ENABLED": "true",
    "DD_SERVICE": "llm-api",
    "DD_VERSION": "7",
    "DD_TAGS": "a:b",
}


class Datadog:
    """A stand-in for Datadog's intake with scripted responses."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.messages: list[str] = []
        self.tags: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status = self.statuses.pop(0) if self.statuses else 202
        if status == 0:
            raise httpx.ConnectError("refused", request=request)
        if status == 202:
            body = json.loads(request.content)
            self.messages += [entry["message"] for entry in body]
            self.tags |= {entry["ddtags"] for entry in body}
        return httpx.Response(status)


def flushed(datadog: Datadog, environment: dict[str, str], *rounds: list[bytes]) -> list[bool]:
    """Queue and send each round's lines; return the result of each flush."""

    async def run() -> list[bool]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(datadog))
        shipper = logs.LogShipper(http, "http://datadog", environment, ["revision_name:r"])
        results = []
        for lines in rounds:
            for line in lines:
                shipper.add(line)
            results.append(await shipper.flush())
        return results

    return asyncio.run(run())


def test_lines_that_were_not_accepted_are_sent_again_in_order() -> None:
    datadog = Datadog(0, 500)
    assert flushed(datadog, ENVIRONMENT, [b"one", b"", b"two"], [], [b"three"]) == [False, False, True]
    assert datadog.messages == ["one", "two", "three"]
    assert datadog.tags == {"version:7,a:b,revision_name:r"}


def test_a_restarted_instance_sends_with_its_own_key() -> None:
    async def run() -> str:
        seen = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["DD-API-KEY"])
            return httpx.Response(202)

        shipper = logs.LogShipper(httpx.AsyncClient(transport=httpx.MockTransport(answer)), "http://d", ENVIRONMENT, [])
        shipper.renew(ENVIRONMENT | {"DD_API_KEY": "rotated"})
        shipper.add(b"line")
        await shipper.flush()
        return seen[0]

    assert asyncio.run(run()) == "rotated"


def test_lines_that_datadog_refuses_for_good_are_dropped() -> None:
    datadog = Datadog(403)
    assert flushed(datadog, ENVIRONMENT, [b"one"], [b"two"]) == [True, True]
    assert datadog.messages == ["two"]


@pytest.mark.parametrize("change", [{"DD_LOGS_ENABLED": "false"}, {"DD_API_KEY": ""}])
def test_nothing_is_shipped_unless_it_is_enabled(change: dict[str, str]) -> None:
    datadog = Datadog()
    flushed(datadog, ENVIRONMENT | change, [b"one"])
    assert datadog.messages == []


def test_many_lines_go_in_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "BATCH_ENTRIES", 2)
    datadog = Datadog(202, 500)
    flushed(datadog, ENVIRONMENT, [b"1", b"2", b"3", b"4", b"5"], [])
    assert datadog.messages == ["1", "2", "3", "4", "5"]


def test_a_log_file_is_begun_anew_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 10)
    file = logs.LogFile(tmp_path / "instance-0.log")
    for number in range(6):
        file.write(b"line %d" % number)
    file.close()
    assert [(tmp_path / name).read_text().split() for name in ("instance-0.log", "instance-0.log.1")] == [
        ["line", "4", "line", "5"],
        ["line", "2", "line", "3"],
    ]


def test_lines_are_cut_where_they_end_or_get_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LINE_BYTES", 5)

    async def run() -> list[bytes]:
        stream = asyncio.StreamReader()
        stream.feed_data(b"one\r\ntwo\n\nlonger than five")
        stream.feed_eof()
        return [line async for line in logs.read_lines(stream)]

    assert asyncio.run(run()) == [b"one", b"two", b"", b"longer than five"]
