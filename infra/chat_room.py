"""The team's chat room hears of every page by a webhook: who is awake can help before the second person is woken.

Of Google Chat, whose rooms take a message at an address with a token (an incoming webhook). Datadog's own integration
with it is connected by hand in its settings page; a webhook is declared. https://docs.datadoghq.com/integrations/webhooks/
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.config import ChatRoom as Settings
from infra.identity import Identity

MESSAGE = {
    "text": "*$ALERT_TRANSITION*: $EVENT_TITLE\n$LINK",
    # An alert, its repetitions and its end are one thread.
    "thread": {"threadKey": "$ALERT_CYCLE_KEY"},
}
IN_THREADS = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


@dataclass(frozen=True)
class ChatRoomArgs:
    """``token`` (a secret) lets anybody write into the room."""

    identity: Identity
    room: Settings
    token: pulumi.Input[str]


class ChatRoom(pulumi.ComponentResource):
    """``handle`` is what tells the room, without ``@``."""

    handle: pulumi.Output[str]

    def __init__(self, name: str, args: ChatRoomArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:ChatRoom", name, None, opts)
        # A webhook's address can be read by everybody in the organisation; a secret variable cannot.
        token = dd.WebhookCustomVariable(
            f"{name}-token",
            name=args.identity.handle("llm-chat-room-token").replace("-", "_").upper(),
            value=args.token,
            is_secret=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        address = f"https://chat.googleapis.com/v1/{args.room.space}/messages?key={args.room.key}&{IN_THREADS}&token=$"
        webhook = dd.Webhook(
            f"{name}-webhook",
            name=args.identity.handle("llm-chat-room"),
            url=pulumi.Output.concat(address, token.name),
            payload=json.dumps(MESSAGE, sort_keys=True),
            encode_as="json",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.handle = pulumi.Output.concat("webhook-", webhook.name)
        self.register_outputs({"handle": self.handle})
