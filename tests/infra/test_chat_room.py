"""The webhook that tells the team's chat room: whom it serves, and where its secret stands."""

import json
from typing import Any

from tests.infra.conftest import record

Declared = dict[str, dict[str, Any]]


def test_a_page_is_told_in_the_room_and_the_token_stands_in_the_secret_variable_alone(
    local: dict[str, Any], declared: Declared
) -> None:
    variable = declared["chat-room-token WebhookCustomVariable"]
    assert variable["isSecret"] is True
    assert "4dabf18193072939515e22adb298388d" in variable["value"]  # marked, so that the engine encrypts it
    webhook = declared["chat-room-webhook Webhook"]
    assert webhook["url"].startswith("https://chat.googleapis.com/v1/spaces/sandbox/messages?")
    assert webhook["url"].endswith(f"token=${variable['name']}")
    assert json.loads(webhook["payload"])["thread"] == {"threadKey": "$ALERT_CYCLE_KEY"}
    [rule] = [one for name, one in declared.items() if name.endswith(" MonitorNotificationRule")]
    for condition in rule["conditionalRecipients"]["conditions"]:
        assert condition["recipients"] == ["llm-platform", f"webhook-{webhook['name']}"]
    [request] = [one for one in local["requests"] if one["name"] == "chat-room-webhook"]
    assert "stand-in" not in json.dumps(request["object"])


def test_without_a_room_only_the_team_is_told() -> None:
    answer = record("llm-api:chatRoom=", "llm-api:chatRoomToken=")
    assert not [one for one in answer["requests"] if ":Webhook" in one["type"]]
    [rule] = [one["object"] for one in answer["requests"] if one["type"].endswith(":MonitorNotificationRule")]
    assert rule["conditionalRecipients"]["conditions"][0]["recipients"] == ["llm-platform"]


def test_a_room_without_a_token_is_one_line() -> None:
    error = record("llm-api:chatRoomToken=")["error"]
    assert error.startswith("llm-api:chatRoomToken in Pulumi.local.yaml is wrong: a room needs its webhook's token")
