"""A chat from its question to its record. Every prompt passes through :meth:`ChatService.answer`.

Datadog receives the chat's record (service/telemetry/chat_record.py), detections and verdicts, and never a text.
"""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from service.llm import detectors, quality
from service.llm.budget import Budget
from service.llm.cache import Cache
from service.llm.conversations import Conversations
from service.llm.gemini import Call, Gemini
from service.llm.models import UnknownModel, cost, resolve
from service.llm.samples import Sample, Samples
from service.problems import CallerError, CallerGone, Problem, internal_error
from service.runtime.background import BackgroundQueue
from service.runtime.state import StateStore
from service.settings import Settings
from service.telemetry import CHAT_DETECTIONS, NO_MODEL, SIGNAL_LOG, chat_record
from service.telemetry.chat_record import ChatRecord, ChatSpan
from service.telemetry.emission import Emitter

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3
"""A low estimate for most languages, because a reservation must be an upper bound."""


@dataclass(frozen=True)
class Caller:
    """The sender of a chat. ``key`` tells callers apart, for their budgets; ``bucket`` is what telemetry may name."""

    key: str
    bucket: str


@dataclass(frozen=True)
class Question:
    """A message, and optionally the model to answer it and the id of the conversation that it continues."""

    message: str
    model: str | None = None
    conversation: str | None = None


@dataclass
class Chat:
    """A chat while it runs, from the request's arrival on. :class:`ChatService` fills it in."""

    route: str
    caller: Caller
    feature: str
    stream: bool
    """True where the caller takes the answer in pieces."""
    call: Call
    """Its use of Gemini."""
    span: ChatSpan = field(default_factory=ChatSpan)
    began: float = field(default_factory=time.monotonic)
    """By :func:`time.monotonic`, as all times of a chat."""
    requested_model: str | None = None
    """The retired name that the caller gave."""
    history: int = 0
    """Turns of the conversation that Gemini receives."""
    cached: bool = False
    first_piece_at: float | None = None
    record: ChatRecord | None = None
    """None until it has ended."""

    @property
    def cost_usd(self) -> float:
        """List price of the calls so far."""
        call = self.call
        return 0.0 if call.model == NO_MODEL else cost(call.model, call.input_tokens, call.output_tokens)

    def note_piece(self) -> None:
        """Note the time of a stream's first piece."""
        if self.stream and self.first_piece_at is None:
            self.first_piece_at = time.monotonic()


