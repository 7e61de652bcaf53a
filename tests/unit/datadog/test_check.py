"""Messages of Check about more than one value, as the published provider's libraries have them."""

from typing import Any

import pytest

from firedrill.datadog.published.check import faults, with_defaults
from firedrill.datadog.published.schema import schemas
from firedrill.provider.values import UNKNOWN

MONITOR = {"name": "n", "type": "log alert", "query": "q", "message": "m"}
DOWNTIME = {"scope": "env:prod", "monitorIdentifier": {"monitorTags": ["*"]}}
VARIABLE = {"name": "TOKEN", "value": "x"}
QUERY = {"dataSource": "cloud_cost", "query": "q", "name": "n", "aggregator": "sum"}
EVENTS = {"dataSource": "logs", "name": "n", "search": {"query": "*"}, "computes": [{"aggregation": "count"}]}


def found(kind: str, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    schema = next(schema for token, schema in schemas().items() if token.endswith(f":{kind}"))
    return faults(schema, with_defaults(schema, inputs))


@pytest.mark.parametrize(
    ("kind", "inputs", "reason", "place"),
    [
        (
            "Monitor",
            MONITOR | {"variables": {"eventQueries": [EVENTS, EVENTS | {"computes": []}]}},
            "Not enough list items. Attribute variables.0.event_query.1.compute requires 1 item minimum, "
            "but config has only 0 declared.",
            "variables.eventQueries[1].computes",
        ),
        (
            "Monitor",
            MONITOR | {"variables": {"cloudCostQueries": [QUERY] * 6}},
            "Too many list items. Attribute variables.0.cloud_cost_query supports 5 item maximum, "
            "but config has 6 declared.",
            "variables.cloudCostQueries",
        ),
        (
            "Monitor",
            MONITOR | {"variables": {"eventQueries": [EVENTS, EVENTS | {"computes": [{"aggregation": "x"}]}]}},
            "Invalid enum value",
            "variables.eventQueries[1].computes[0].aggregation",
        ),
        (
            "DowntimeSchedule",
            DOWNTIME | {"monitorIdentifier": {"monitorTags": ["*"], "monitorId": 1}},
            "Invalid Attribute Combination. 2 attributes specified when one (and only one) of "
            "[monitor_identifier.monitor_id.<.monitor_tags] is required",
            "monitorIdentifier.monitorId",
        ),
        (
            "DowntimeSchedule",
            DOWNTIME | {"monitorIdentifier": {}},
            "Invalid Attribute Combination. No attribute specified when one (and only one) of "
            "[monitor_identifier.monitor_id.<.monitor_tags] is required",
            "monitorIdentifier.monitorId",
        ),
        (
            "DowntimeSchedule",
            DOWNTIME | {"oneTimeSchedule": {}, "recurringSchedule": {"recurrences": []}},
            'Invalid Attribute Combination. Attribute "recurring_schedule" cannot be specified when '
            '"one_time_schedule" is specified',
            "oneTimeSchedule",
        ),
        (
            "SyntheticsGlobalVariable",
            VARIABLE | {"valueWo": "secret"},
            'Invalid Attribute Combination. Attribute "value_wo_version" must be specified when '
            '"value_wo" is specified',
            "valueWo",
        ),
        (
            "SyntheticsGlobalVariable",
            VARIABLE | {"valueWoVersion": "1"},
            'Invalid Attribute Combination. Attribute "value_wo" must be specified when '
            '"value_wo_version" is specified',
            "valueWoVersion",
        ),
    ],
)
def test_a_fault_has_its_reason_and_place(kind: str, inputs: dict[str, Any], reason: str, place: str) -> None:
    assert any(text.startswith(reason) and where == place for text, where in found(kind, inputs)), found(kind, inputs)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("Monitor", MONITOR | {"variables": {"cloudCostQueries": [QUERY] * 5}}),
        ("Monitor", MONITOR | {"variables": {"eventQueries": [EVENTS]}}),
        ("DowntimeSchedule", DOWNTIME),
        ("DowntimeSchedule", DOWNTIME | {"monitorIdentifier": {"monitorTags": ["*"], "monitorId": UNKNOWN}}),
        ("SyntheticsGlobalVariable", VARIABLE),
        ("SyntheticsGlobalVariable", {"name": "TOKEN", "valueWo": "x", "valueWoVersion": "1"}),
        ("SyntheticsGlobalVariable", VARIABLE | {"valueWo": UNKNOWN}),
    ],
)
def test_what_is_valid_or_not_known_yet_has_no_fault(kind: str, inputs: dict[str, Any]) -> None:
    assert found(kind, inputs) == []
