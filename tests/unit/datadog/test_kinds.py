"""Every kind of the table: read after create finds no drift, and an edit through the API is named."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firedrill.datadog.mapping.kind import DatadogKind
from firedrill.datadog.mapping.objects import Property, get, put
from firedrill.datadog.provider import provider
from firedrill.datadog.published.plan import recomputed
from firedrill.datadog.published.schema import schemas
from firedrill.provider.resource import PartialFailure, ProviderError, ResourceCall, TableProvider
from firedrill.provider.values import UNKNOWN, Properties, without_defaults
from tests.unit.datadog.account import MemoryAccount

Json = Any
NESTED = ("OnCall", "SensitiveDataScanner", "RestrictionQuery", "Order", "CostBudget", "DeploymentGate", "Catalog")
"""Kinds whose answers have another form than their requests: the tests against the sandbox's API cover them."""
NESTED_TOO = (
    "ServiceDefinition",
    "ConcurrencyCap",
    "MetricMetadata",
    "MetricTag",
    "PrivateLocation",
    "TeamSync",
    "DashboardList",
    "OrgConnection",
)


def examples() -> Iterator[Any]:
    seen = set()
    kinds = provider().kinds
    for line in (Path(__file__).parent / "wire.jsonl").read_text().splitlines():
        for resource in json.loads(line)["resources"]:
            token = resource["type"]
            is_mapped = isinstance(kinds.get(token), DatadogKind)
            if is_mapped and token not in seen and not any(part in token for part in (*NESTED, *NESTED_TOO)):
                seen.add(token)
                yield pytest.param(token, resource["inputs"], id=token.split(":")[-1])


@pytest.fixture
def account() -> MemoryAccount:
    return MemoryAccount()


@pytest.fixture
def table(account: MemoryAccount) -> TableProvider:
    return provider(account.client)


def call(token: str, preview: bool = False) -> ResourceCall:
    return ResourceCall(f"urn:pulumi:s::p::{token}::it", preview)


def refreshed(kind: DatadogKind, token: str, id: str, inputs: Properties, state: Properties) -> dict[str, str]:
    """Return what a refresh reports: the changes from the actual inputs to the declared ones."""
    actual = kind.read(call(token), id, inputs, state)
    assert actual is not None
    return dict(kind.diff(call(token, preview=True), id, actual[0], actual[1], inputs).changes)


@pytest.mark.parametrize(("token", "inputs"), list(examples()))
def test_a_refresh_after_a_create_finds_nothing(table: TableProvider, token: str, inputs: Properties) -> None:
    kind = table.kinds[token]
    assert isinstance(kind, DatadogKind)
    id, state = kind.create(call(token), inputs)

    assert refreshed(kind, token, id, inputs, state) == {}