@dataclass(frozen=True, kw_only=True)
class ChatService:
    """Answers chats. Safe for threads."""

    settings: Settings
    emitter: Emitter
    state: StateStore
    gemini: Gemini
    cache: Cache
    budget: Budget
    conversations: Conversations
    samples: Samples
    background: BackgroundQueue

    def begin(self, route: str, caller: Caller, feature: str, stream: bool) -> Chat:
        """Start a chat's clock and its span. It ends with :meth:`answer`; without a question, with :meth:`fail`."""
        return Chat(route, caller, feature, stream, Call(NO_MODEL, time.monotonic() + self.settings.chat_seconds))

    def answer(self, chat: Chat, question: Question) -> Generator[str]:
        """Yield the answer, in pieces as Gemini writes it when the chat is a stream, else whole.

        However it ends (answered, failed, or closed since the caller left), the chat's record is emitted once.

        Raises:
            Problem: There is no answer, or no more of it.
        """
        with self._recorded(chat):
            message, state = question.message, self.state.current()
            model = _choose_model(chat, question.model, state.model)

            conversation = self.conversations.read(chat.caller.key, question.conversation)
            turns = conversation.turns if conversation else ()
            chat.history = len(turns)

            use_cache = state.cache and not conversation
            if use_cache and (cached := self.cache.get(model, message)) is not None:
                chat.cached = True
                chat.note_piece()
                yield cached
                return

            self._report_detection(chat, "prompt_injection", detectors.prompt_injection(message))

            prompt = "\n".join([*(text for _, text in turns), message])
            pieces: list[str] = []
            generated = self.gemini.generate(chat.call, message, turns, stream=chat.stream)
            with self._within_budget(chat, prompt), closing(generated):
                for piece in generated:
                    pieces.append(piece)
                    chat.note_piece()
                    yield piece
            answer = "".join(pieces)

            self._report_detection(chat, "data_leak", detectors.data_leak(prompt, answer))
            if quality.sampled(chat.span.trace_id, self.settings.evaluation_share):
                self._evaluate(chat, message, answer)
            if use_cache:
                self.cache.put(model, message, answer)
            if conversation:
                self.conversations.add(conversation, message, answer)

    def fail(self, chat: Chat, error: Exception) -> Problem:
        """End the chat, unless it has ended, and return the problem that the caller gets."""
        problem = error if isinstance(error, Problem) else internal_error(error)
        if problem is not error:
            # The exception's own text may quote the prompt: its type and place are enough to find the mistake.
            log.error("a chat failed by a mistake of the service", exc_info=error)
        self._end(chat, problem)
        return problem

    @contextmanager
    def _recorded(self, chat: Chat) -> Iterator[None]:
        """End the chat with the block."""
        try:
            yield
        except GeneratorExit:
            self._end(chat, CallerGone("the connection was closed before the answer's end"))
            raise
        except Problem as problem:
            self._end(chat, problem)
            raise
        except Exception as error:
            raise self.fail(chat, error) from error
        self._end(chat, None)

    def _end(self, chat: Chat, problem: Problem | None) -> None:
        if chat.record is None:
            chat.record = _record(chat, problem)
            chat_record.emit(chat.record, chat.span, self.emitter)

    @contextmanager
    def _within_budget(self, chat: Chat, prompt: str) -> Iterator[None]:
        """Reserve what the chat may use at most, and give back after the block what it did not use."""
        input_tokens, output_tokens = len(prompt) / CHARACTERS_PER_TOKEN, self.settings.max_output_tokens
        dollars = cost(chat.call.model, input_tokens, output_tokens)
        reservation = self.budget.reserve(chat.caller.key, input_tokens + output_tokens, dollars)
        try:
            yield
        finally:
            self.budget.settle(reservation, chat.call.input_tokens + chat.call.output_tokens, chat.cost_usd)

    def _report_detection(self, chat: Chat, detector: str, rule: str | None) -> None:
        if rule is None:
            return
        self.emitter.emit(CHAT_DETECTIONS, 1, detector=detector)
        extra = {"event": SIGNAL_LOG.event, "signal": detector, "rule": rule, "caller": chat.caller.bucket}
        log.warning("a detector found %s in a chat", detector, extra=extra)

    def _evaluate(self, chat: Chat, message: str, answer: str) -> None:
        """Judge the answer now, and keep it for the job that has a judge."""
        model, ids = chat.call.model, chat.span.llm_ids
        quality.submit(self.emitter, model, ids, quality.verdicts(answer, chat.call.finish_reason))
        if ids and self.samples.has_store and self.samples.take_turn():
            sample = Sample(message, answer, model, **ids)
            self.background.submit("an answer to grade", lambda: self.samples.add(sample))


def _choose_model(chat: Chat, requested: str | None, in_use: str) -> str:
    """Return the model that answers. Raises :class:`CallerError` for an unknown name."""
    try:
        model = resolve(requested) if requested else in_use
    except UnknownModel as error:
        raise CallerError(str(error)) from None
    chat.requested_model = requested if requested and requested != model else None
    chat.call.model = model
    return model


def _record(chat: Chat, problem: Problem | None) -> ChatRecord:
    call, now = chat.call, time.monotonic()
    return ChatRecord(
        route=chat.route,
        feature=chat.feature,
        caller=chat.caller.bucket,
        model=call.model,
        requested_model=chat.requested_model,
        stream=chat.stream,
        cached=chat.cached,
        history=chat.history,
        seconds=now - chat.began,
        seconds_to_first_piece=None if chat.first_piece_at is None else chat.first_piece_at - chat.began,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        usage_estimated=call.usage_estimated,
        cost_usd=chat.cost_usd,
        retries=call.retries,
        problem=problem,
    )
