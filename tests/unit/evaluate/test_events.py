"""Event monitors on a few events: cumulative windows, formulas over different groups, processes."""

from typing import Any

import pytest

from firedrill.evaluate import Account, Event, Recording, Refused, evaluate_at, run
from firedrill.evaluate.event.queries import NOT_EVALUATED
from firedrill.evaluate.parsed_monitor import check_query, parse_monitor
from firedrill.query import MONITOR_TYPES
from tests.unit.evaluate.accounts import MINUTE, monitor


def event(minute: float, track: str = "events", **attributes: Any) -> Event:
    """Return an event with these attributes."""
    names = [name for name in ("message", "host", "tags", "process") if name in attributes]
    fields: dict[str, Any] = {name: attributes.pop(name) for name in names}
    return Event(minute * MINUTE, track, {**fields, "attributes": attributes})


def values(definition: dict[str, Any], events: list[Event], minutes: list[float]) -> dict[str, list[float]]:
    """Return the monitor's values by group at these minutes."""
    timeline = evaluate_at(Account([definition]), Recording([], events), [minute * MINUTE for minute in minutes])
    return {name: [float(value) for value in row] for name, row in timeline.monitors[1].values.items()}


def test_a_cumulative_window_of_events_starts_anew_each_hour() -> None:
    query = 'events("*").rollup("count").current("1h") > 2'
    events = [event(minute) for minute in (50.5, 59.5, 60.5, 90.5, 119.5, 120.5)]
    account = Account([monitor(1, query, "event-v2 alert")])
    timeline = run(account, Recording([], events), 51 * MINUTE, 125 * MINUTE)
    by_minute = dict(zip(range(51, 126), timeline.values(1)["*"], strict=True))
    assert [by_minute[minute] for minute in (51, 60, 61, 91, 120, 121)] == [1, 2, 1, 2, 3, 1]
    alerts = [(transition.time / MINUTE, transition.new) for transition in timeline.transitions]
    assert alerts == [(120, "ALERT"), (121, "OK")]


def test_the_largest_of_a_cumulative_window_is_of_its_own_events() -> None:
    query = 'rum("*").rollup("max", "@size").current("1h") > 100'
    events = [event(30.5, "rum", size=9), event(61.5, "rum", size=4), event(70.5, "rum", size=6)]
    definition = monitor(1, query, "rum alert", scheduling_options={"evaluation_window": {"hour_starts": 0}})
    assert values(definition, events, [59, 65, 75]) == {"*": [9, 4, 6]}


def formula(text: str, **groups: list[str]) -> dict[str, Any]:
    """Return a formula monitor over counts of logs, each with facets to group by."""
    variables = [
        {
            "name": name,
            "data_source": "logs",
            "search": {"query": f"@kind:{name}"},
            "compute": {"aggregation": "count"},
            "group_by": [{"facet": facet} for facet in facets],
        }
        for name, facets in groups.items()
    ]
    return monitor(1, f'formula("{text}").last("5m") > 1', "log alert", variables=variables)


def test_a_formula_combines_groups_with_those_that_have_some_of_their_facets() -> None:
    logs = [
        *(
            event(1.5, "logs", kind="a", env=env, zone=zone)
            for env, zone in [("x", "p"), ("x", "p"), ("x", "q"), ("y", "p")]
        ),
        *(event(1.5, "logs", kind="b", env=env, zone="z") for env in "xxxxyy"),
    ]
    expected = {"@env:x,@zone:p": [0.5], "@env:x,@zone:q": [0.25], "@env:y,@zone:p": [0.5]}
    assert values(formula("a / b", a=["@env", "@zone"], b=["@env"]), logs, [3]) == expected
    assert values(formula("b / a", a=["@env", "@zone"], b=["@env"]), logs, [3]) == {
        name: [1 / value[0]] for name, value in expected.items()
    }
    with pytest.raises(Refused, match="grouped by @env and by @zone"):
        values(formula("a / b", a=["@env"], b=["@zone"]), logs, [3])


