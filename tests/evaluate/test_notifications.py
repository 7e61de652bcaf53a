"""Which changes notify: repeats, downtimes, subsets, missing data, groups that come and go."""

from typing import Any

from firedrill.evaluate import Account, Event, OpenAtTheEnd, Recording, Timeline, run
from tests.evaluate.accounts import MINUTE, monitor
from tests.evaluate.test_metrics import Points, series

Told = list[tuple[int, str, str]]


def told(timeline: Timeline) -> Told:
    """Minute, group and change of everything that notified."""
    return [
        (round(one.time / MINUTE), one.notified_name, one.kind if one.kind == "renotify" else f"{one.old}->{one.new}")
        for one in timeline.transitions
        if one.notify
    ]


def on_a(
    values: Points, minutes: int, query: str = "avg(last_1m):avg:a{*} > 5", downtimes: Any = (), **options: Any
) -> Timeline:
    """One monitor on one gauge."""
    account = Account([monitor(1, query, **options)], downtimes=list(downtimes))
    return run(account, Recording([series("a", "gauge", values)]), MINUTE, minutes * MINUTE)


def steps(*parts: tuple[int, float]) -> Points:
    """``(until minute, value)`` as points."""
    values: Points = {}
    for until, value in parts:
        for minute in range(max(values, default=0) + 1, until + 1):
            values[minute] = value
    return values


def test_a_lasting_alert_repeats_and_a_recovered_one_does_not() -> None:
    timeline = on_a(steps((4, 1), (30, 9), (60, 1)), 60, renotify_interval=10)
    assert told(timeline) == [
        (5, "*", "OK->ALERT"),
        (15, "*", "renotify"),
        (25, "*", "renotify"),
        (31, "*", "ALERT->OK"),
    ]


