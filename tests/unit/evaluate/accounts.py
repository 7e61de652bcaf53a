"""An account with a monitor of each kind, and telemetry with gaps, bursts and groups that come and go."""

from typing import Any

import numpy as np

from firedrill.evaluate import Account, Event, Recording, Series
from firedrill.evaluate.telemetry import FloatArray

MINUTE = 60.0
HOURS = 4


def monitor(identifier: int, query: str, type: str = "query alert", **options: Any) -> dict[str, Any]:
    """Return a monitor's API JSON."""
    return {"id": identifier, "type": type, "query": query, "message": "m", "name": "n", "options": options, "tags": []}


def whole_account() -> Account:
    """Return an account with every kind of monitor that the evaluator computes, with options."""
    logs = 'logs("service:x status:error").index("*").rollup("count")'
    monitors = [
        monitor(
            1, "avg(last_5m):avg:app.q{*} > 60", thresholds={"critical": 60, "warning": 50, "critical_recovery": 40}
        ),
        monitor(
            2,
            "max(last_10m):avg:app.q{*} by {host} > 90",
            notify_no_data=True,
            no_data_timeframe=12,
            renotify_interval=20,
        ),
        monitor(
            3,
            "sum(last_10m):sum:app.errors{*}.as_count() / sum:app.hits{*}.as_count() > 0.1",
            on_missing_data="default",
        ),
        monitor(
            4, "sum(last_5m):sum:app.errors{*} by {host}.as_count() > 15", on_missing_data="show_and_notify_no_data"
        ),
        monitor(5, "percentile(last_5m):p95:app.latency{*} > 1.8", on_missing_data="resolve", evaluation_delay=120),
        monitor(6, "avg(last_10m):p90:app.latency{*} by {host} > 1.5", on_missing_data="show_no_data", timeout_h=1),
        monitor(7, "change(avg(last_5m),10m_ago):avg:app.q{*} > 5", require_full_window=True),
        monitor(8, "avg(last_15m):default_zero(avg:app.q{host:c}) > 50", timeout_h=1),
        monitor(9, "avg(last_15m):diff(avg:app.q{host:a}) > 1"),
        monitor(10, "avg(last_15m):avg:app.q{host:a}.rollup(max, 120) > 70"),
        monitor(11, "min(last_5m):avg:app.q{!host:a}.fill(last, 300) < 20", notify_by=None),
        monitor(
            12,
            "avg(last_5m):avg:app.q{*} by {host,zone} > 55",
            notify_by=["zone"],
            renotify_interval=15,
            renotify_occurrences=2,
            renotify_statuses=["alert", "warn"],
            new_group_delay=300,
        ),
        monitor(13, "avg(last_5m):avg:app.q{*} by {host} > 55", notify_by=["*"]),
        monitor(20, f'{logs}.last("5m") > 6', "log alert", thresholds={"critical": 6, "warning": 3}),
        monitor(21, f'{logs}.by("@model").last("10m") > 4', "log alert", group_retention_duration="1h"),
        monitor(22, f'{logs}.by("@model").last("10m") < 2', "log alert"),
        monitor(23, 'logs("*").rollup("pc95", "@took").last("10m") > 90', "log alert", on_missing_data="show_no_data"),
        monitor(24, 'logs("*").rollup("cardinality", "@user").last("10m") > 9', "log alert"),
        monitor(
            25,
            'formula("bad / all").last("10m") > 0.3',
            "log alert",
            variables=[
                {"name": name, "data_source": "logs", "search": {"query": query}, "compute": {"aggregation": "count"}}
                for name, query in (("bad", "status:error"), ("all", "*"))
            ],
        ),
        monitor(
            30,
            '"up".over("env:prod").by("host").last(4).count_by_status()',
            "service check",
            thresholds={"critical": 3, "warning": 2, "ok": 2},
        ),
        monitor(31, "no_query", "synthetics alert", synthetics_check_id="s-1"),
        monitor(40, "1 && 20", "composite"),
        monitor(41, "2 || !4", "composite", notify_no_data=True),
        monitor(50, 'burn_rate("m").over("7d").long_window("1h").short_window("5m") > 1.2', "slo alert"),
        monitor(51, 'error_budget("t").over("7d") > 20', "slo alert"),
        monitor(52, 'error_budget("u").over("7d") > 10', "slo alert"),
    ]
    slos: list[dict[str, Any]] = [
        {
            "id": "m",
            "type": "metric",
            "thresholds": [{"timeframe": "7d", "target": 90}],
            "query": {
                "numerator": "sum:app.hits{*}.as_count() - sum:app.errors{*}.as_count()",
                "denominator": "sum:app.hits{*}.as_count()",
            },
        },
        {
            "id": "t",
            "type": "time_slice",
            "thresholds": [{"timeframe": "7d", "target": 99}],
            "sli_specification": {
                "time_slice": {
                    "comparator": "<",
                    "threshold": 1.3,
                    "query_interval_seconds": 300,
                    "query": {
                        "formulas": [{"formula": "q"}],
                        "queries": [{"name": "q", "query": "p90:app.latency{*}"}],
                    },
                }
            },
        },
        {"id": "u", "type": "monitor", "thresholds": [{"timeframe": "7d", "target": 99.9}], "monitor_ids": [1, 2]},
    ]
    downtimes = [
        {"scope": "host:a", "monitor_identifier": {"monitor_id": 2}, "schedule": {"start": 3600, "end": 7230}},
        {"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"start": 9000, "end": 12000}},
    ]
    corrections = [{"slo_id": "m", "start": 6000, "end": 7800}]
    tests = [{"public_id": "s-1", "options": {"min_location_failed": 2, "min_failure_duration": 120}}]
    return Account(monitors, slos, downtimes, corrections, tests)


def recording(seed: int) -> Recording:
    """Return four hours of telemetry."""
    rng = np.random.default_rng(seed)
    series = []
    for host, zone in (("a", "x"), ("b", "x"), ("c", "y")):
        tags = frozenset({f"host:{host}", f"zone:{zone}"})
        times: FloatArray = np.arange(1, HOURS * 360, dtype=np.float64) * 10.0
        gap = (np.sin(times / 4000 + ord(host)) > 0.75) | (rng.random(times.size) < 0.3)
        times = times[~gap]
        level = 50 + 40 * np.sin(times / 1700 + ord(host)) + rng.normal(0, 6, times.size)
        series.append(Series("app.q", "gauge", tags, times, level))
        series.append(Series("app.hits", "count", tags, times, rng.integers(0, 12, times.size).astype(np.float64)))
        bad = rng.random(times.size) < 0.2 + 0.2 * np.sin(times / 3000)
        series.append(Series("app.errors", "count", tags, times[bad], rng.integers(1, 5, int(bad.sum())).astype(float)))
        raw = np.sort(rng.choice(times, 4000))
        series.append(Series("app.latency", "distribution", tags, raw, rng.gamma(2, 0.35, raw.size)))
    return Recording(series, _events(rng))


def _events(rng: np.random.Generator) -> list[Event]:
    events = []
    for time in np.sort(rng.uniform(0, HOURS * 3600, 900)):
        if 0.2 < np.sin(time / 2500) < 0.5:
            continue
        attributes = {
            "model": rng.choice(["pro", "flash"]).item(),
            "took": float(rng.gamma(2, 20)),
            "user": int(rng.integers(30)),
        }
        status = "error" if rng.random() < 0.3 + 0.3 * np.sin(time / 1500) else "info"
        body = {"service": "x", "status": status, "message": "hello", "tags": ["env:prod"], "attributes": attributes}
        events.append(Event(float(time), "logs", body))
    for minute in range(1, HOURS * 60):
        for host in "ab":
            level = 2 if np.sin(minute / 17 + ord(host)) > 0.6 else 0
            events.append(
                Event(
                    minute * MINUTE - 7,
                    "service_checks",
                    {"check": "up", "status": level, "tags": [f"host:{host}", "env:prod"]},
                )
            )
        for location, phase in (("eu", 0.0), ("us", 0.4)):
            passed = bool(np.sin(minute / 20 + phase) < 0.7)
            events.append(
                Event(minute * MINUTE - 11, "synthetics", {"public_id": "s-1", "location": location, "passed": passed})
            )
    return events
