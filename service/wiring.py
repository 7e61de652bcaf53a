"""The construction of an application's parts, each from the parts that it needs."""

import atexit

from datadog.dogstatsd.base import DogStatsd

from service.context import Context
from service.datadog.client import Datadog
from service.datadog.outbox import Outbox
from service.datadog.writes import WRITE_KINDS
from service.llm.budget import Budget
from service.llm.cache import Cache
from service.llm.chat import ChatService
from service.llm.conversations import Conversations
from service.llm.gemini import Gemini
from service.llm.samples import Samples
from service.runtime.background import BackgroundQueue
from service.runtime.bucket import bucket_opener
from service.runtime.objects import Objects
from service.runtime.state import State, StateStore
from service.settings import Settings
from service.telemetry import REDACTION_DROPS
from service.telemetry.emission import Client, Emitter
from service.telemetry.redactor import Redactor

FLUSH_SECONDS = 0.5
PACKET_BYTES = 8192
"""What the agent reads at once by default (dogstatsd_buffer_size); it is on the same machine."""


def build(settings: Settings, statsd: Client | None = None) -> Context:
    """Return the parts; by default with DogStatsD at DD_DOGSTATSD_URL."""
    emitter = Emitter(statsd or _dogstatsd())
    redactor = Redactor(on_drop=lambda: emitter.emit(REDACTION_DROPS, 1))

    bucket = bucket_opener(settings.project, settings.state_bucket) if settings.state_bucket else None
    state = StateStore(bucket, State(settings.model_primary), emitter)
    objects = Objects(bucket)
    background = BackgroundQueue()

    gemini = Gemini(settings, emitter)
    chats = ChatService(
        settings=settings,
        emitter=emitter,
        state=state,
        gemini=gemini,
        cache=Cache(),
        budget=Budget(settings.caller_tokens, settings.caller_dollars, objects, emitter),
        conversations=Conversations(objects, settings.conversation_keys, emitter),
        samples=Samples(objects, redactor),
        background=background,
    )

    datadog = Datadog(settings, redactor)
    outbox = Outbox(objects, datadog, WRITE_KINDS)
    return Context(settings, emitter, redactor, state, objects, background, gemini, chats, datadog, outbox)


def _dogstatsd() -> DogStatsd:
    """Return a client that takes its address, env, service and version from DD_*, and sends full packets.

    What a packet still lacks to be full is sent after :data:`FLUSH_SECONDS`, and at the process's end.
    """
    client = DogStatsd(
        disable_telemetry=True, disable_buffering=False, flush_interval=FLUSH_SECONDS, max_buffer_len=PACKET_BYTES
    )
    atexit.register(client.flush)
    return client
