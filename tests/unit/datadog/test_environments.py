"""dev and prod in one Datadog organisation: neither is refused for the other's sake, and neither undoes the other's."""

import json
from typing import Any

import pytest

from tests.unit.datadog.edits import ORGANISATION, DeployedStacks, Edits
from tests.unit.infra.conftest import record

PEOPLE = ("ada.okafor@example.com", "bruno.keller@example.com")
ROTATION = {"emails": list(PEOPLE), "timeZone": "Europe/Berlin", "rotationStart": "2026-01-05T08:00:00Z"}
FILLED_IN = (
    "gcp:project=acme-project",
    "llm-api:datadogApiKey=key",
    "llm-api:operatorToken=token",
    "llm-api:readerToken=another",
    "llm-api:conversationKeys=a-third",
    f"llm-api:onCall={json.dumps(ROTATION)}",
)
"""Settings of a deployer, for what the committed files leave out or call CHANGE-ME."""


def environments() -> dict[str, Any]:
    """Production first: dev comes into an organisation that has everything."""
    deployer = f"llm-api:deployer={PEOPLE[0]}"
    return {"prod": record(*FILLED_IN, deployer, stack="prod"), "dev": record(*FILLED_IN, stack="dev")}


def organisation(exports: str) -> Any:
    paged = f"llm-api-org:paged={json.dumps(PEOPLE)}"
    return record(paged, stack="org", PROGRAM=ORGANISATION, EXPORTS=exports)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> DeployedStacks:
    """Return the real deployment's order; the account refuses what exists already as the recorded API does."""
    return DeployedStacks(tmp_path_factory.mktemp("account"), environments, organisation)


def test_nothing_of_one_environment_is_another_object_of_the_account(both: DeployedStacks) -> None:
    changes: dict[tuple[str, str], list[str]] = {}
    for name, (token, identifier, *_) in both.created.items():
        changes.setdefault((token, identifier), []).append(name)
    assert {key: names for key, names in changes.items() if len(names) > 1} == {}


def test_neither_environment_has_drifted_when_all_is_deployed(both: DeployedStacks) -> None:
    resources = [Edits(both.provider, name, token, created) for name, (token, *created) in both.created.items()]
    assert {item.name: changes for item in resources if (changes := item.changes())} == {}


def test_each_environment_pages_by_its_own_team_and_each_person_is_reached_once(both: DeployedStacks) -> None:
    teams = [inputs["handle"] for token, _, inputs, _ in both.created.values() if token.endswith(":Team")]
    assert sorted(teams) == ["llm-platform", "llm-platform-dev"]
    channels = [
        inputs for token, _, inputs, _ in both.created.values() if token.endswith(":OnCallUserNotificationChannel")
    ]
    assert sorted(channel["email"]["address"] for channel in channels) == sorted(PEOPLE)
