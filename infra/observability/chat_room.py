"""The webhook that notifies the team's room in Google Chat of each page, so that others can help.

A webhook can be declared; Datadog's own integration with Google Chat is connected by hand.
https://docs.datadoghq.com/integrations/webhooks/
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.config import ChatRoom as Settings
from infra.identity import Identity

MESSAGE = {
    "text": "*$ALERT_TRANSITION*: $EVENT_TITLE\n$LINK",
    # An alert, its renotifications and its recovery are one thread.
    "thread": {"threadKey": "$ALERT_CYCLE_KEY"},
}
IN_THREADS = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


@dataclass(frozen=True)
class ChatRoomArgs:
    """``token`` (a secret) allows anyone to write into the room."""

    identity: Identity
    room: Settings
    token: pulumi.Input[str]


class ChatRoom(pulumi.ComponentResource):
    """The webhook. ``handle`` notifies the room; it has no ``@``."""

    handle: pulumi.Output[str]

    def __init__(self, name: str, args: ChatRoomArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:ChatRoom", name, None, opts)
        # Everyone in the organisation can read a webhook's address, but not a secret variable.
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
