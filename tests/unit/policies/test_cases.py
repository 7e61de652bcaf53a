"""Each policy passes its passing case, reports its failing case, and reports unknown values as not checked."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import proxy

from policies import documentation
from policies.pack import violations
from policies.policy import POLICIES, NotChecked, Resource, Settings, Stack
from tests.unit.policies.cases import FOLDER, INPUTS, SETTINGS, Inputs, as_checked, as_written, read_case, stack
from tests.unit.policies.check_defaults import DEFAULTS, check

NAMES = list(POLICIES)


def messages_of(policy: str, stack: Stack) -> list[str]:
    """Return a policy's messages, without what could not be checked."""
    messages: list[str] = []
    with suppress(NotChecked):
        for _, message in violations(POLICIES[policy], stack.resources, stack):
            messages.append(message)
    return messages


def test_every_policy_has_its_cases_and_nothing_else_has() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(NAMES)
    assert {path.name for path in FOLDER.rglob("*.yaml")} == {"passes.yaml", "fails.yaml"}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("policy", NAMES)
def test_the_passing_case_passes(policy: str, inputs: Inputs) -> None:
    case = stack(read_case(policy, "passes").resources, inputs=inputs)
    assert list(violations(POLICIES[policy], case.resources, case)) == []


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("policy", NAMES)
def test_the_failing_case_fails_with_the_fix(policy: str, inputs: Inputs) -> None:
    case = read_case(policy, "fails")
    messages = messages_of(policy, stack(case.resources, inputs=inputs))
    assert case.expect
    assert any(case.expect in message for message in messages), messages


@pytest.mark.parametrize("policy", NAMES)
@pytest.mark.parametrize("kind", ["passes", "fails"])
def test_what_check_adds_changes_no_message(policy: str, kind: str) -> None:
    resources = read_case(policy, kind).resources
    assert messages_of(policy, stack(resources, inputs=as_checked)) == messages_of(policy, stack(resources))


CALLS = [json.loads(line) for line in Path(__file__).with_name("check_calls.jsonl").read_text().splitlines()]
"""Calls of Check, recorded from the published plugin: at least one for each default that it added."""


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call["type"].rpartition(":")[2])
def test_the_table_of_check_is_what_the_plugin_returned(call: dict[str, Any]) -> None:
    assert in_one_order(check(call["type"], call["news"])) == in_one_order(call["checked"])


def in_one_order(value: Any) -> Any:
    """Return an answer of Check with sorted notes: the plugin keeps no order in them."""
    if isinstance(value, list):
        return [in_one_order(item) for item in value]
    if isinstance(value, dict):
        return {name: sorted(item) if name == DEFAULTS else in_one_order(item) for name, item in value.items()}
    return value


def messages_on(policy: str, inputs: Inputs, **properties: Any) -> list[str]:
    """Return a policy's messages on a monitor."""
    return messages_of(
        policy, stack([{"kind": "datadog:Monitor", "name": "m", "properties": properties}], inputs=inputs)
    )


METRIC_QUERY = {"type": "query alert", "query": "avg(last_10m):avg:app.latency{env:prod} > 5"}


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_timeframe_that_only_the_provider_states_is_no_contradiction(inputs: Inputs) -> None:
    budget = {"type": "slo alert", "query": 'burn_rate("7").over("30d").long_window("1h").short_window("5m") > 14.4'}
    assert messages_on("monitor-missing-data-consistent", inputs, **budget) == []
    [message] = messages_on("monitor-missing-data-consistent", inputs, **budget, noDataTimeframe=30)
    assert "it has no effect" in message


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_providers_timeframe_is_what_a_notification_waits_for(inputs: Inputs) -> None:
    [message] = messages_on("monitor-missing-data-consistent", inputs, **METRIC_QUERY, notifyNoData=True)
    assert "Set noDataTimeframe to 20 or more" in message


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_count_never_requires_a_full_window(inputs: Inputs) -> None:
    count = METRIC_QUERY | {"query": "sum(last_10m):sum:app.errors{env:prod}.as_count() > 5"}
    assert messages_on("monitor-full-window-stated", inputs, **count)
    assert messages_on("monitor-full-window-stated", inputs, **count, requireFullWindow=True)
    assert messages_on("monitor-full-window-stated", inputs, **count, requireFullWindow=False) == []
    assert messages_on("monitor-full-window-stated", inputs, **METRIC_QUERY, requireFullWindow=True) == []


