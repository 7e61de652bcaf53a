"""What the routes of one application share."""

from dataclasses import dataclass

from service.budget import Budget
from service.cache import Cache
from service.conversations import Conversations
from service.emission import Emitter
from service.gemini import Gemini
from service.later import Later
from service.objects import Objects
from service.outbox import Outbox
from service.products.client import Datadog
from service.settings import Settings
from service.state import Store


@dataclass(frozen=True)
class Context:
    """One application's parts."""

    settings: Settings
    emitter: Emitter
    gemini: Gemini
    state: Store
    cache: Cache
    datadog: Datadog
    objects: Objects
    outbox: Outbox
    budget: Budget
    conversations: Conversations
    later: Later
