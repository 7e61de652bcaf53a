"""`firedrill import` writes declarations that the SDK accepts."""

import ast
import inspect
from typing import Any

import pulumi_datadog
import pytest

from firedrill.delivery.import_objects import CLASSES, AccountObject, python_module
from tests.unit.datadog.account import MemoryAccount

OBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "Monitor": (
        "/api/v1/monitor",
        {
            "name": "slow", "type": "query alert", "query": "avg(last_5m):avg:queue.length{*} > 5", "message": "Slow.",
            "tags": ["team:checkout"], "options": {"thresholds": {"critical": 5, "warning": 2.5}},
        },
    ),
    "ServiceLevelObjective": (
        "/api/v1/slo",
        {
            "name": "sells", "type": "metric", "tags": ["team:checkout"],
            "query": {"numerator": "sum:good{*}.as_count()", "denominator": "sum:all{*}.as_count()"},
            "thresholds": [{"timeframe": "30d", "target": 99.0}],
        },
    ),
    "DashboardJson": (
        "/api/v1/dashboard",
        {
            "title": "Shop", "layout_type": "ordered", "tags": ["team:checkout"],
            "widgets": [{"definition": {"type": "note", "content": "Shop"}}],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_a_declaration_has_only_arguments_that_the_sdk_knows(name: str) -> None:
    path, body = OBJECTS[name]
    client = MemoryAccount().client
    created = client.call(f"POST {path}", body)
    identifier = str((created["data"][0] if "data" in created else created)["id"])
    [type] = [type for type, cls in CLASSES.items() if cls == name]
    module = ast.parse(python_module(client, [AccountObject(type, identifier, "Shop")], "team:checkout"))
    [call] = [statement.value for statement in module.body if isinstance(statement, ast.Expr)][1:]
    assert isinstance(call, ast.Call)
    known = inspect.signature(getattr(pulumi_datadog, name)._internal_init).parameters
    given = [keyword.arg for keyword in call.keywords]
    assert given
    assert [argument for argument in given if argument not in known] == []
    strings = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    assert "__defaults" not in strings


def test_an_objective_with_a_query_and_its_specification_is_declared_by_the_specification() -> None:
    path, body = OBJECTS["ServiceLevelObjective"]
    query = {"data_source": "metrics", "name": "good", "query": "sum:good{*}.as_count()"}
    count = {
        "queries": [query],
        "good_events_formula": {"formula": "good"},
        "total_events_formula": {"formula": "good"},
    }
    client = MemoryAccount().client
    created = client.call(f"POST {path}", {**body, "sli_specification": {"count": count}})
    [type] = [type for type, cls in CLASSES.items() if cls == "ServiceLevelObjective"]
    text = python_module(client, [AccountObject(type, created["data"][0]["id"], "Shop")], "team:checkout")
    assert "    sli_specification=" in text
    assert "    query=" not in text
