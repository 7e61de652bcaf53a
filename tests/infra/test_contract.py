"""A query on what the service does not emit is an error that underlines the place and offers the nearest name."""

from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra import contract
from infra.contract import check_query, checked_log_search, checked_metric_query, enforce, faults
from tests.infra.recorder import Answers

CASES = sorted(Path(__file__).with_name("cases").glob("*.txt"))
SCOPE = "service:llm-api,env:local"


def read(case: Path) -> tuple[str, dict[str, Any], str]:
    """The kind, the properties as the engine receives them, and the message."""
    given, _, message = case.read_text().partition("\n---\n")
    resource = yaml.safe_load(given)
    return resource["kind"], resource["properties"], message.rstrip("\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_violation_says_what_where_and_the_right_name(case: Path) -> None:
    kind, properties, message = read(case)
    assert [f"{place}: {error}" for place, error in faults(kind, properties)] == [message]


def test_each_kind_of_violation_has_its_case_in_each_kind_of_resource() -> None:
    names = {case.stem for case in CASES}
    for resource in ("monitor", "slo", "dashboard"):
        for violation in ("metric-misspelt", "tag-unknown", "tag-value-unknown", "aggregation-wrong"):
            assert f"{resource}-{violation}" in names
    for resource in ("monitor-log", "dashboard-log", "log-metric"):
        assert {f"{resource}-field-unknown", f"{resource}-measure-wrong"} <= names
    assert {"monitor-span-unknown", "dashboard-span-unknown", "span-metric-span-unknown"} <= names


PROGRAM = """
import pulumi
pulumi.CustomResource("datadog:index/logsMetric:LogsMetric", "throttled", {
    "name": "llm.logs.throttled", "compute": {"aggregation_type": "count"},
    "filter": {"query": "service:llm-api @outcom:throttled"}, "group_bies": [{"path": "@model"}],
})
"""


def test_the_program_is_refused_at_the_line_that_declares_it() -> None:
    def refused() -> str:
        pulumi.runtime.set_mocks(Answers(), project="llm-api", stack="local")
        enforce()
        with pytest.raises(pulumi.RunError) as caught:
            exec(compile(PROGRAM, str(Path(contract.__file__).parents[1] / "example.py"), "exec"), {})
        return str(caught.value)

    assert copy_context().run(refused).splitlines() == [
        "LogsMetric 'throttled' in infra/example.py:3, filter.query: service/telemetry.py declares no log field "
        "'outcom' (did you mean outcome?)",
        "  service:llm-api @outcom:throttled",
        "                  ^^^^^^^",
    ]


def test_what_is_not_known_yet_is_not_judged() -> None:
    output = pulumi.Output.from_input("sum:llm.chat.csot{*}")
    assert list(faults("ServiceLevelObjective", {"query": {"numerator": output, "denominator": output}})) == []
    assert list(faults("Monitor", {"type": "query alert", "query": output})) == []


@pytest.mark.parametrize("check", [checked_metric_query, checked_log_search])
def test_a_program_may_ask_for_one_query(check: Callable[[str, str], str]) -> None:
    with pytest.raises(pulumi.RunError, match=r"^alert 'x' in infra/monitors.py: "):
        check("sum:llm.chat.csot{*} @outcom:ok", "alert 'x' in infra/monitors.py")


def test_what_is_declared_passes() -> None:
    checked_metric_query(f"p99:llm.chat.latency{{{SCOPE},outcome:ok}} by {{model,version}}")
    checked_metric_query("sum:llm.chat.requests{service:llm-api AND NOT outcome:caller_error}.as_count()")
    checked_log_search("service:llm-api @outcome:(throttled OR timeout) -@error.kind:*Timeout @duration_seconds:>4")
    check_query("slo alert", 'burn_rate("abc").over("30d").long_window("1h").short_window("5m") > 14.4', "x")
    spans = 'trace-analytics("service:llm-api operation_name:flask.request @http.status_code:>499")'
    check_query("trace-analytics alert", spans + '.rollup("pc95", "@duration").by("resource_name").last("5m") > 1', "x")
    answers = 'llm-observability("@ml_app:llm-api @evaluations.custom.faithful:<0.5")'
    check_query("llm-observability alert", answers + '.rollup("count").last("2h") > 0', "x")
    check_query("event-v2 alert", 'events("source:watchdog story_category:apm").rollup("count").last("30m") > 0', "x")