def edited(value: Json) -> Json:
    """Another value of the same type, None when there is none to think of."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list() if value and all(isinstance(item, str) for item in value):
            return [*value, "added"]
        case list() if value:
            return [edited(value[0]), *value[1:]] if edited(value[0]) is not None else None
        case dict():
            key = next((key for key, item in value.items() if key != "type" and edited(item) is not None), None)
            return None if key is None else {**value, key: edited(value[key])}
    return None


def editable(kind: DatadogKind, inputs: Properties) -> Iterator[Property]:
    for field in kind.schema.properties:
        if field.name in inputs and not (field.output or field.local or field.write_only or field.name == "tags"):
            yield field


@pytest.mark.parametrize(("token", "inputs"), list(examples()))
def test_each_edit_through_the_api_is_named(
    table: TableProvider, account: MemoryAccount, token: str, inputs: Properties
) -> None:
    kind = table.kinds[token]
    assert isinstance(kind, DatadogKind)
    id, state = kind.create(call(token), inputs)
    [(path, stored)] = [(path, resource) for path, resource in account.objects.items() if path.endswith(f"/{id}")]
    named = []
    for field in editable(kind, inputs):
        place = kind.schema.keys_of(field)
        value = edited(get(stored, place))
        if value is not None:
            account.objects[path] = copy.deepcopy(stored)
            put(account.objects[path], place, value)
            changes = refreshed(kind, token, id, inputs, state)
            changed = {change.split("[")[0].split(".")[0] for change in changes}
            assert field.name in changed <= {field.name} | recomputed(schemas()[token], inputs)
            named.append(field.name)

    assert named or token.endswith(("DashboardJson", "Dataset"))


MONITOR = "datadog:index/monitor:Monitor"
INPUTS = {"name": "m", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 4", "message": "hi"}


def test_a_preview_validates_a_monitor(table: TableProvider, account: MemoryAccount) -> None:
    table.kinds[MONITOR].create(call(MONITOR, preview=True), dict(INPUTS))

    assert account.requests == ["POST /api/v1/monitor/validate"]


def test_a_preview_skips_a_query_that_is_not_known_yet(table: TableProvider, account: MemoryAccount) -> None:
    _, state = table.kinds[MONITOR].create(call(MONITOR, preview=True), {**INPUTS, "query": UNKNOWN})

    assert account.requests == []
    assert state["query"] is UNKNOWN


def test_a_program_may_switch_validation_off(table: TableProvider, account: MemoryAccount) -> None:
    table.kinds[MONITOR].create(call(MONITOR, preview=True), {**INPUTS, "validate": False})

    assert account.requests == []


def test_a_missing_property_is_named(table: TableProvider) -> None:
    _, failures = table.kinds[MONITOR].check(call(MONITOR), {"name": "m", "type": "query alert", "query": "q"}, {})

    assert [failure.reason for failure in failures] == [
        'Missing required argument. The argument "message" is required, but no definition was found.. '
        "Examine values at 'it.message'."
    ]


def test_text_that_is_not_json_is_a_failure(table: TableProvider) -> None:
    kind = table.kinds["datadog:index/dashboardJson:DashboardJson"]
    _, failures = kind.check(call("datadog:index/dashboardJson:DashboardJson"), {"dashboard": "{"}, {})

    assert len(failures) == 1
    assert "invalid JSON" in failures[0].reason


def test_a_type_change_replaces_a_monitor(table: TableProvider) -> None:
    actual = table.kinds[MONITOR].diff(call(MONITOR, preview=True), "1", INPUTS, {}, {**INPUTS, "type": "log alert"})

    assert actual.replaces == {"type"}


def test_what_follows_a_create_and_fails_keeps_the_resource(table: TableProvider, account: MemoryAccount) -> None:
    kind = table.kinds["datadog:index/incidentType:IncidentType"]
    second = "PATCH /api/v2/incidents/config/types/00000000-0000-0000-0000-000000000101"
    account.refuse[second] = (403, {"errors": ["Forbidden"]})

    with pytest.raises(PartialFailure, match=f"{second} answered 403: Forbidden") as failure:
        inputs = {"name": "n", "configuration": {"allowWorkflows": True}}
        kind.create(call("datadog:index/incidentType:IncidentType"), inputs)

    assert failure.value.id in next(iter(account.objects))


def test_an_answer_that_cannot_be_read_keeps_the_resource(table: TableProvider, account: MemoryAccount) -> None:
    token = "datadog:index/onCallSchedule:OnCallSchedule"
    kind = table.kinds[token]
    account.answers["/api/v2/on-call/schedules"] = {"layers": 5}

    with pytest.raises(PartialFailure, match="the answer is not as expected"):
        kind.create(call(token), {"name": "s", "timeZone": "UTC", "layers": []})
    assert len(account.objects) == 1


def test_an_unknown_kind_says_what_to_do(table: TableProvider) -> None:
    with pytest.raises(ProviderError, match="has no resource kind datadog:index/nothing:Nothing: the sandbox does not"):
        table.kind(call("datadog:index/nothing:Nothing"))


def test_a_deleted_resource_is_gone_and_deleting_it_again_is_fine(table: TableProvider) -> None:
    kind = table.kinds[MONITOR]
    id, state = kind.create(call(MONITOR), dict(INPUTS))
    kind.delete(call(MONITOR), id, dict(INPUTS), state)

    assert kind.read(call(MONITOR), id, dict(INPUTS), state) is None
    kind.delete(call(MONITOR), id, dict(INPUTS), state)


def test_an_import_reads_what_was_declared(table: TableProvider) -> None:
    kind = table.kinds[MONITOR]
    declared = {**INPUTS, "monitorThresholds": {"critical": "4"}, "tags": ["a:b"], "renotifyInterval": 10}
    id, _ = kind.create(call(MONITOR), declared)

    actual = kind.read(call(MONITOR), id, {}, {})

    assert actual is not None
    assert without_defaults(actual[0]) == declared
