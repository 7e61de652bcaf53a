"""Each policy passes what is right, finds what is wrong, and calls neither what it cannot see."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from pulumi_policy import proxy

from policies import pages
from policies.pack import violations
from policies.policy import POLICIES, NotChecked, Resource, Settings, Stack
from tests.policies.cases import FOLDER, SETTINGS, read, stack

NAMES = list(POLICIES)


def found(policy: str, one: Stack) -> list[str]:
    """Messages, without what could not be checked."""
    messages: list[str] = []
    with suppress(NotChecked):
        for _, message in violations(POLICIES[policy], one.resources, one):
            messages.append(message)
    return messages


def test_every_policy_has_its_cases_and_nothing_else_has() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(NAMES)
    assert {path.name for path in FOLDER.rglob("*.yaml")} == {"passes.yaml", "fails.yaml"}


@pytest.mark.parametrize("policy", NAMES)
def test_what_is_right_passes(policy: str) -> None:
    case = stack(read(policy, "passes").resources)
    assert list(violations(POLICIES[policy], case.resources, case)) == []


@pytest.mark.parametrize("policy", NAMES)
def test_what_is_wrong_is_found_with_what_to_do(policy: str) -> None:
    case = read(policy, "fails")
    messages = found(policy, stack(case.resources))
    assert case.expect
    assert any(case.expect in message for message in messages), messages


def hidden(resource: Resource) -> Resource:
    """The same with every value unknown, as before its first deployment. Links stay: the engine knows them."""
    unknown = dict.fromkeys(resource.properties, proxy.UNKNOWN_STRING_VALUE)
    return Resource(
        resource.type, resource.name, proxy.unknown_checking_proxy(unknown), resource.urn, dict(resource.links)
    )


KNOWN_BY_PRESENCE = {"run-own-account", "log-index-and-archive", "slo-has-an-alert", "log-line-without-text-of-people"}
"""Policies that ask whether something is there at all, which a preview knows."""


@pytest.mark.parametrize("policy", [name for name in NAMES if name not in KNOWN_BY_PRESENCE])
@pytest.mark.parametrize("kind", ["passes", "fails"])
def test_what_is_not_known_yet_is_not_checked_and_never_passed(policy: str, kind: str) -> None:
    case = stack(read(policy, kind).resources)
    rule = POLICIES[policy]
    resources = [hidden(one) if rule.applies(one) and one.properties else one for one in case.resources]
    subject = Stack(resources, SETTINGS)
    try:
        messages = [message for _, message in violations(rule, resources, subject)]
    except NotChecked as told:
        assert "not checked" in told.message
    else:
        assert messages, "an unknown value passed"


@pytest.mark.parametrize("policy", NAMES)
def test_a_policy_says_what_it_prevents_and_where_to_read(policy: str) -> None:
    rule = POLICIES[policy]
    assert len(rule.prevents) > 60
    assert rule.link.startswith("https://")
    assert rule.says.endswith(".")
    assert rule.check.__doc__


def exempt(reason: Mapping[str, Any]) -> Settings:
    return Settings(exempt=({"policy": "slo-has-an-alert", "resource": "answers", **reason},))


def test_an_exemption_holds_with_a_reason_only() -> None:
    resources = read("slo-has-an-alert", "fails").resources
    assert found("slo-has-an-alert", stack(resources, exempt({"because": "it is reviewed by hand"}))) == []
    assert found("slo-has-an-alert", stack(resources, exempt({}))) != []
    assert found("slo-has-an-alert", stack(resources, exempt({"because": " "}))) != []


def test_what_needs_the_contract_is_off_without_one() -> None:
    for policy in ("monitor-query-in-contract", "dashboard-query-in-contract", "slo-query-in-contract"):
        assert found(policy, stack(read(policy, "fails").resources, Settings())) == []


def test_the_pages_are_those_of_the_policies() -> None:
    assert {path.name: path.read_text() for path in pages.FOLDER.glob("*.md")} == pages.pages()
