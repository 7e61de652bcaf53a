"""DogStatsD messages, from written datagrams and from the datadog client."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datadog.dogstatsd.base import DogStatsd
from hypothesis import given
from hypothesis import strategies as st

from firedrill.evaluate.telemetry import Series
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket
from firedrill.sandbox.datadog.intake.dogstatsd.aggregation import Aggregator
from firedrill.sandbox.datadog.intake.dogstatsd.messages import (
    EventMessage,
    MalformedMessage,
    Sample,
    ServiceCheckMessage,
    parse_line,
    parse_packet,
)
from firedrill.sandbox.datadog.intake.dogstatsd.udp import READER


def flushed(*lines: str, at: float = 1003.0) -> dict[str, tuple[str, list[float], list[float]]]:
    """Return metric -> (type, times, values) after one flush of the lines."""
    aggregator = Aggregator()
    for line in lines:
        message = parse_line(line.encode())
        assert isinstance(message, Sample)
        aggregator.add(message, at)
    return {
        series.metric: (series.type, series.times.tolist(), series.values.tolist())
        for series in aggregator.flush(at + 10)
    }


def test_a_count_becomes_a_rate_at_the_start_of_its_interval() -> None:
    assert flushed("c:1|c", "c:4|c|@0.5") == {"c": ("rate", [1000], [0.9])}


def test_of_a_gauge_the_last_value_stays() -> None:
    assert flushed("g:1|g", "g:9|g", "g:3.5|g") == {"g": ("gauge", [1000], [3.5])}


def test_a_set_counts_distinct_members() -> None:
    assert flushed("s:a|s", "s:b:a|s") == {"s": ("gauge", [1000], [2])}


@pytest.mark.parametrize("type_", ["h", "ms"])
def test_a_histogram_becomes_five_series(type_: str) -> None:
    lines = [f"h:{value}|{type_}" for value in range(1, 21)]
    assert {metric: (kind, values) for metric, (kind, _, values) in flushed(*lines).items()} == {
        "h.avg": ("gauge", [10.5]),
        "h.median": ("gauge", [10]),
        "h.max": ("gauge", [20]),
        "h.95percentile": ("gauge", [19]),
        "h.count": ("rate", [2]),
    }


def test_a_sampled_histogram_counts_what_was_not_sent() -> None:
    assert flushed("h:2|h|@0.1")["h.count"] == ("rate", [1000], [1])


def test_a_distribution_keeps_all_raw_values() -> None:
    assert flushed("d:1:2:2|d", "d:5|d|@0.5") == {"d": ("distribution", [1000] * 5, [1, 2, 2, 5, 5])}


def test_tag_sets_are_series_of_their_own() -> None:
    aggregator = Aggregator()
    for line in (b"c:1|c|#a:1,b:2", b"c:1|c|#b:2,a:1", b"c:1|c|#a:2"):
        message = parse_line(line)
        assert isinstance(message, Sample)
        aggregator.add(message, 5)
    assert {series.tags: series.values.tolist() for series in aggregator.flush(10)} == {
        frozenset({"a:1", "b:2"}): [0.2],
        frozenset({"a:2"}): [0.1],
    }


def test_an_interval_is_flushed_once_and_only_when_it_is_over() -> None:
    aggregator = Aggregator()
    message = parse_line(b"c:1|c")
    assert isinstance(message, Sample)
    aggregator.add(message, 9.9)
    aggregator.add(message, 10.0)
    assert aggregator.flush(9.99) == []
    assert [series.times.tolist() for series in aggregator.flush(19)] == [[0]]
    assert [series.times.tolist() for series in aggregator.flush(20)] == [[10]]
    assert aggregator.flush(99) == []


def test_a_metric_with_a_time_is_not_aggregated() -> None:
    assert flushed("g:1|g|T123", "g:2|g|T124|c:in-7|e:it-false|card:low") == {"g": ("gauge", [124], [2])}


def test_container_fields_change_nothing() -> None:
    assert parse_line(b"m.x:1|c|#a:b|c:ci-42|e:it-false,cn-x|card:none") == parse_line(b"m.x:1|c|#a:b")


def test_an_event_may_hold_bars_and_newlines() -> None:
    assert parse_line(b"_e{5,8}:a|b\xc3\xa9|x\\ny|t:z|d:12|h:box|p:low|t:error|#env:x") == EventMessage(
        "a|bé", "x\ny|t:z", frozenset({"env:x"}), alert_type="error", priority="low", host="box", timestamp=12
    )


def test_a_service_check_keeps_its_message() -> None:
    assert parse_line(b"_sc|app.ok|2|d:7|h:box|#a:b|m:down |c:x") == ServiceCheckMessage(
        "app.ok", 2, frozenset({"a:b"}), "down |c:x", "box", 7
    )


@pytest.mark.parametrize(
    "line",
    [b"nothing", b"m:1", b":1|c", b"m:|c", b"m:x|c", b"m:1|q", b"m:1|c|@0", b"m:1|d|@1e-9", b"m:nan|g",
     b"m:1e999|c", b"_e{1,1}:\xc3\xa9|a", b"m:1|c|@2", b"m:1|d|T5", b"\xff:1|c",
     b"_e{9,9}:a|b", b"_e{x}:a", b"_sc|a|7", b"_sc|a", b"...:1|c"],
)  # fmt: skip
def test_what_is_malformed_is_refused_with_a_reason(line: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_line(line)


def test_one_malformed_line_does_not_take_the_others_with_it() -> None:
    messages, faults = parse_packet(b"a:1|c\nbad\n\nb:2|c\n")
    assert [getattr(message, "name", None) for message in messages] == ["a", "b"]
    assert len(faults) == 1 and "bad" in faults[0]


def test_the_datadog_client_is_understood(tmp_path: Path) -> None:
    async def received() -> tuple[Receiver, dict[str, int]]:
        receiver = Receiver(tmp_path / "datadog.sqlite", "org", lambda *_: [], clock=lambda: 1005.0)
        async with StatsdSocket(receiver, 0) as statsd:
            await asyncio.to_thread(send, statsd.port)
            async with asyncio.timeout(5):
                while receiver.counters().get("statsd.messages", 0) < 8:
                    await asyncio.sleep(0.01)
        receiver.flush(1010)
        return receiver, receiver.counters()

    def send(port: int) -> None:
        client = DogStatsd(host="127.0.0.1", port=port, constant_tags=["env:t"], disable_telemetry=True)
        client.increment("hits", 3, tags=["a:b"])
        client.gauge("depth", 7)
        client.distribution("latency", 0.25)
        client.distribution("latency", 0.75)
        client.histogram("size", 5)
        client.set("users", "u1")
        client.event("deployed", "text", alert_type="success")
        client.service_check("app.ok", 1, message="slow")
        client.flush()
        client.close_socket()

    receiver, counters = asyncio.run(received())
    store = receiver.store("org")

    def stored(metric: str) -> Series:
        [series] = store.series(metric, 0, 2000)
        return series

    assert counters.get("statsd.malformed", 0) == 0
    assert (str(stored("hits").type), stored("hits").values.tolist(), sorted(stored("hits").tags)) == (
        "rate",
        [0.3],
        ["a:b", "env:t"],
    )
    assert np.sort(stored("latency").values).tolist() == [0.25, 0.75]
    assert {stored(metric).times.tolist()[0] for metric in ("hits", "depth", "latency", "size.avg", "users")} == {1000}
    [event] = store.events("events", 0, np.inf)
    assert (event.attributes["title"], event.attributes["status"]) == ("deployed", "success")
    [check] = store.events("service_checks", 0, np.inf)
    assert (check.attributes["check"], check.attributes["status"]) == ("app.ok", 1)


def test_datagrams_that_arrive_while_the_server_is_busy_are_all_counted(tmp_path: Path) -> None:
    async def counters() -> dict[str, int]:
        receiver = Receiver(tmp_path / "datadog.sqlite", "org", lambda *_: [], clock=lambda: 1005.0)
        async with StatsdSocket(receiver, 0) as statsd:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(1000):  # the event loop has no turn until the socket is closed
                    sender.sendto(b"hits:1|c", ("127.0.0.1", statsd.port))
                sender.sendto(b"", ("127.0.0.1", statsd.port))
                sender.sendto(b"x:1|c\n" * 9000, ("127.0.0.1", statsd.port))
        return receiver.counters()

    received = asyncio.run(counters())
    assert (received["statsd.packets"], received["statsd.messages"]) == (1002, 10_000)
    assert "statsd.packets_lost" not in received


def test_the_reader_ends_with_its_server() -> None:
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server, pipe = socket.socketpair()
    descriptors = (datagrams.fileno(), pipe.fileno())
    reader = subprocess.Popen([sys.executable, "-I", "-S", str(READER), *map(str, descriptors)], pass_fds=descriptors)
    pipe.close()
    server.close()
    assert reader.wait(20) == 0
    datagrams.close()


@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="_e{}sc|:#@T,0123456789.dghmé\n-n", max_size=80).map(str.encode)
    )
)
def test_no_datagram_can_crash_the_parser(packet: bytes) -> None:
    messages, _ = parse_packet(packet)
    aggregator = Aggregator()
    for message in messages:
        if isinstance(message, Sample):
            aggregator.add(message, 5)
    assert all(np.isfinite(series.values).all() for series in aggregator.flush(20))
