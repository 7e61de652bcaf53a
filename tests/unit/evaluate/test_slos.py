"""SLOs of three types, corrections, budgets and burn rates; graphs."""

from typing import Any

import numpy as np
import pytest

from firedrill.evaluate import Account, Recording, Refused, graph_query, run, slo_history, slo_status
from tests.unit.evaluate.accounts import MINUTE, monitor
from tests.unit.evaluate.test_metrics import Points, series

Slo = dict[str, Any]
DAY = 86400.0
TARGET = [{"timeframe": "7d", "target": 99.0, "warning": 99.5}]
COUNTS: Slo = {
    "id": "s",
    "type": "metric",
    "thresholds": TARGET,
    "query": {
        "numerator": "sum:hits{*}.as_count() - default_zero(sum:errors{*}.as_count())",
        "denominator": "sum:hits{*}.as_count()",
    },
}


def traffic(minutes: int, errors: Points) -> Recording:
    """Return 100 hits a minute, and these errors."""
    hits = dict.fromkeys(range(1, minutes + 1), 100.0)
    return Recording([series("hits", "count", hits), series("errors", "count", errors)])


def test_good_over_total_is_the_same_in_every_form() -> None:
    queries = [
        {"name": "h", "data_source": "metrics", "query": "sum:hits{*}"},
        {"name": "e", "data_source": "metrics", "query": "sum:errors{*}"},
    ]
    good_total = {"good_events_formula": "h - e", "total_events_formula": {"formula": "h"}, "queries": queries}
    good_bad = {"good_events_formula": {"formula": "h - e"}, "bad_events_formula": "e", "queries": queries}
    recording = traffic(100, {10: 20.0, 50: 30.0})
    for definition in (
        COUNTS,
        {**COUNTS, "sli_specification": {"count": good_total}},
        {**COUNTS, "sli_specification": {"count": good_bad}},
    ):
        status = slo_status(definition, Account(), recording, 0, 100 * MINUTE)
        assert (status.good, status.total, status.sli) == (9950.0, 10000.0, 99.5)
        assert status.state == "ok"
        assert status.remaining == pytest.approx(50.0)


def test_an_slo_without_events_has_no_status() -> None:
    status = slo_status(COUNTS, Account(), Recording(), 0, 600)
    assert (status.sli, status.remaining, status.state) == (None, None, "no_data")


def test_a_recurring_correction_drops_its_minutes_each_time() -> None:
    correction = {"slo_id": "s", "start": 600, "duration": 300, "rrule": "FREQ=HOURLY;INTERVAL=1;COUNT=2"}
    account = Account(corrections=[{"data": {"attributes": correction}}])
    errors = {11: 100.0, 12: 100.0, 71: 100.0, 131: 100.0}
    assert slo_status(COUNTS, account, traffic(150, errors), 0, 150 * MINUTE).good == 150 * 100 - 1000 - 100
    assert slo_status(COUNTS, Account(), traffic(150, errors), 0, 150 * MINUTE).good == 150 * 100 - 400


def test_a_time_slice_is_up_while_its_value_holds_and_while_there_is_none() -> None:
    specification = {
        "comparator": "<",
        "threshold": 5,
        "query_interval_seconds": 300,
        "query": {"formulas": [{"formula": "q * 1"}], "queries": [{"name": "q", "query": "avg:latency{*}"}]},
    }
    slo = {"id": "s", "type": "time_slice", "thresholds": TARGET, "sli_specification": {"time_slice": specification}}
    latency = {minute: 9.0 if 6 <= minute <= 10 else 1.0 for minute in range(1, 41)}
    sli = slo_history(slo, Account(), Recording([series("latency", "gauge", latency)]), 0, 60 * MINUTE)
    assert np.flatnonzero(sli.good == 0).tolist() == [5, 6, 7, 8, 9]


def burning(query: str, recording: Recording, minutes: int, **options: Any) -> list[tuple[int, str]]:
    """Return minute and new state of each transition of an SLO alert."""
    account = Account([monitor(1, query, "slo alert", **options)], [COUNTS])
    timeline = run(account, recording, MINUTE, minutes * MINUTE)
    return [(round(transition.time / MINUTE), transition.new) for transition in timeline.transitions]