def test_a_downtime_silences_but_the_states_go_on() -> None:
    quiet = [{"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"start": 600, "end": 1200}}]
    values = steps((11, 1), (15, 9), (17, 1), (25, 9), (40, 1))
    timeline = on_a(values, 40, downtimes=quiet)
    assert [str(state) for state in timeline.states(1)["*"][11:16]] == ["ALERT"] * 4 + ["OK"]
    assert told(timeline) == [(20, "*", "ALERT->ALERT"), (26, "*", "ALERT->OK")]


def test_the_recovery_of_an_alert_that_began_before_a_downtime_is_sent() -> None:
    quiet = [{"scope": "*", "monitor_identifier": {"monitor_tags": ["*"]}, "schedule": {"start": 600, "end": 1200}}]
    values = steps((5, 1), (12, 9), (40, 1))
    assert told(on_a(values, 40, downtimes=quiet)) == [(6, "*", "OK->ALERT"), (13, "*", "ALERT->OK")]
    muted = [{**quiet[0], "mute_first_recovery_notification": True}]
    assert told(on_a(values, 40, downtimes=muted)) == [(6, "*", "OK->ALERT")]


def test_a_cancelled_downtime_tells_nothing_at_its_end() -> None:
    quiet = [{"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"start": 600}, "canceled": 1200}]
    assert told(on_a(steps((11, 1), (40, 9)), 40, downtimes=quiet)) == []


def test_a_silent_no_data_is_left_silently_for_ok_and_loudly_for_alert() -> None:
    values = {1: 1.0, 2: 1.0, 6: 1.0, 10: 9.0}
    timeline = on_a(values, 10, on_missing_data="show_no_data")
    changes = [(one.old, one.new, one.notify) for one in timeline.transitions]
    assert changes == [
        ("OK", "NO DATA", False),
        ("NO DATA", "OK", False),
        ("OK", "NO DATA", False),
        ("NO DATA", "ALERT", True),
    ]


def test_a_triggered_group_resolves_after_its_timeout_without_data() -> None:
    timeline = on_a({1: 1.0, 2: 9.0}, 130, timeout_h=1)
    assert told(timeline) == [(2, "*", "OK->ALERT"), (63, "*", "ALERT->OK")]


def test_a_group_is_forgotten_after_a_day_without_data_and_is_new_when_it_returns() -> None:
    values = {1: 9.0, 2: 9.0, 1500: 9.0, 1501: 9.0, 1502: 9.0}
    account = Account([monitor(1, "avg(last_1m):avg:a{*} by {h} > 5", new_group_delay=120)])
    recording = Recording(
        [series("a", "gauge", values, "h:x"), series("a", "gauge", dict.fromkeys(range(1, 1510), 1.0), "h:y")]
    )
    timeline = run(account, recording, MINUTE, 1505 * MINUTE)
    assert [(round(one.time / MINUTE), one.new) for one in timeline.transitions] == [(1, "ALERT"), (1502, "ALERT")]
    states = timeline.states(1)["h:x"]
    assert str(states[1440]) == "ALERT"
    assert str(states[1441]) == ""


def test_a_subset_notifies_once_and_recovers_with_its_last_group() -> None:
    query = "avg(last_1m):avg:a{*} by {service,host} > 5"
    account = Account([monitor(1, query, notify_by=["service"], new_group_delay=0)])
    recording = Recording(
        [
            series("a", "gauge", steps((2, 1), (6, 9), (12, 1)), "service:x", "host:1"),
            series("a", "gauge", steps((3, 1), (8, 9), (12, 1)), "service:x", "host:2"),
            series("a", "gauge", steps((4, 1), (5, 9), (12, 1)), "service:y", "host:1"),
        ]
    )
    timeline = run(account, recording, MINUTE, 12 * MINUTE)
    assert told(timeline) == [
        (3, "service:x", "OK->ALERT"),
        (5, "service:y", "OK->ALERT"),
        (6, "service:y", "ALERT->OK"),
        (9, "service:x", "ALERT->OK"),
    ]
    assert len(timeline.transitions) == 6


def test_a_composite_without_data_keeps_its_last_known_state() -> None:
    members = [
        monitor(1, "avg(last_1m):avg:a{*} > 5", on_missing_data="show_no_data"),
        monitor(2, "avg(last_1m):avg:b{*} > 5"),
        monitor(3, "1 || 2", "composite", notify_no_data=False),
    ]
    recording = Recording(
        [series("a", "gauge", {1: 1.0, 2: 9.0}), series("b", "gauge", dict.fromkeys(range(1, 11), 1.0))]
    )
    timeline = run(Account(members), recording, MINUTE, 10 * MINUTE)
    assert [(one.new, round(one.time / MINUTE)) for one in timeline.of(3)] == [("ALERT", 2)]


def test_groups_of_a_composite_pair_by_their_values() -> None:
    members = [
        monitor(1, "avg(last_1m):avg:a{*} by {host} > 5", new_group_delay=0),
        monitor(2, "avg(last_1m):avg:b{*} by {device,host} > 5", new_group_delay=0),
        monitor(3, "1 && 2", "composite"),
    ]
    hot = steps((2, 1), (10, 9))
    recording = Recording(
        [
            series("a", "gauge", hot, "host:w1"),
            series("b", "gauge", hot, "host:w1", "device:d"),
            series("b", "gauge", hot, "host:w2", "device:d"),
        ]
    )
    timeline = run(Account(members), recording, MINUTE, 10 * MINUTE)
    assert [(one.group_name, one.new) for one in timeline.of(3)] == [("device:d,host:w1", "ALERT")]


def test_a_transition_carries_an_event_that_matched() -> None:
    logs = [
        Event(
            minute * MINUTE,
            "logs",
            {"service": "x", "status": "error", "message": f"m{minute}", "tags": [], "attributes": {}},
        )
        for minute in (3, 4, 5)
    ]
    query = 'logs("status:error").index("*").rollup("count").last("5m") > 2'
    timeline = run(Account([monitor(1, query, "log alert")]), Recording([], logs), MINUTE, 12 * MINUTE)
    alert, recovery = timeline.transitions
    assert alert.event is not None
    assert alert.event["message"] == "m5"
    assert (recovery.new, round(recovery.time / MINUTE)) == ("OK", 8)


def test_silence_of_all_logs_alerts_before_the_first_log_too() -> None:
    query = 'logs("*").index("*").rollup("count").last("5m") < 1'
    timeline = run(Account([monitor(1, query, "log alert")]), Recording(), MINUTE, 3 * MINUTE)
    assert [one.new for one in timeline.transitions] == ["ALERT"]


def test_the_other_reading_of_a_windows_ends_can_be_compared() -> None:
    recording = Recording([series("a", "gauge", {1: 1.0, 2: 9.0, 3: 1.0})])
    account = Account([monitor(1, "max(last_1m):avg:a{*} > 5")])
    ends = run(account, recording, MINUTE, 5 * MINUTE)
    starts = run(account, OpenAtTheEnd(recording), MINUTE, 5 * MINUTE)
    assert [one.time / MINUTE for one in ends.transitions] == [2, 3]
    assert [one.time / MINUTE for one in starts.transitions] == [3, 4]
