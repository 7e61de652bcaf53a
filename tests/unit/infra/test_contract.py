"""A query outside the telemetry contract is an error that underlines the place and offers the nearest name."""

import re
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra import contract
from infra.contract import enforce, faults, with_stand_in
from tests.unit.infra.recorder import Answers

CASES = sorted(Path(__file__).with_name("cases").glob("*.txt"))
SCOPE = "service:llm-api,env:local"


def read_case(case: Path) -> tuple[str, dict[str, Any], str]:
    """Return the kind, the properties as the engine receives them, and the message."""
    document, _, message = case.read_text().partition("\n---\n")
    resource = yaml.safe_load(document)
    return resource["kind"], resource["properties"], message.rstrip("\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_violation_has_its_place_its_reason_and_a_suggestion(case: Path) -> None:
    kind, properties, message = read_case(case)
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


def test_the_error_names_the_line_that_declares_the_resource() -> None:
    def refused() -> str:
        pulumi.runtime.set_mocks(Answers(), project="llm-api", stack="local")
        enforce()
        with pytest.raises(pulumi.RunError) as caught:
            exec(compile(PROGRAM, str(Path(contract.__file__).parents[1] / "example.py"), "exec"), {})
        return str(caught.value)

    assert copy_context().run(refused).splitlines() == [
        "LogsMetric 'throttled' in infra/example.py:3, filter.query: service/telemetry declares no log field "
        "'outcom' (did you mean outcome?)",
        "  service:llm-api @outcom:throttled",
        "                  ^^^^^^^",
    ]


def test_a_query_that_is_not_known_yet_is_not_checked() -> None:
    output = pulumi.Output.from_input("sum:llm.chat.csot{*}")
    assert list(faults("ServiceLevelObjective", {"query": {"numerator": output, "denominator": output}})) == []
    assert list(faults("Monitor", {"type": "query alert", "query": output})) == []


def test_a_query_with_ids_is_checked_by_its_stand_in() -> None:
    def refused() -> str:
        pulumi.runtime.set_mocks(Answers(), project="llm-api", stack="local")
        enforce()
        query = with_stand_in(pulumi.Output.from_input("1 && 2"), "avg(last_5m):avg:llm.chat.csot{*} > 1")
        with pytest.raises(pulumi.RunError) as caught:
            pulumi.CustomResource("datadog:index/monitor:Monitor", "chat-slow", {"type": "query alert", "query": query})
        return str(caught.value)

    message = copy_context().run(refused)
    assert re.match(
        r"Monitor 'chat-slow' in infra/observability/alerts/chat\.py:\d+, query: .*'llm\.chat\.csot'", message
    )


@pytest.mark.parametrize(
    ("monitor_type", "query"),
    [
        ("query alert", f"avg(last_5m):p99:llm.chat.latency{{{SCOPE},outcome:ok}} by {{model,version}} > 1"),
        (
            "log alert",
            'logs("service:llm-api @outcome:(throttled OR timeout) -@error.kind:*Timeout @duration_seconds:>4")'
            '.index("*").rollup("count").last("5m") > 1',
        ),
        ("slo alert", 'burn_rate("abc").over("30d").long_window("1h").short_window("5m") > 14.4'),
        (
            "trace-analytics alert",
            'trace-analytics("service:llm-api operation_name:flask.request @http.status_code:>499")'
            '.rollup("pc95", "@duration").by("resource_name").last("5m") > 1',
        ),
        (
            "llm-observability alert",
            'llm-observability("@ml_app:llm-api @evaluations.custom.faithful:<0.5").rollup("count").last("2h") > 0',
        ),
        ("event-v2 alert", 'events("source:watchdog story_category:apm").rollup("count").last("30m") > 0'),
    ],
)
def test_a_declared_name_passes(monitor_type: str, query: str) -> None:
    assert list(faults("Monitor", {"type": monitor_type, "query": query})) == []
