"""Searches of stored events: their results, and how much of the store they read."""

import json
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firedrill.evaluate.telemetry import Event
from firedrill.logs.search import SearchError, parse_search
from firedrill.sandbox.datadog.intake.event_search import SearchRequest, search_events
from firedrill.sandbox.datadog.telemetry import event_blocks
from firedrill.sandbox.datadog.telemetry.event_reader import Interval
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.unit.sandbox.intake.random_events import KEYS, RANGES, TEXTS, random_event, random_search

EVENTS, WAITING = 240, 20
"""Events that are stored, and those of them that no block has yet."""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[TelemetryStore, list[tuple[float, Any]]]:
    """Return a store with random events in four blocks and a rest, and these events by time."""
    random = np.random.default_rng(20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_blocks, "BLOCK", (EVENTS - WAITING) // 4)
        store = TelemetryStore(tmp_path_factory.mktemp("searched") / "datadog.sqlite", "org")
        events = [(float(number + random.integers(80)), random_event(random)) for number in range(EVENTS)]
        for start in range(0, EVENTS, 40):
            store.append_events([Event(time, "logs", event) for time, event in events[start : start + 40]])
    return store, sorted(((time, json.loads(json.dumps(event))) for time, event in events), key=lambda each: each[0])


def assert_equal_to_matches(store: TelemetryStore, events: list[tuple[float, Any]], text: str) -> int:
    search = parse_search(text)
    expected = [(time, event) for time, event in events if 30 < time <= 270 and search.matches(event)]
    ascending = len(text) % 2 == 0
    rows = store.search("logs", Interval(30, 270, ascending), search)
    assert [(time, event) for _, time, event in rows] == (expected if ascending else expected[::-1]), text
    return len(expected)


def test_each_key_with_each_value_finds_what_matches(searched: tuple[TelemetryStore, list[tuple[float, Any]]]) -> None:
    store, events = searched
    matches = Counter[bool]()
    for number, (key, value) in enumerate(product(KEYS, (*TEXTS, *RANGES))):
        text = f"{'-' if number % 2 else ''}{key}{value}"
        if value in RANGES and key in ("", "*:"):
            continue
        matches[assert_equal_to_matches(store, events, text) > 0] += 1
    assert matches[True] > 200
    assert matches[False] > 200


def test_random_searches_find_what_matches(searched: tuple[TelemetryStore, list[tuple[float, Any]]]) -> None:
    store, events = searched
    random = np.random.default_rng(14)
    run = 0
    while run < 250:
        text = random_search(random)
        try:
            parse_search(text)
        except SearchError:
            continue
        assert_equal_to_matches(store, events, text)
        run += 1


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> TelemetryStore:
    """Return a store of 20,000 events whose attributes are plain values, all in blocks."""
    store = TelemetryStore(tmp_path_factory.mktemp("plain") / "datadog.sqlite", "org")
    store.append_events([
        Event(float(number), "spans", {
            "service": "web", "status": "ok", "message": f"answered chat {number} of nobody", "tags": ["env:prod"],
            "attributes": {"user": f"u{number}", "model": f"gemini-{number % 3}", "duration": number, "ip": "10.0.0.1"},
        })
        for number in range(10 * event_blocks.BLOCK)
    ])  # fmt: skip
    return store


NOTHING = [
    "-env:prod", "-@model:(gemini* OR text*)", "-service:w*", "-status:ok", "-chat", "-chat*", '-"answered chat"',
    '"chat answered"', "-message:*chat*", "-@user:u*", "@user:zzz", "-@duration:>=0", "@duration:[-9 TO -1]",
    "-@user:*", "@missing:*", "-CIDR(@ip, 10.0.0.0/8)", "-*:chat", "*:zebra", "env:prod -env:p*",
    "-(service:web OR @user:u1)",    "NOT (@model:gemini-0 OR @model:gemini-1 OR @model:gemini-2)", "@user:u1 @user:u2",
   "*:zebra OR -tags:env\\:prod",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_no_event_is_decoded_that_does_not_match(
    plain: TelemetryStore, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    decoded = count_events(monkeypatch)
    assert list(plain.search("spans", Interval(-1, 1e9), parse_search(text))) == []
    assert decoded == []


@pytest.mark.parametrize("text", ["@user:u17123", "-@user:(u0* OR u2*) 17123", "@duration:17123", "message:*17123*"])
def test_a_rare_match_is_the_only_event_that_is_decoded(
    plain: TelemetryStore, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    decoded = count_events(monkeypatch)
    [(_, time, _)] = plain.search("spans", Interval(-1, 1e9), parse_search(text))
    assert time == 17_123
    assert len(decoded) == 1


@pytest.mark.parametrize(
    "text", ["env:prod", "-env:dev", "-@model:text*", "chat -@user:u5", "NOT (nothing OR env:dev)"]
)
def test_a_page_reads_its_block_and_its_events_only(
    plain: TelemetryStore, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    decoded, read = count_events(monkeypatch), list[int]()
    times = event_blocks.EventBlock.times

    def count(block: event_blocks.EventBlock) -> Any:
        read.append(block.low)
        return times(block)

    monkeypatch.setattr(event_blocks.EventBlock, "times", count)
    page = search_events(plain, "spans", SearchRequest(text, -1, 1e9, False, 50, None))
    assert [time for _, time, _ in page.events] == list(range(19_999, 19_949, -1))
    assert len(decoded) <= 51
    assert len(read) == 1


def count_events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by each event that is decoded."""
    decoded: list[str] = []
    loads = json.loads

    def decode(text: str) -> Any:
        if text.startswith('{"service"'):
            decoded.append(text)
        return loads(text)

    monkeypatch.setattr(json, "loads", decode)
    return decoded


def test_events_of_an_older_layout_are_dropped(tmp_path: Path) -> None:
    store = TelemetryStore(tmp_path / "datadog.sqlite", "org")
    store.append_events([Event(1.0, "logs", {"message": "old"})])
    store._database.connection().execute("PRAGMA user_version=0")
    store.close()
    del store
    newer = TelemetryStore(tmp_path / "datadog.sqlite", "org")
    assert newer.tracks() == {}
    newer.append_events([Event(2.0, "logs", {"message": "new"})])
    assert [event.time for event in newer.events("logs", 0, 9)] == [2.0]
