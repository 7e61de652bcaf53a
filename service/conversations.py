"""Conversations: what was said before, in the shared store, so that any instance can go on.

Bounded in turns and characters, kept for a week (the bucket's lifecycle rule) and redacted before it is stored. A
conversation belongs to its caller: its object's name is a hash of both, and the id is the caller's own random one.
Reading or writing never fails a chat: without the store the model has no memory, and the answer's ``history`` says so.
"""

import hashlib
import logging
from dataclasses import dataclass

from service.callers import Caller
from service.emission import Emitter
from service.objects import Objects
from service.problems import Unavailable
from service.redactor import redactor
from service.telemetry import STATE_READ_FAILURES

log = logging.getLogger(__name__)

PREFIX = "conversations/"
MOST_TURNS, MOST_CHARACTERS = 20, 16_000
ATTEMPTS = 3

Turn = tuple[str, str]
"""A role, user or model, and its text."""


@dataclass(frozen=True)
class Conversation:
    """What was said, and where it is kept."""

    name: str
    turns: tuple[Turn, ...]
    generation: int


class Conversations:
    """The store of conversations."""

    def __init__(self, objects: Objects, emitter: Emitter) -> None:
        self._objects = objects
        self._emitter = emitter

    def read(self, caller: Caller, identifier: str) -> Conversation | None:
        """The conversation so far, empty when it is new; None when it cannot be read."""
        name = f"{PREFIX}{hashlib.sha256(f'{caller.key} {identifier}'.encode()).hexdigest()}.json"
        try:
            return Conversation(name, *self._stored(name))
        except Unavailable:
            self._emitter.emit(STATE_READ_FAILURES, 1, reason="unavailable")
            return None

    def add(self, conversation: Conversation, message: str, answer: str) -> None:
        """Keep a question and its answer; after those that another chat may have added meanwhile."""
        said = (("user", redactor.text(message)), ("model", redactor.text(answer)))
        turns, generation = conversation.turns, conversation.generation
        try:
            for _ in range(ATTEMPTS):
                kept = _bounded((*turns, *said))
                if self._objects.put(conversation.name, {"turns": kept}, generation) is not None:
                    return
                turns, generation = self._stored(conversation.name)
        except Unavailable as problem:
            log.warning("a conversation could not be kept: %s", problem.detail)

    def _stored(self, name: str) -> tuple[tuple[Turn, ...], int]:
        """Turns and generation; nothing was said where there is no object."""
        body, generation = self._objects.get(name) or ({"turns": []}, 0)
        return tuple((role, text) for role, text in body["turns"]), generation


def _bounded(turns: tuple[Turn, ...]) -> list[Turn]:
    """The latest turns: whole pairs, within both limits."""
    kept = list(turns[-MOST_TURNS:])
    while kept and sum(len(text) for _, text in kept) > MOST_CHARACTERS:
        kept = kept[2:]
    return kept
