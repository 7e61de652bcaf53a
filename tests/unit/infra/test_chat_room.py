"""The webhook of the team's chat room: its notifications and its secret."""

import json
from typing import Any

from tests.unit.infra.conftest import record

Declared = dict[str, dict[str, Any]]


def test_pages_notify_the_room_and_only_the_secret_variable_has_the_token(
    local: dict[str, Any], declared: Declared
) -> None:
    variable = declared["chat-room-token WebhookCustomVariable"]
    assert variable["isSecret"] is True
    assert "4dabf18193072939515e22adb298388d" in variable["value"]  # marked, so that the engine encrypts it
    webhook = declared["chat-room-webhook Webhook"]
    assert webhook["url"].startswith("https://chat.googleapis.com/v1/spaces/sandbox/messages?")
    assert webhook["url"].endswith(f"token=${variable['name']}")
    assert json.loads(webhook["payload"])["thread"] == {"threadKey": "$ALERT_CYCLE_KEY"}
    [rule] = [inputs for name, inputs in declared.items() if name.endswith(" MonitorNotificationRule")]
    for condition in rule["conditionalRecipients"]["conditions"]:
        assert condition["recipients"] == ["llm-platform", f"webhook-{webhook['name']}"]
    [request] = [request for request in local["requests"] if request["name"] == "chat-room-webhook"]
    assert "stand-in" not in json.dumps(request["object"])


def test_without_a_room_only_the_team_is_notified() -> None:
    answer = record("llm-api:chatRoom=", "llm-api:chatRoomToken=")
    assert not [request for request in answer["requests"] if ":Webhook" in request["type"]]
    [rule] = [
        request["object"] for request in answer["requests"] if request["type"].endswith(":MonitorNotificationRule")
    ]
    assert rule["conditionalRecipients"]["conditions"][0]["recipients"] == ["llm-platform"]


def test_a_room_without_a_token_is_an_error_of_one_line() -> None:
    error = record("llm-api:chatRoomToken=")["error"]
    assert error.startswith("llm-api:chatRoomToken in Pulumi.local.yaml is wrong: set chatRoom and its")
