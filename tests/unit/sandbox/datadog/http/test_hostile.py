"""Hostile requests: none gets status 500, a refused one stores nothing, and the server goes on."""

import json
import random
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.handlers import load_handlers
from firedrill.sandbox.datadog.http.routing import Operation, operations
from tests.unit.sandbox.datadog.conftest import KEYS

ORG = KEYS["DD-API-KEY"]
JUNK: list[Any] = [None, True, 0, -1, 1e308, "", "x" * 3000, "\x00", [], {}, [[]], [None], 10**30, {"type": None}]
CONTENTS = [
    b"{",
    b"\xff\xfe",
    b'{"a": NaN}',
    b"null",
    b"[]",
    b"{}",
    b"[{}]",
    b"7",
    b"[" * 50_000,
    b'{"data": []}',
    b'{"data": null}',
    b'{"data": {}}',
    b'{"data": [null]}',
    b'{"data": {"attributes": null}}',
    b'{"data": {"attributes": {}, "relationships": {"x": 1}}}',
    b'{"name": "\\ud800"}',
    b'{"a": ' + b"9" * 5000 + b"}",
]
PLACES = ["1", "-1", "abc", "%00", "%ff", "a%2Fb", "9" * 40, "..", "%F0%9F%98%80", "x y"]
QUERIES = ["page[size]", "page[limit]", "page[offset]", "page[number]", "query", "filter", "include", "sort", "force"]
VALUES = ["-1", "abc", "9" * 25, "", "\x00", "a" * 2000, "[", "(((", "status:x", "%"]
BODIES: dict[str, Any] = {
    "/api/v1/monitor": {
        "type": "query alert",
        "query": "avg(last_5m):avg:app.q{*} > 10",
        "options": {"thresholds": {}},
    },
    "/api/v1/dashboard": {
        "title": "t",
        "layout_type": "ordered",
        "widgets": [{"definition": {"type": "note", "content": "c"}}],
        "template_variables": [{"name": "env", "prefix": "env", "defaults": ["*"]}],
    },
    "/api/v1/slo": {
        "name": "s",
        "type": "metric",
        "query": {"numerator": "sum:a{*}.as_count()", "denominator": "sum:b{*}.as_count()"},
        "thresholds": [{"target": 99, "timeframe": "30d"}],
    },
    "/api/v2/team": {"data": {"type": "team", "attributes": {"name": "n", "handle": "h"}}},
    "/api/v2/downtime": {
        "data": {
            "type": "downtime",
            "attributes": {
                "scope": "env:x",
                "monitor_identifier": {"monitor_tags": ["*"]},
                "schedule": {"start": None},
            },
        }
    },
    "/api/v2/workflows": {
        "data": {
            "type": "workflows",
            "attributes": {
                "name": "w",
                "spec": {
                    "steps": [{"name": "A", "actionId": "x"}],
                    "triggers": [{"startStepNames": ["A"], "apiTrigger": {}}],
                },
            },
        }
    },
    "/api/v1/logs/config/pipelines": {
        "name": "p",
        "filter": {"query": "*"},
        "processors": [
            {"type": "grok-parser", "source": "message", "grok": {"support_rules": "", "match_rules": "r x"}}
        ],
    },
}


def mutated(value: Any, chance: random.Random) -> Any:
    """Return the value with parts replaced by junk or left out."""
    if chance.random() < 0.15:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        return {key: mutated(item, chance) for key, item in value.items() if chance.random() > 0.07}
    return [mutated(item, chance) for item in value] if isinstance(value, list) else value


def served_operations() -> list[Operation]:
    """Return all operations that have a handler."""
    served = load_handlers()
    return [operation for operation in operations() if operation.name in served]


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_no_hostile_request_gets_status_500(api: TestClient, directory: Directory, seed: int) -> None:
    api.get("/api/v1/monitor")  # an organisation has its people from its first request on
    stored = directory.store.kinds(ORG)
    chance, choices = random.Random(seed), served_operations()
    for _ in range(200):
        operation = chance.choice(choices)
        path = re.sub(r"\{[^}]*\}", lambda _: chance.choice(PLACES), operation.path)
        params = {chance.choice(QUERIES): chance.choice(VALUES)} if chance.random() < 0.4 else None
        content = chance.choice(CONTENTS)
        response = api.request(operation.method, path, params=params, content=content)
        assert response.status_code in (*range(200, 500), 501), (
            operation.name,
            path,
            params,
            content[:200],
            response.text,
        )
        now = directory.store.kinds(ORG)
        assert response.status_code < 400 or now == stored, (operation.name, path, content[:200])
        stored = now
    assert api.get("/-/health").status_code == 200


def test_good_bodies_with_bad_parts_never_get_status_500(api: TestClient) -> None:
    chance = random.Random(3)
    for _ in range(200):
        path, body = chance.choice(list(BODIES.items()))
        content = json.dumps(mutated(body, chance))
        response = api.post(path, content=content)
        assert response.status_code < 500, (path, content, response.text)
        created = response.json()
        identifier = (
            created.get("id") or (created.get("data") or {}).get("id")
            if isinstance(created.get("data"), dict)
            else None
        )
        if response.status_code < 300 and identifier:
            changed = api.request("PATCH" if "/v2/" in path else "PUT", f"{path}/{identifier}", content=content)
            assert changed.status_code < 500, (path, content, changed.text)
    for path in BODIES:
        assert api.get(path).status_code == 200, path
