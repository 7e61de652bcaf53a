"""Monitors of any account are read from the exports of its tools."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from firedrill.cli.main import app
from firedrill.prove.collect import CollectError
from firedrill.prove.findings import findings
from firedrill.prove.monitor_file import from_file
from firedrill.scenario.definitions import Definitions

QUERY = "avg(last_5m):avg:system.load.1{env:prod} by {host} > 4"
INPUTS = {"name": "load", "type": "query alert", "query": QUERY, "message": "@a"}
API_RESPONSE = [INPUTS | {"id": 1, "options": {"thresholds": {"critical": 4}}}]
TERRAFORM_RESOURCE = {
    "address": "module.a.datadog_monitor.load",
    "type": "datadog_monitor",
    "mode": "managed",
    "values": INPUTS | {"monitor_thresholds": [{"critical": "4"}]},
}
TERRAFORM_PLAN = {"planned_values": {"root_module": {"child_modules": [{"resources": [TERRAFORM_RESOURCE]}]}}}
PULUMI_RESOURCE = {
    "type": "datadog:index/monitor:Monitor",
    "urn": "urn:pulumi:s::p::t::load",
    "id": "1",
    "inputs": INPUTS | {"monitorThresholds": {"critical": "4"}},
}
PULUMI_STATE = {"deployment": {"resources": [PULUMI_RESOURCE]}}


@pytest.mark.parametrize("content", [API_RESPONSE, TERRAFORM_PLAN, PULUMI_STATE], ids=["api", "terraform", "pulumi"])
def test_every_format_gives_the_same_monitor(content: object, tmp_path: Path) -> None:
    path = tmp_path / "monitors.json"
    path.write_text(json.dumps(content))
    (monitor,) = from_file(path).account.monitors
    assert (monitor["query"], monitor["message"]) == (QUERY, "@a")
    assert monitor["options"]["thresholds"] == {"critical": 4}


def test_a_file_without_monitors_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]")
    with pytest.raises(CollectError, match=r"x\.json has no monitors"):
        from_file(path)


def test_a_query_that_cannot_be_parsed_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "monitors.json"
    query = "avg(last_5m):avg:a{*} > avg(last_1h):avg:a{*} * 1.5"
    path.write_text(json.dumps([{"id": 1, "name": "m", "type": "query alert", "query": query, "message": ""}]))
    result = CliRunner().invoke(app, ["prove", "--monitors", str(path)])
    assert result.exit_code == 1
    assert "not-a-query" in result.output


@pytest.mark.parametrize(
    ("type", "query", "reason"),
    [
        ("query alert", "avg(last_5m):robust_trend(avg:a{*}) > 1", "robust_trend()"),
        ("query alert", "avg(last_5m):sum:a{*}.weighted() > 1", ".weighted()"),
        ("cost alert", 'formula("query1").last("7d").anomaly(direction="above", threshold=10) >= 5', "cost alert"),
    ],
)
def test_a_monitor_that_is_not_evaluated_fails_the_proof_by_name(
    type: str, query: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "monitors.json"
    path.write_text(json.dumps([{"id": 1, "name": "m", "type": type, "query": query, "message": ""}]))
    result = CliRunner().invoke(app, ["prove", "--monitors", str(path)])
    assert result.exit_code == 1
    assert f"refused  m: {reason}" in result.output


# --- as people have them


def read(content: object, tmp_path: Path) -> Definitions:
    """Return the definitions in a file with this content."""
    path = tmp_path / "monitors.json"
    path.write_text(json.dumps(content))
    return from_file(path)


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:xyz"}
SHOWN_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"@shown"'}
OPTIONS = {
    "thresholds": {"critical": "4", "warning": None, "comparison": ">", "period": {"seconds": 300}},
    "threshold_windows": None,
    "locked": None,
    "renotify_interval": "0",
    "notify_no_data": "false",
    "no_data_timeframe": "20",
}


def test_texts_for_numbers_nulls_and_the_notes_of_pages_are_read(tmp_path: Path) -> None:
    (monitor,) = read([INPUTS | {"id": None, "message": None, "options": OPTIONS}], tmp_path).account.monitors
    assert monitor["options"] == {
        "thresholds": {"critical": 4},
        "renotify_interval": 0,
        "notify_no_data": False,
        "no_data_timeframe": 20,
    }
    assert (monitor["id"], monitor["message"]) == (1, "")


def test_what_cannot_be_read_is_a_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    contents = [None, {"name": "a"}, INPUTS | {"name": "b", "options": {"thresholds": {"critical": "much"}}}, INPUTS]
    definitions = read(contents, tmp_path)
    assert [monitor["name"] for monitor in definitions.account.monitors] == ["load"]
    assert [unread.name for unread in definitions.unread] == ["monitor 1 of the file", "a", "b"]
    result = CliRunner().invoke(app, ["prove", "--monitors", str(tmp_path / "monitors.json")])
    assert result.exit_code == 1
    assert "b: its options.thresholds.critical is 'much'" in result.output


def test_two_monitors_of_one_name_or_id_keep_their_own(tmp_path: Path) -> None:
    definitions = read([INPUTS | {"id": 7}, INPUTS | {"id": 7}, INPUTS | {"id": None}, INPUTS | {"name": ""}], tmp_path)
    monitors = definitions.account.monitors
    assert len({str(monitor["id"]) for monitor in monitors}) == 4
    assert len({definitions.alert(monitor) for monitor in monitors}) == 4
    assert monitors[0]["id"] == 7


def test_a_terraform_plan_with_every_block_is_read(tmp_path: Path) -> None:
    formula = {
        "name": "ratio", "type": "log alert", "query": 'formula("a").last("5m") > 1', "message": "m",
        "notify_by": ["env"], "monitor_thresholds": [{"critical": "1", "warning": None}],
        "variables": [{"event_query": [{
            "data_source": "logs", "name": "a", "indexes": ["*"], "search": [{"query": "status:error"}],
            "compute": [{"aggregation": "count", "interval": None, "metric": None}],
            "group_by": [{"facet": "env", "limit": 10, "sort": []}],
        }]}],
        "scheduling_options": [{"custom_schedule": [{"recurrence": [{"rrule": "FREQ=DAILY", "timezone": "UTC"}]}],
                                "evaluation_window": []}],
    }  # fmt: skip
    slo = {
        "name": "fast", "type": "time_slice", "thresholds": [{"timeframe": "7d", "target": 99}],
        "sli_specification": [{"time_slice": [{
            "comparator": "<", "threshold": 5, "query_interval_seconds": 300,
            "query": [{"formula": [{"formula_expression": "q"}],
                       "query": [{"metric_query": [{"name": "q", "query": "avg:a{*}", "data_source": "metrics"}]}]}],
        }]}],
    }  # fmt: skip
    resources = [
        {"address": "datadog_monitor.ratio", "type": "datadog_monitor", "values": formula},
        {"address": "datadog_monitor.both", "type": "datadog_monitor", "values": {"name": "b", "type": "composite"}},
        {
            "address": "datadog_monitor_json.j",
            "type": "datadog_monitor_json",
            "values": {"monitor": json.dumps(INPUTS)},
        },
        {"address": "s", "type": "datadog_service_level_objective", "values": slo},
    ]
    change = {"after_unknown": {"id": True, "query": True}}
    plan = {
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [{"address": "datadog_monitor.both", "change": change}],
    }
    definitions = read(plan, tmp_path)
    ratio, by_json = definitions.account.monitors
    assert by_json["query"] == QUERY
    assert ratio["options"]["notify_by"] == ["env"]
    (variable,) = ratio["options"]["variables"]
    assert variable["search"] == {"query": "status:error"}
    assert variable["compute"] == {"aggregation": "count"}
    assert variable["group_by"] == [{"facet": "env", "limit": 10}]
    recurrences = ratio["options"]["scheduling_options"]["custom_schedule"]["recurrences"]
    assert recurrences == [{"rrule": "FREQ=DAILY", "timezone": "UTC"}]
    (read_slo,) = definitions.account.slos
    assert read_slo["sli_specification"]["time_slice"]["query"]["formulas"] == [{"formula": "q"}]
    assert [str(unread.name) for unread in definitions.unread] == ["datadog_monitor.both"]
    assert "query" in definitions.unread[0].reason


def test_a_pulumi_state_with_secrets_and_monitors_in_json_is_read(tmp_path: Path) -> None:
    def resource(name: str, kind: str, inputs: object) -> dict[str, object]:
        return {"type": f"datadog:index/{kind}", "urn": f"urn:pulumi:s::p::t::{name}", "id": name, "inputs": inputs}

    resources = [
        resource("secret", "monitor:Monitor", INPUTS | {"message": SECRET}),
        resource("shown", "monitor:Monitor", INPUTS | {"message": SHOWN_SECRET}),
        resource("json", "monitorJson:MonitorJson", {"monitor": json.dumps(INPUTS), "__defaults": []}),
        resource("broken", "monitorJson:MonitorJson", {"monitor": "{"}),
        resource("unknown", "monitor:Monitor", INPUTS | {"query": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
    ]
    definitions = read({"deployment": {"resources": resources}}, tmp_path)
    messages = {definitions.alert(monitor): monitor["message"] for monitor in definitions.account.monitors}
    assert messages == {"secret": "", "shown": "@shown", "json": "@a"}
    assert [unread.name for unread in definitions.unread] == ["secret", "broken", "unknown"]


# Property: whatever becomes of one member of a real form, the other monitor is read, and nothing ends in a traceback.

REPLACEMENTS: list[Any] = [None, "", "4", "text", 4, -1.5, True, [], [None], ["a"], {}, {"a": None}, SECRET,
                SHOWN_SECRET, "04da6b54-80e4-46f7-96ec-b56ff0331ba9", [[{}]], 1e400]  # fmt: skip
REMOVED = object()


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member and item below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def replaced(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    """Return a copy of a value with another one at a path."""
    if not path:
        return new
    copy = value.copy()
    if len(path) == 1 and new is REMOVED:
        del copy[path[0]]
    else:
        copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


FULL = INPUTS | {"tags": ["a:b"], "priority": 2, "options": OPTIONS | {"variables": [
    {"name": "a", "data_source": "logs", "search": {"query": "x"}, "compute": {"aggregation": "count"},
     "group_by": [{"facet": "env"}]}], "notify_by": ["host"], "escalation_message": "e"}}  # fmt: skip
MUTATED = {"api": [FULL, INPUTS | {"id": 9}], "terraform": TERRAFORM_PLAN, "pulumi": PULUMI_STATE}


@pytest.mark.parametrize("form", list(MUTATED))
def test_no_mutation_of_a_form_ends_in_a_traceback(form: str, tmp_path: Path) -> None:
    content: Any = MUTATED[form]
    count = 0
    for path in places(content):
        for new in [*REPLACEMENTS, REMOVED]:
            count += 1
            try:
                definitions = read(replaced(content, path, new), tmp_path)
            except CollectError as error:
                assert "monitors" in str(error)
                continue
            findings(definitions, None)
            if form == "api" and path[0] != 1 and len(path) > 1:
                assert any(monitor["id"] == 9 for monitor in definitions.account.monitors), path
    assert count > 200
