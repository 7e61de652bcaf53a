"""Notifications: renotification, downtimes, notify_by, missing data, groups that come and go."""

from typing import Any

from firedrill.evaluate import Account, EndExclusiveWindows, Event, Recording, Timeline, run
from tests.unit.evaluate.accounts import MINUTE, monitor
from tests.unit.evaluate.test_metrics import Points, series

Notifications = list[tuple[int, str, str]]


def notifications(timeline: Timeline) -> Notifications:
    """Return minute, group and change of each notification."""
    return [
        (
            round(transition.time / MINUTE),
            transition.notified_name,
            transition.kind if transition.kind == "renotify" else f"{transition.old}->{transition.new}",
        )
        for transition in timeline.transitions
        if transition.notify
    ]


def on_a(
    values: Points, minutes: int, query: str = "avg(last_1m):avg:a{*} > 5", downtimes: Any = (), **options: Any
) -> Timeline:
    """Run a monitor on a gauge."""
    account = Account([monitor(1, query, **options)], downtimes=list(downtimes))
    return run(account, Recording([series("a", "gauge", values)]), MINUTE, minutes * MINUTE)


def steps(*parts: tuple[int, float]) -> Points:
    """Return points from ``(until minute, value)``."""
    values: Points = {}
    for until, value in parts:
        for minute in range(max(values, default=0) + 1, until + 1):
            values[minute] = value
    return values


def test_a_lasting_alert_repeats_and_a_recovered_one_does_not() -> None:
    timeline = on_a(steps((4, 1), (30, 9), (60, 1)), 60, renotify_interval=10)
    assert notifications(timeline) == [
        (5, "*", "OK->ALERT"),
        (15, "*", "renotify"),
        (25, "*", "renotify"),
        (31, "*", "ALERT->OK"),
    ]


def test_a_downtime_mutes_notifications_but_not_states() -> None:
    downtimes = [{"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"start": 600, "end": 1200}}]
    values = steps((11, 1), (15, 9), (17, 1), (25, 9), (40, 1))
    timeline = on_a(values, 40, downtimes=downtimes)
    assert [str(state) for state in timeline.states(1)["*"][11:16]] == ["ALERT"] * 4 + ["OK"]
    assert notifications(timeline) == [(20, "*", "ALERT->ALERT"), (26, "*", "ALERT->OK")]


def test_the_recovery_of_an_alert_that_began_before_a_downtime_is_sent() -> None:
    downtimes = [{"scope": "*", "monitor_identifier": {"monitor_tags": ["*"]}, "schedule": {"start": 600, "end": 1200}}]
    values = steps((5, 1), (12, 9), (40, 1))
    assert notifications(on_a(values, 40, downtimes=downtimes)) == [(6, "*", "OK->ALERT"), (13, "*", "ALERT->OK")]
    muted = [{**downtimes[0], "mute_first_recovery_notification": True}]
    assert notifications(on_a(values, 40, downtimes=muted)) == [(6, "*", "OK->ALERT")]


def test_a_cancelled_downtime_does_not_notify_at_its_end() -> None:
    downtimes = [{"scope": "*", "monitor_identifier": {"monitor_id": 1}, "schedule": {"start": 600}, "canceled": 1200}]
    assert notifications(on_a(steps((11, 1), (40, 9)), 40, downtimes=downtimes)) == []


def test_show_no_data_notifies_when_it_changes_to_alert_only() -> None:
    values = {1: 1.0, 2: 1.0, 6: 1.0, 10: 9.0}
    timeline = on_a(values, 10, on_missing_data="show_no_data")
    changes = [(transition.old, transition.new, transition.notify) for transition in timeline.transitions]
    assert changes == [
        ("OK", "NO DATA", False),
        ("NO DATA", "OK", False),
        ("OK", "NO DATA", False),
        ("NO DATA", "ALERT", True),
    ]


def test_a_triggered_group_resolves_after_its_timeout_without_data() -> None:
    timeline = on_a({1: 1.0, 2: 9.0}, 130, timeout_h=1)
    assert notifications(timeline) == [(2, "*", "OK->ALERT"), (63, "*", "ALERT->OK")]


def test_a_group_is_forgotten_after_a_day_without_data_and_is_new_when_it_returns() -> None:
    values = {1: 9.0, 2: 9.0, 1500: 9.0, 1501: 9.0, 1502: 9.0}
    account = Account([monitor(1, "avg(last_1m):avg:a{*} by {h} > 5", new_group_delay=120)])
    recording = Recording(
        [series("a", "gauge", values, "h:x"), series("a", "gauge", dict.fromkeys(range(1, 1510), 1.0), "h:y")]
    )
    timeline = run(account, recording, MINUTE, 1505 * MINUTE)
    assert [(round(transition.time / MINUTE), transition.new) for transition in timeline.transitions] == [
        (1, "ALERT"),
        (1502, "ALERT"),
    ]
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
    assert notifications(timeline) == [
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
    assert [(transition.new, round(transition.time / MINUTE)) for transition in timeline.transitions_of(3)] == [
        ("ALERT", 2)
    ]


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
    assert [(transition.group_name, transition.new) for transition in timeline.transitions_of(3)] == [
        ("device:d,host:w1", "ALERT")
    ]


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


def test_a_count_below_its_threshold_alerts_before_the_first_log() -> None:
    query = 'logs("*").index("*").rollup("count").last("5m") < 1'
    timeline = run(Account([monitor(1, query, "log alert")]), Recording(), MINUTE, 3 * MINUTE)
    assert [transition.new for transition in timeline.transitions] == ["ALERT"]


def test_both_conventions_of_window_ends_can_be_compared() -> None:
    recording = Recording([series("a", "gauge", {1: 1.0, 2: 9.0, 3: 1.0})])
    account = Account([monitor(1, "max(last_1m):avg:a{*} > 5")])
    ends = run(account, recording, MINUTE, 5 * MINUTE)
    starts = run(account, EndExclusiveWindows(recording), MINUTE, 5 * MINUTE)
    assert [transition.time / MINUTE for transition in ends.transitions] == [2, 3]
    assert [transition.time / MINUTE for transition in starts.transitions] == [3, 4]
