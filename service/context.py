"""The parts of one application, which its routes share. :mod:`service.wiring` builds them."""

from dataclasses import dataclass

from service.datadog.client import Datadog
from service.datadog.outbox import Outbox
from service.llm.chat import ChatService
from service.llm.gemini import Gemini
from service.runtime.background import BackgroundQueue
from service.runtime.objects import Objects
from service.runtime.state import StateStore
from service.settings import Settings
from service.telemetry.emission import Emitter
from service.telemetry.redactor import Redactor


@dataclass(frozen=True)
class Context:
    """The parts of one application."""

    settings: Settings
    emitter: Emitter
    redactor: Redactor
    state: StateStore
    objects: Objects
    background: BackgroundQueue
    gemini: Gemini
    chats: ChatService
    datadog: Datadog
    outbox: Outbox