def test_a_program_states_whether_a_full_window_is_required() -> None:
    assert messages_on("monitor-full-window-stated", as_written, **METRIC_QUERY)


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_log_index_states_that_its_limit_is_on(inputs: Inputs) -> None:
    [index] = read_case("log-index-bounded", "passes").resources
    del index["properties"]["disableDailyLimit"]
    [message] = messages_of("log-index-bounded", stack([index], inputs=inputs))
    assert message.startswith("Set disableDailyLimit to false")


def test_lists_of_the_engine_are_checked_against_the_contract() -> None:
    index = {"filters": [{"query": "service:llm-api @outcom:throttled"}]}
    subject = stack([{"kind": "datadog:LogsIndex", "name": "i", "properties": index}], inputs=as_checked)
    assert messages_of("search-in-contract", subject)


def test_members_of_the_engine_and_the_bridge_are_none_of_the_resource() -> None:
    noted = {"__internal": {}, "members": {DEFAULTS: ["added"], "added": 1, "own": 2}, "list": [{DEFAULTS: []}]}
    resource = Resource("datadog:index/monitor:Monitor", "m", proxy.unknown_checking_proxy(noted))
    assert list(resource.properties) == ["members", "list"]
    assert dict(resource.get("members")) == {"added": 1, "own": 2}
    assert [dict(item) for item in resource.get_list("list")] == [{}]


def with_unknown_values(resource: Resource) -> Resource:
    """Return a resource with every value unknown, as before its first deployment. The engine still knows the links."""
    unknown = dict.fromkeys(resource.properties, proxy.UNKNOWN_STRING_VALUE)
    return Resource(
        resource.type, resource.name, proxy.unknown_checking_proxy(unknown), resource.urn, dict(resource.links)
    )


CHECK_PRESENCE = {"run-own-account", "log-index-and-archive", "slo-has-an-alert", "log-line-without-text-of-people"}
"""Policies that check whether something is declared, which a preview knows."""


@pytest.mark.parametrize("policy", [name for name in NAMES if name not in CHECK_PRESENCE])
@pytest.mark.parametrize("kind", ["passes", "fails"])
def test_unknown_values_are_not_checked_and_do_not_pass(policy: str, kind: str) -> None:
    case = stack(read_case(policy, kind).resources)
    rule = POLICIES[policy]
    resources = [
        with_unknown_values(resource) if rule.applies_to(resource) and resource.properties else resource
        for resource in case.resources
    ]
    subject = Stack(resources, SETTINGS)
    try:
        messages = [message for _, message in violations(rule, resources, subject)]
    except NotChecked as error:
        assert "not checked" in error.message
    else:
        assert messages, "an unknown value passed"


@pytest.mark.parametrize("policy", NAMES)
def test_a_policy_has_a_description_a_defect_and_a_link(policy: str) -> None:
    rule = POLICIES[policy]
    assert len(rule.prevents) > 60
    assert rule.link.startswith("https://")
    assert rule.description.endswith(".")
    assert rule.check.__doc__


def exempt(reason: Mapping[str, Any]) -> Settings:
    return Settings(exempt=({"policy": "slo-has-an-alert", "resource": "answers", **reason},))


def test_an_exemption_needs_a_reason() -> None:
    resources = read_case("slo-has-an-alert", "fails").resources
    assert messages_of("slo-has-an-alert", stack(resources, exempt({"because": "it is reviewed by hand"}))) == []
    assert messages_of("slo-has-an-alert", stack(resources, exempt({}))) != []
    assert messages_of("slo-has-an-alert", stack(resources, exempt({"because": " "}))) != []


def test_policies_that_need_the_contract_are_off_without_one() -> None:
    for policy in ("monitor-query-in-contract", "dashboard-query-in-contract", "slo-query-in-contract"):
        assert messages_of(policy, stack(read_case(policy, "fails").resources, Settings())) == []


def test_the_pages_match_the_policies() -> None:
    assert {path.name: path.read_text() for path in documentation.FOLDER.glob("*.md")} == documentation.pages()
