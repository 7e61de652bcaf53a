"""The telemetry store, in SQLite and as a recording file."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firedrill.evaluate.recording_file import RecordingError, load, save
from firedrill.evaluate.telemetry import Event, MetricType, Recording, Series
from firedrill.logs.search import parse_search
from firedrill.sandbox.datadog.intake.event_search import SearchRequest, read_request, search_events
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.datadog.telemetry import event_blocks, event_reader, event_segments
from firedrill.sandbox.datadog.telemetry.database import SUFFIX, Limits
from firedrill.sandbox.datadog.telemetry.event_reader import Interval
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from tests.unit.sandbox.intake.random_events import random_event

SERIES_RETENTION, EVENT_RETENTION = Limits().series_seconds, Limits().event_seconds


def series(metric: str, type_: MetricType, points: list[tuple[float, float]], *tags: str) -> Series:
    times, values = np.array(points, dtype=np.float64).T
    return Series(metric, type_, frozenset(tags), times, values)


@pytest.fixture
def store(tmp_path: Path) -> TelemetryStore:
    return TelemetryStore(tmp_path / "datadog.sqlite", "org")


def test_an_interval_is_open_at_its_start(store: TelemetryStore) -> None:
    store.append_series([series("m", "gauge", [(10, 1), (20, 2), (30, 3)], "env:a")])
    [stored] = store.series("m", 10, 20)
    assert (stored.times.tolist(), stored.values.tolist(), stored.tags) == ([20], [2], frozenset({"env:a"}))
    assert store.series("m", 30, 99) == []


def test_a_distribution_keeps_every_raw_value_of_a_flush(store: TelemetryStore) -> None:
    store.append_series([series("d", "distribution", [(10, 5), (10, 1), (20, 7)])])
    store.append_series([series("d", "distribution", [(10, 3)])])
    [stored] = store.series("d", 0, 100)
    assert (stored.times.tolist(), stored.values.tolist()) == ([10, 10, 10, 20], [5, 1, 3, 7])


@pytest.mark.parametrize(("type_", "kept"), [("count", [5, 4]), ("rate", [5, 4]), ("gauge", [3, 4])])
def test_points_at_one_time_are_one_point(store: TelemetryStore, type_: MetricType, kept: list[float]) -> None:
    store.append_series([series("m", type_, [(10, 2)]), series("m", type_, [(10, 3), (20, 4)])])
    [stored] = store.series("m", 0, 100)
    assert (stored.times.tolist(), stored.values.tolist()) == ([10, 20], kept)


def test_organisations_do_not_see_each_other(store: TelemetryStore) -> None:
    other = TelemetryStore(store.path, "other")
    store.append_series([series("m", "gauge", [(10, 1)])])
    other.append_events([Event(5, "logs", {"message": "hi"})])
    assert other.series("m", 0, 100) == []
    assert store.events("logs", 0, 100) == []
    assert (store.metrics(), other.tracks()) == ({"m": "gauge"}, {"logs": 1})


def test_events_come_in_order_of_time(store: TelemetryStore) -> None:
    store.append_events([Event(time, "logs", {"n": time}) for time in (30.0, 10.0, 20.0)])
    assert [event.time for event in store.events("logs", 10, 30)] == [20, 30]


def test_what_is_older_than_the_retention_goes(store: TelemetryStore) -> None:
    store.append_series([series("m", "gauge", [(0, 1), (SERIES_RETENTION, 2)])])
    store.append_events([Event(SERIES_RETENTION - EVENT_RETENTION, "logs", {}), Event(SERIES_RETENTION, "logs", {})])
    assert store.prune(SERIES_RETENTION + 1) == 2
    assert [series.values.tolist() for series in store.series("m", -1, np.inf)] == [[2]]
    assert len(store.events("logs", 0, np.inf)) == 1


def shrink_segments(patch: pytest.MonkeyPatch, events: int) -> None:
    patch.setattr(event_segments, "MAX_EVENTS", events)
    patch.setattr(event_blocks, "BLOCK", 30)
    patch.setattr(event_reader, "CHUNK", 7)
    patch.setattr(event_reader, "FETCHED", 3)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_segments(monkeypatch, 100)


@pytest.mark.usefixtures("small_segments")
def test_the_oldest_events_go_when_the_file_is_too_large(tmp_path: Path) -> None:
    limit = 1_000_000
    store = TelemetryStore(tmp_path / "datadog.sqlite", "org", Limits(size=limit))
    store.append_events([Event(1.0, "events", {"title": "rare"})])
    for batch in range(60):
        store.append_events(
            [Event(batch * 100 + n, "spans", {"n": batch * 100 + n, "text": "x" * 1000}) for n in range(100)]
        )
    kept = [event.time for event in store.events("spans", -1, np.inf)]
    assert 100 <= len(kept) < 1000
    assert kept == list(range(6000 - len(kept), 6000))
    assert store.track("spans") == {"count": len(kept), "last": 5999}
    assert store.tracks()["events"] == 1
    store.prune(6000)
    files = [path.stat().st_size for path in tmp_path.glob(f"*{SUFFIX}*")]
    assert sum(files) < 1.5 * limit


SEARCHES = [
    "*", "service:web", "-service:web", "status:warn", "-status:warn", "status:warning", "status:(ok OR error)",
    "@duration:5", "-@duration:5", "@duration:>4", "-@duration:[1 TO 300]", "@duration:200.0", "@duration:true",
    "@http.status_code:200", "@http.status_code:>=500", "-@http.status_code:>=500", "@http.status_code:503 service:api",
    "timeout", "TIMEOUT", "time*", "*out", "chat timeout", '"chat timeout"', "-chat", "caf\u00e9", "line", "break",
    "*:cha*", "*:200", "*:none", "@user.id:chat", "@user.id:a-b", "@user.roles:(chat OR warn)", "@user.id:Time*",
    "@user.id:*", "@missing:*", "-@count:*", "@count:100000000000000000000", "@count:1152921504606846977",
    "@count:0.25", "@count:1*", "@count:1000*", "@count:2*", "*:100*", "@user.id:a-*", "@duration:20*",
    "env:chat", "tags:env\\:chat", "env:t* -status:ok", "service:web OR chat", "service:zzz OR @a:b",
    "(status:error AND chat) OR (-service:web AND @duration:<1)", "NOT (chat OR timeout)", "@user.id:none", "env:none",
    "-env:chat", "-env:t*", "-env:*a*", "-service:*", "-service:w*", "-message:*chat*", "-@user.id:(chat OR t*)",
    "-@user.id:*o*", "-@user.id:nul", "-env:nul", "-@user.id:nu*", "-@count:>4", "-@count:[5 TO 200]", "-@count:5",
    "-@http.status_code:5*", "-@a.b.c:chat", "-@a.b.c:*", "-@a.b:*", "-@user.roles:chat",
    '-@user.id:"[a-b]"', "-@user.id:\\[a*", "-message:*a-b*",
    "-@user.id:caf\u00e9", "service:(web OR api) -env:chat", "chat -@user.id:chat", "-@duration:true",
]  # fmt: skip


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_returns_what_it_matches_and_nothing_else(
    search: str, ascending: bool, searched: tuple[TelemetryStore, list[tuple[float, dict[str, object]]]]
) -> None:
    store, events = searched
    matches = parse_search(search).matches
    expected = [(time, event) for time, event in events if 100 < time <= 400 and matches(event)]
    rows = list(store.search("logs", Interval(100, 400, ascending), parse_search(search)))
    assert [(time, event) for _, time, event in rows] == (expected if ascending else expected[::-1])
    paged, request = [], SearchRequest(search, 100, 400, ascending, 50, None)
    while True:
        page = search_events(store, "logs", request)
        paged += page.events
        if page.cursor is None:
            break
        assert len(page.events) == 50
        request = SearchRequest(search, 100, 400, ascending, 50, event_search_position(page.cursor))
    assert paged == rows


def event_search_position(cursor: str) -> tuple[int, int] | None:
    return read_request({"page": {"cursor": cursor}}, 0).after


@pytest.fixture(scope="module")
def searched(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TelemetryStore, list[tuple[float, dict[str, object]]]]]:
    """Events of three segments in a random order of arrival, the last ones not indexed yet."""
    random = np.random.default_rng(7)
    with pytest.MonkeyPatch.context() as patch:
        shrink_segments(patch, 200)
        store = TelemetryStore(tmp_path_factory.mktemp("searched") / "datadog.sqlite", "org")
        events = [(float(random.integers(500)) + n / 1000, random_event(random)) for n in range(590)]
        events.sort(key=lambda event: event[0] + random.integers(120))
        for start in range(0, len(events), 10):
            store.append_events([Event(time, "logs", content) for time, content in events[start : start + 10]])
        yield store, sorted(events, key=lambda event: event[0])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_json_lacks_is_refused_and_nothing_stored(store: TelemetryStore, value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.append_events([Event(1, "logs", {}), Event(2, "logs", {"attributes": {"n": value}})])
    with pytest.raises(ValueError, match="finite"):
        store.append_series([series("m", "gauge", [(10, 1)]), series("n", "gauge", [(10, value)])])
    assert (store.tracks(), store.metrics()) == ({}, {})


@pytest.mark.usefixtures("small_segments")
def test_searches_in_threads_beside_a_writer_never_fail(store: TelemetryStore) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        # A store of its own, as each request has.
        own = TelemetryStore(store.path, "org")
        while not done.is_set():
            try:
                list(own.search("spans", Interval(0, 1e9, ascending=False), parse_search("@user:u7 status:ok")))
                own.tracks()
            except BaseException as error:  # noqa: BLE001 # shown below
                failures.append(error)
                return

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for step in range(150):
        store.append_events(
            [Event(step + n / 100, "spans", {"status": "ok", "attributes": {"user": f"u{n}"}}) for n in range(20)]
        )
        store.append_series([series("m", "count", [(step, 1)])])
        if step % 50 == 49:
            store.prune(EVENT_RETENTION + step - 20)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_file_of_the_older_layout_is_opened_without_its_telemetry(tmp_path: Path) -> None:
    path = tmp_path / "datadog.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE objects (seq INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, kind TEXT NOT NULL, "
        "id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (org, kind, id));"
        "INSERT INTO objects (org, kind, id, body) VALUES ('org', 'teams', '1', '{}');"
        "CREATE TABLE events (id INTEGER PRIMARY KEY, org TEXT, track TEXT, time REAL, attributes TEXT);"
        "CREATE TABLE points (series INTEGER, time REAL, packed BLOB);"
        "CREATE INDEX points_by_series ON points (series, time);"
    )
    connection.executemany("INSERT INTO events VALUES (NULL, 'org', 'logs', 1, ?)", [("x" * 1000,)] * 500)
    connection.commit()
    connection.close()
    before = path.stat().st_size
    objects, telemetry = Store(path), TelemetryStore(path, "org")
    telemetry.append_events([Event(5, "logs", {})])
    assert objects.list("org", "teams") == [{}]
    assert telemetry.tracks() == {"logs": 1}
    objects.close()
    assert path.stat().st_size < before / 5


def test_threads_write_side_by_side(store: TelemetryStore) -> None:
    def write(number: int) -> None:
        for step in range(20):
            store.append_series([series("m", "count", [(step, 1)], f"worker:{number}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(series.values.sum() for series in store.series("m", -1, 100)) == 80


def test_a_recording_file_gives_back_what_was_exported(store: TelemetryStore, tmp_path: Path) -> None:
    store.append_series(
        [series("d", "distribution", [(10, 0.1), (10, 2.5), (20, 7)], "a:b"), series("c", "count", [(10, 4)])]
    )
    store.append_events([Event(12.5, "logs", {"message": "hé", "tags": ["a:b"]}), Event(99, "logs", {})])
    save(store.export(0, 50), tmp_path / "r.npz")
    recording = load(tmp_path / "r.npz")
    assert recording.metrics() == ["c", "d"]
    [d] = recording.series("d", 0, 50)
    assert (d.times.tolist(), d.values.tolist(), sorted(d.tags), str(d.type)) == (
        [10, 10, 20],
        [0.1, 2.5, 7],
        ["a:b"],
        "distribution",
    )
    assert [event.attributes for event in recording.events("logs", 0, 99)] == [{"message": "hé", "tags": ["a:b"]}]


def test_a_recording_is_small(tmp_path: Path) -> None:
    seconds = np.arange(0, 3600, 10, dtype=np.float64)
    flat = [Series("m", "count", frozenset({f"t:{n}"}), seconds, np.ones(seconds.size)) for n in range(50)]
    save(Recording(flat), tmp_path / "r.npz")
    assert (tmp_path / "r.npz").stat().st_size < 30_000


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.npz").write_text("no")
    with pytest.raises(RecordingError, match=r"r\.npz is not a recording"):
        load(tmp_path / "r.npz")
