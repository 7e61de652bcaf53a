"""Checks name what Datadog refuses in a monitor, and nothing that it takes."""

from typing import Any

import pytest

from firedrill.checks.monitor import monitor_faults

METRIC = {"type": "query alert", "query": "avg(last_5m):avg:a{*} > 4", "options": {"thresholds": {"critical": 4}}}
LOGS = {"type": "log alert", "query": 'logs("status:error").index("*").rollup("count").by("host").last("5m") > 4'}
CHECK = {"type": "service check", "query": '"a.up".over("*").by("host").last(3).count_by_status()'}
FORMULA = {
    "type": "log alert",
    "query": 'formula("a / b").last("5m") > 4',
    "options": {"variables": [{"name": "a", "data_source": "logs"}, {"name": "b", "data_source": "logs"}]},
}
COMPOSITE = {"type": "composite", "query": "1 && !2"}
NEGATIVE = {"type": "query alert", "query": "avg(last_5m):avg:a{*} < -4.5e1"}


def faults(monitor: dict[str, Any], **changes: Any) -> list[str]:
    """Return the texts of a monitor's faults. Monitors 1 and 2 exist."""
    options = {**(monitor.get("options") or {}), **changes.pop("options", {})}
    changed = {**monitor, **changes, "options": options}
    return [fault.text for fault in monitor_faults(changed, {"1", "2"}.__contains__, {"s"}.__contains__)]


@pytest.mark.parametrize("monitor", [METRIC, LOGS, CHECK, FORMULA, COMPOSITE, NEGATIVE])
def test_what_datadog_takes_has_no_faults(monitor: dict[str, Any]) -> None:
    assert faults(monitor) == []


@pytest.mark.parametrize(
    ("monitor", "changes", "part"),
    [
        (METRIC, {"query": "avg(last_5m):defualt_zero(avg:a{*}) > 4"}, "defualt_zero"),
        (METRIC, {"query": "avg(last_5m):avg:a{*}.as_cuont() > 4"}, "as_cuont"),
        (METRIC, {"query": "avg(last_5m):agv:a{*} > 4"}, "is invalid"),
        (METRIC, {"query": "avg(last_5m):avg:a{*} > 5"}, "(4.0) does not match that used in the query (5.0)"),
        (METRIC, {"query": "web"}, "invalid operator specified"),
        (METRIC, {"query": " "}, "must not be empty"),
        (METRIC, {"options": {"thresholds": {"critical": 4, "warning": 5}}}, "must be greater than warning"),
        (METRIC, {"options": {"thresholds": {"critical": 4, "critical_recovery": 5}}}, "must be less than alert"),
        (METRIC, {"options": {"thresholds": {"warning": 2, "warning_recovery": 3}}}, "must be less than warning"),
        (NEGATIVE, {"options": {"thresholds": {"critical": -45, "warning": -50}}}, "must be less than warning"),
        (LOGS, {"query": LOGS["query"].replace("status:error", "(status:error")}, "the search is not valid"),
        (FORMULA, {"query": 'formula("a / c").last("5m") > 4'}, "names c, but its queries are a, b"),
        (
            FORMULA,
            {"options": {"variables": [{"name": "a", "search": {"query": "(x"}}, {"name": "b"}]}},
            "the search is not valid",
        ),
        (CHECK, {"options": {"thresholds": {"critical": 4}}}, ".last(3)"),
        (COMPOSITE, {"query": "1 && 3"}, "monitor 3 does not exist"),
        ({"type": "slo alert", "query": 'error_budget("t").over("7d") > 4'}, {}, "SLO t not found"),
        (METRIC, {"priority": 6}, "from 1 to 5"),
        (METRIC, {"options": {"on_missing_data": "resolve", "notify_no_data": True}}, "cannot be used together"),
        (METRIC, {"options": {"renotify_statuses": ["alert"]}}, "requires renotify_interval"),
        (METRIC, {"options": {"timeout_h": 48}}, "timeout_h"),
    ],
)
def test_what_datadog_refuses_is_named(monitor: dict[str, Any], changes: dict[str, Any], part: str) -> None:
    texts = faults(monitor, **changes)
    assert any(part in text for text in texts), texts