def test_a_burn_rate_needs_both_windows_and_ends_with_the_short_one() -> None:
    errors = dict.fromkeys(range(301, 331), 50.0)
    query = 'burn_rate("s").over("7d").long_window("1h").short_window("5m") > 14.4'
    recording = traffic(500, errors)
    transitions = burning(query, recording, 500)
    long_over = next(minute for minute in range(301, 400) if (minute - 300) * 50 / 6000 > 0.144)
    short_over = next(minute for minute in range(331, 400) if (335 - minute) * 50 / 500 <= 0.144)
    assert transitions == [(long_over, "ALERT"), (short_over, "OK")]


def test_a_budget_alert_compares_what_is_consumed() -> None:
    errors = {200: 100.0, 201: 100.0}
    query = 'error_budget("s").over("7d") > 75'
    transitions = burning(query, traffic(400, errors), 400, thresholds={"critical": 75, "warning": 50})
    expected, state = [], "OK"
    for minute in range(1, 401):
        consumed = 100 * sum(bad for at, bad in errors.items() if at <= minute) / minute
        now = "ALERT" if consumed > 75 else "WARN" if consumed > 50 else "OK"
        if now != state:
            expected.append((minute, now))
        state = now
    assert transitions == expected
    assert [new for _, new in transitions] == ["ALERT", "WARN", "OK"]


def test_a_monitor_slo_is_down_while_a_member_alerts() -> None:
    members = [monitor(1, "avg(last_1m):avg:a{*} > 5"), monitor(2, "avg(last_1m):avg:b{*} > 5")]
    slo = {"id": "s", "type": "monitor", "thresholds": TARGET, "monitor_ids": [1, 2]}
    alert = monitor(3, 'error_budget("s").over("7d") > 0.5', "slo alert")
    values = {minute: 9.0 if 21 <= minute <= 22 else 1.0 for minute in range(1, 61)}
    recording = Recording([series("a", "gauge", values), series("b", "gauge", dict.fromkeys(range(1, 61), 1.0))])
    timeline = run(Account([*members, alert], [slo]), recording, MINUTE, 60 * MINUTE)
    assert [(transition.new, round(transition.time / MINUTE)) for transition in timeline.transitions_of(3)] == [
        ("ALERT", 21)
    ]


def test_a_burn_rate_that_cannot_be_reached_is_refused() -> None:
    slo = {**COUNTS, "thresholds": [{"timeframe": "7d", "target": 90.0}]}
    query = 'burn_rate("s").over("7d").long_window("1h").short_window("5m") > 14.4'
    account = Account([monitor(1, query, "slo alert"), monitor(2, "no query at all")], [slo])
    with pytest.raises(Refused, match="largest possible burn, 10"):
        run(Account(account.monitors[:1], [slo]), traffic(10, {}), MINUTE, 600)
    kept = run(account, traffic(10, {}), MINUTE, 600, strict=False)
    assert {identifier: refusal.name for identifier, refusal in kept.refused.items()} == {1: "burn_rate()", 2: "query"}


def test_a_graph_has_a_point_for_each_bucket_that_has_data() -> None:
    recording = Recording(
        [series("hits", "count", {1: 5.0, 2: 7.0, 9: 1.0}, "env:a"), series("hits", "count", {2: 3.0}, "env:b")]
    )
    lines = graph_query("sum:hits{*} by {env}.as_count()", recording, 0, 600, 300)
    assert [(line.group, line.times.tolist(), line.values.tolist()) for line in lines] == [
        ({"env": "a"}, [0.0, 300.0], [12.0, 1.0]),
        ({"env": "b"}, [0.0], [3.0]),
    ]


def test_a_downtimes_scope_may_be_written_as_a_search() -> None:
    downtime = {
        "scope": "env:(staging OR prod) AND service:x",
        "monitor_identifier": {"monitor_tags": ["*"]},
        "schedule": {},
    }
    account = Account([monitor(1, "avg(last_1m):avg:a{*} by {env,service} > 5")], downtimes=[downtime])
    hot = dict.fromkeys(range(1, 6), 9.0)
    recording = Recording([series("a", "gauge", hot, f"env:{env}", "service:x") for env in ("prod", "dev")])
    timeline = run(account, recording, MINUTE, 5 * MINUTE)
    assert {transition.group["env"]: transition.notify for transition in timeline.transitions} == {
        "prod": False,
        "dev": True,
    }


def test_an_slo_that_lacks_its_query_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="SLO s: its definition lacks 'query'"):
        slo_status({"id": "s", "type": "metric", "thresholds": TARGET}, Account(), Recording(), 0, 600)
