"""What the store must give back, from SQLite and from a recording file."""

import threading
from pathlib import Path

import numpy as np
import pytest

from firedrill.evaluate.recording_file import RecordingError, load, save
from firedrill.evaluate.telemetry import Event, MetricType, Recording, Series
from firedrill.sandbox.datadog import telemetry_store
from firedrill.sandbox.datadog.telemetry_store import EVENT_RETENTION, SERIES_RETENTION, TelemetryStore


def series(metric: str, type_: MetricType, points: list[tuple[float, float]], *tags: str) -> Series:
    times, values = np.array(points, dtype=np.float64).T
    return Series(metric, type_, frozenset(tags), times, values)


@pytest.fixture
def store(tmp_path: Path) -> TelemetryStore:
    return TelemetryStore(tmp_path / "datadog.sqlite", "org")


def test_an_interval_is_open_at_its_start(store: TelemetryStore) -> None:
    store.append_series([series("m", "gauge", [(10, 1), (20, 2), (30, 3)], "env:a")])
    [found] = store.series("m", 10, 20)
    assert (found.times.tolist(), found.values.tolist(), found.tags) == ([20], [2], frozenset({"env:a"}))
    assert store.series("m", 30, 99) == []


def test_a_distribution_keeps_every_raw_value_of_a_flush(store: TelemetryStore) -> None:
    store.append_series([series("d", "distribution", [(10, 5), (10, 1), (20, 7)])])
    store.append_series([series("d", "distribution", [(10, 3)])])
    [found] = store.series("d", 0, 100)
    assert (found.times.tolist(), found.values.tolist()) == ([10, 10, 10, 20], [5, 1, 3, 7])


@pytest.mark.parametrize(("type_", "kept"), [("count", [5, 4]), ("rate", [5, 4]), ("gauge", [3, 4])])
def test_points_at_one_time_are_one_point(store: TelemetryStore, type_: MetricType, kept: list[float]) -> None:
    store.append_series([series("m", type_, [(10, 2)]), series("m", type_, [(10, 3), (20, 4)])])
    [found] = store.series("m", 0, 100)
    assert (found.times.tolist(), found.values.tolist()) == ([10, 20], kept)


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
    assert [one.values.tolist() for one in store.series("m", -1, np.inf)] == [[2]]
    assert len(store.events("logs", 0, np.inf)) == 1


def test_a_track_is_bounded(store: TelemetryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_store, "MOST_EVENTS", 3)
    store.append_events([Event(float(n), "spans", {}) for n in range(1000, 1010)])
    assert store.prune(2000) == 7
    assert [event.time for event in store.events("spans", 0, np.inf)] == [1007, 1008, 1009]


def test_threads_write_side_by_side(store: TelemetryStore) -> None:
    def write(number: int) -> None:
        for step in range(20):
            store.append_series([series("m", "count", [(step, 1)], f"worker:{number}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.values.sum() for one in store.series("m", -1, 100)) == 80


def test_a_recording_file_gives_back_what_was_exported(store: TelemetryStore, tmp_path: Path) -> None:
    store.append_series(
        [series("d", "distribution", [(10, 0.1), (10, 2.5), (20, 7)], "a:b"), series("c", "count", [(10, 4)])]
    )
    store.append_events([Event(12.5, "logs", {"message": "hé", "tags": ["a:b"]}), Event(99, "logs", {})])
    save(store.export(0, 50), tmp_path / "r.npz")
    found = load(tmp_path / "r.npz")
    assert found.metrics() == ["c", "d"]
    [d] = found.series("d", 0, 50)
    assert (d.times.tolist(), d.values.tolist(), sorted(d.tags), str(d.type)) == (
        [10, 10, 20],
        [0.1, 2.5, 7],
        ["a:b"],
        "distribution",
    )
    assert [event.attributes for event in found.events("logs", 0, 99)] == [{"message": "hé", "tags": ["a:b"]}]


def test_a_recording_is_small(tmp_path: Path) -> None:
    seconds = np.arange(0, 3600, 10, dtype=np.float64)
    flat = [Series("m", "count", frozenset({f"t:{n}"}), seconds, np.ones(seconds.size)) for n in range(50)]
    save(Recording(flat), tmp_path / "r.npz")
    assert (tmp_path / "r.npz").stat().st_size < 30_000


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.npz").write_text("no")
    with pytest.raises(RecordingError, match=r"r\.npz is not a recording"):
        load(tmp_path / "r.npz")
