"""Conversations in the shared store, so that any instance can continue them.

The model gets what was said, so it is stored as it was said: encrypted (Fernet: AES-128 and an HMAC,
https://cryptography.io/en/latest/fernet/) with a key that the store does not have, bounded in turns and characters, for
:data:`MAX_SECONDS` after the last turn. It never goes to Datadog. A conversation belongs to its caller: the name of its
object is a hash of the caller and of the conversation's id. Reading or writing never fails a chat: without the store or
the key the model has no memory, and the answer's ``history`` is 0. An entry that cannot be read (of another key, of a
revision before or after this one, too old, damaged) starts the conversation anew.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from service.problems import Unavailable
from service.runtime.objects import Objects
from service.telemetry import STATE_READ_FAILURES
from service.telemetry.emission import Emitter

log = logging.getLogger(__name__)

PREFIX = "conversations/"
MAX_TURNS, MAX_CHARACTERS = 20, 16_000
WRITE_ATTEMPTS = 3
MAX_SECONDS = 24 * 3600
"""The time after which a conversation cannot be read any more. The bucket's lifecycle rule deletes it later."""

Turn = tuple[str, str]
"""A role, user or model, and its text."""


@dataclass(frozen=True)
class Conversation:
    """The turns so far, and the object (name and generation) that holds them."""

    name: str
    turns: tuple[Turn, ...]
    generation: int


class Conversations:
    """The store of conversations. The first of the keys encrypts, and each decrypts, so that keys can be changed."""

    def __init__(self, objects: Objects, keys: Sequence[str], emitter: Emitter) -> None:
        self._objects = objects
        self._cipher = MultiFernet([Fernet(fernet_key(key)) for key in keys]) if keys else None
        self._emitter = emitter

    def read(self, caller_key: str, identifier: str | None) -> Conversation | None:
        """Return a caller's conversation, empty when it is new; None without an identifier or without the store."""
        if identifier is None or self._cipher is None:
            return None
        name = f"{PREFIX}{hashlib.sha256(f'{caller_key} {identifier}'.encode()).hexdigest()}.json"
        try:
            return Conversation(name, *self._read_turns(name))
        except Unavailable:
            self._emitter.emit(STATE_READ_FAILURES, 1, reason="unavailable")
            return None

    def add(self, conversation: Conversation, message: str, answer: str) -> None:
        """Store a question and its answer, behind those that another chat may have stored meanwhile."""
        added = (("user", message), ("model", answer))
        turns, generation = conversation.turns, conversation.generation
        try:
            for _ in range(WRITE_ATTEMPTS):
                latest = _latest((*turns, *added))
                if (
                    self._objects.put(conversation.name, self._sealed(conversation.name, latest), generation)
                    is not None
                ):
                    return
                turns, generation = self._read_turns(conversation.name)
        except Unavailable as problem:
            log.warning("a conversation could not be stored: %s", problem.detail)

    def _read_turns(self, name: str) -> tuple[tuple[Turn, ...], int]:
        """Return turns and generation; no turns without an object that can be read, and 0 without an object."""
        body, generation = self._objects.get(name) or ({}, 0)
        return self._opened(name, body), generation

    def _sealed(self, name: str, turns: list[Turn]) -> dict[str, str]:
        """Return turns as an object that only the key's holders can read, in its place only."""
        assert self._cipher is not None
        return {"sealed": self._cipher.encrypt(json.dumps({"name": name, "turns": turns}).encode()).decode()}

    def _opened(self, name: str, body: dict[str, Any]) -> tuple[Turn, ...]:
        assert self._cipher is not None
        try:
            content = json.loads(self._cipher.decrypt(body["sealed"], ttl=MAX_SECONDS))
            if content["name"] != name:
                return ()
            return tuple((str(role), str(text)) for role, text in content["turns"])
        except (InvalidToken, ValueError, KeyError, TypeError):
            if body:
                log.info("a conversation could not be read, and starts over")
            return ()


def fernet_key(secret: str) -> bytes:
    """Return the key that follows from a secret text, which may have any form."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest())


def _latest(turns: tuple[Turn, ...]) -> list[Turn]:
    """Return the latest turns: whole pairs, within both limits."""
    latest = list(turns[-MAX_TURNS:])
    while latest and sum(len(text) for _, text in latest) > MAX_CHARACTERS:
        latest = latest[2:]
    return latest
