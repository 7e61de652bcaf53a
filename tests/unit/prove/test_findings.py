"""Findings on monitors of any account: what they read, how they group, how often they alert for nothing."""

from typing import Any

import pytest

from firedrill.evaluate import Account
from firedrill.notify.directory import Directory
from firedrill.prove.findings import findings
from firedrill.prove.monitor_json import with_distinct_ids
from firedrill.prove.months import month
from firedrill.prove.noise import measure_noise
from firedrill.prove.ordinary import Ordinary
from firedrill.scenario.definitions import Definitions

SERIES: dict[str, Any] = {
    "prod": {"metric": "a", "type": "gauge", "value": 1, "tags": {"env": "prod", "team": "red", "host": "h1"}},
    "dev": {"metric": "a", "type": "gauge", "value": 1, "tags": {"env": "dev", "team": "blue"}},
}


def definitions(*monitors: dict[str, Any]) -> Definitions:
    """Return definitions of monitors in the API's form."""
    filled = [{"message": "", "name": "m", "tags": [], "options": {}, **monitor} for monitor in monitors]
    identified, names = with_distinct_ids([(monitor["name"], monitor) for monitor in filled])
    return Definitions(Account(identified), Directory(), names, {})


def metric(query: str, **rest: Any) -> dict[str, Any]:
    """Return a metric monitor."""
    return {"type": "query alert", "query": query, **rest}


def kinds(monitor: dict[str, Any], signals: dict[str, Any]) -> list[str]:
    """Return the kinds of a monitor's findings in the telemetry of these signals."""
    return [finding.kind for finding in findings(definitions(monitor), Ordinary.model_validate({"signals": signals}))]


@pytest.mark.parametrize(
    "scope",
    [
        "*", "env:prod", "!env:dev", "env IN (prod,stage)", "env:prod OR env:stage", "env:pr*", "env NOT IN (dev)",
        "env:prod,team:red", "(env:prod AND team:red) OR env:dev", "NOT env:stage", "!absent:x",
    ],
)  # fmt: skip
def test_a_scope_that_a_series_matches_reads_something(scope: str) -> None:
    assert "reads-nothing" not in kinds(metric(f"avg(last_5m):avg:a{{{scope}}} > 5"), SERIES)


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ("{env:stage}", "has the tag env:stage"),
        ("{env:prod,team:blue}", "matches {env:prod,team:blue}"),
        ("{env:st*}", "has the tag env:st*"),
        ("{env:prod,!env:prod}", "matches {env:prod,!env:prod}"),
        ("{!env:prod,!env:dev}", "matches {!env:prod,!env:dev}"),
        ("{env IN (stage,test)}", "has the tag env IN (stage,test)"),
        ("{env:stage OR team:green}", "matches {env:stage OR team:green}"),
        ("{*} by {region}", "has the tag region of the group-by"),
        ("{env:dev} by {host}", "has the tag host of the group-by"),
    ],
)
def test_a_scope_that_nothing_matches_is_found(rest: str, text: str) -> None:
    found = findings(definitions(metric(f"avg(last_5m):avg:a{rest} > 5")), Ordinary.model_validate({"signals": SERIES}))
    assert [finding.kind for finding in found] == ["reads-nothing"]
    assert text in found[0].text


LOG = 'logs("status:error").index("*").rollup("count").by("{}").last("5m") > 1000'


def test_a_group_by_that_no_event_has_is_found() -> None:
    signals = {"errors": {"rate": 1, "log": {"status": "error", "@usr.id": "u"}}}
    assert kinds({"type": "log alert", "query": LOG.format("@usr.id")}, signals) == []
    assert kinds({"type": "log alert", "query": LOG.format("@usr.name")}, signals) == ["reads-nothing"]


@pytest.mark.parametrize("shared", ["@usr.id", "pod_name"])
def test_a_facet_with_many_values_is_a_storm(shared: str) -> None:
    errors = {"rate": 20, "log": {"status": "error"}, "shared": {shared: 12}}
    assert kinds({"type": "log alert", "query": LOG.format(shared)}, {"errors": errors}) == ["group-storm"]
    options = {"notify_by": ["*"]}
    assert kinds({"type": "log alert", "query": LOG.format(shared), "options": options}, {"errors": errors}) == []


def test_findings_of_one_name_stay_with_their_monitor() -> None:
    both = definitions(metric("avg(last_5m):avg:a{*} > 5"), metric("avg(last_5m):avg:b{*} > 5"))
    (finding,) = findings(both, Ordinary.model_validate({"signals": SERIES}))
    assert finding.alert == both.alert(both.account.monitors[1])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("avg(last_4h):anomalies(avg:a{*}, 'basc', 2) >= 1", "basc"),
        ("avg(last_5m):timeshift(avg:a{*}, 'x') > 1", "timeshift()"),
    ],
)
def test_what_is_not_evaluated_is_an_error_without_telemetry_too(query: str, reason: str) -> None:
    (finding,) = findings(definitions(metric(query)), None)
    assert (finding.kind, finding.error) == ("refused", True)
    assert reason in finding.text


def alerts_a_week(monitor: dict[str, Any], signal: dict[str, Any]) -> float:
    """Return the false alerts a week over ten ordinary days."""
    ordinary = Ordinary.model_validate({"signals": {"s": signal}})
    noise = measure_noise(definitions(monitor), month(ordinary, seed=3, days=10), days=10)
    return noise.alerts["m"] / noise.weeks


RARE = {"rate": 0.02, "steady": True}


def test_a_rare_event_alerts_as_often_as_a_count_as_in_logs() -> None:
    count = metric("sum(last_5m):sum:a{*}.as_count() >= 1", options={"on_missing_data": "default"})
    logs = {"type": "log alert", "query": 'logs("status:error").index("*").rollup("count").last("5m") >= 1'}
    as_count = alerts_a_week(count, {"metric": "a", **RARE})
    as_logs = alerts_a_week(logs, {"log": {"status": "error"}, **RARE})
    assert 100 < as_logs < 300
    assert as_count == pytest.approx(as_logs, rel=0.25)


def test_gaps_of_a_gauge_are_noise_of_a_monitor_on_missing_data() -> None:
    watched = metric("avg(last_5m):avg:a{*} > 100", options={"notify_no_data": True, "no_data_timeframe": 10})
    gauge = {"metric": "a", "type": "gauge", "value": 1, "steady": True}
    assert alerts_a_week(watched, {**gauge, "rate": 1}) == 0
    assert alerts_a_week(watched, {**gauge, "rate": 0.1}) > 50


def test_an_alert_for_nothing_every_day_is_a_finding() -> None:
    monitor = metric("sum(last_5m):sum:a{*}.as_count() >= 1", options={"on_missing_data": "default"})
    ordinary = Ordinary.model_validate({"signals": {"s": {"metric": "a", **RARE}}})
    declared = definitions(monitor)
    (finding,) = measure_noise(declared, month(ordinary, seed=3, days=10), days=10).noisy(declared)
    assert (finding.alert, finding.kind, finding.error) == ("m", "noisy", True)
    signal = definitions({**monitor, "tags": ["severity:signal"]})
    assert list(measure_noise(signal, month(ordinary, seed=3, days=10), days=10).noisy(signal)) == []