def test_processes_are_counted_by_their_identity() -> None:
    query = 'processes("java AND NOT agent").over("env:prod").by("host").rollup("count").last("10m") < 1'
    seen = [
        (1, "java -jar app.jar", "a", "prod", "a/1"),
        (3, "java -jar app.jar", "a", "prod", "a/1"),
        (3, "java -jar app.jar", "a", "prod", "a/2"),
        (3, "java -jar agent", "a", "prod", "a/3"),
        (3, "java -jar app.jar", "b", "dev", "b/1"),
        (3, "python app.py", "a", "prod", "a/4"),
    ]
    events = [
        event(minute, "process", message=command, host=host, tags=[f"env:{env}", f"host:{host}"], process=process)
        for minute, command, host, env, process in seen
    ]
    assert values(monitor(1, query, "process alert"), events, [5]) == {"host:a": [2]}
    (note,) = [note for note in _notes(query, events) if note.name == "processes()"]
    assert note.approximation


def _notes(query: str, events: list[Event]) -> set[Any]:
    account = Account([monitor(1, query, "process alert")])
    return set(evaluate_at(account, Recording([], events), [5 * MINUTE]).monitors[1].notes)


@pytest.mark.parametrize(
    ("type", "query", "name"),
    [
        ("cost alert", 'formula("query1").last("7d").anomaly(direction="above", threshold=10) >= 5', "cost alert"),
        ("data-jobs alert", 'formula("failed_runs(run_query)").by(job_name).last(1h) > 0', "data-jobs alert"),
        ("data-quality alert", 'formula("query1").last("5m") > 100', "data-quality alert"),
        ("log alert", 'formula("query1").last("5m").change("relative") > 100', ".change()"),
    ],
)
def test_what_no_telemetry_has_is_refused_by_name(type: str, query: str, name: str) -> None:
    variables = [{"name": "query1", "data_source": "cost", "query": "sum:aws.cost{*}"}]
    with pytest.raises(Refused) as refused:
        values(monitor(1, query, type, variables=variables), [], [5])
    assert refused.value.name == name


HEADS = {
    "log alert": "logs",
    "trace-analytics alert": "trace-analytics",
    "rum alert": "rum",
    "event-v2 alert": "events",
    "event alert": "events",
    "error-tracking alert": "error-tracking",
    "ci-pipelines alert": "ci-pipelines",
    "ci-tests alert": "ci-tests",
    "audit alert": "audits",
    "database-monitoring alert": "database-monitoring",
    "network-performance alert": "network-performance",
    "network-path alert": "network-path",
    "llm-observability alert": "llm-observability",
    "process alert": "processes",
}
OTHERS = {
    "query alert": "avg(last_5m):avg:a{*} > 1",
    "metric alert": "avg(last_5m):avg:a{*} > 1",
    "service check": '"a.can_connect".over("*").by("host").last(2).count_by_status()',
    **dict.fromkeys(NOT_EVALUATED, 'formula("query1").last("1d") > 1'),
}
ELSEWHERE = {"composite", "slo alert", "synthetics alert"}
"""Types that need other definitions; the tests of an account have them."""


@pytest.mark.parametrize("type", sorted(MONITOR_TYPES - ELSEWHERE))
def test_every_type_of_the_api_is_evaluated_or_refused_by_name(type: str) -> None:
    query = OTHERS.get(type) or f'{HEADS[type]}("*").rollup("count").last("5m") > 1'
    definition = monitor(1, query, type)
    if type in NOT_EVALUATED:
        with pytest.raises(Refused, match=f"^{type}: "):
            values(definition, [], [5])
    else:
        assert evaluate_at(Account([definition]), Recording([]), [5 * MINUTE]).monitors[1].times.size == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [("a / c", "c"), ("robust_trend(a)", "robust_trend()"), ("clamp_min(a, b)", "clamp_min()")],
)
def test_a_formula_is_checked_before_it_is_evaluated(text: str, name: str) -> None:
    definition = formula(text, a=[], b=[])
    with pytest.raises(Refused) as refused:
        check_query(parse_monitor(definition), definition)
    assert refused.value.name == name
