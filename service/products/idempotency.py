"""Idempotency keys: the same key and request are answered once, on whichever instance they arrive."""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from service.objects import Objects
from service.problems import CallerError, Problem, Unavailable

log = logging.getLogger(__name__)

PREFIX = "idempotency/"
CLAIM_SECONDS = 60.0
"""A claim whose process died may be taken over after this."""
KEPT_SECONDS = 86_400.0

Answer = tuple[dict[str, Any], int]


class Conflict(CallerError):
    """The key is in use."""

    status = 409
    title = "The idempotency key is in use"


class Reused(CallerError):
    """The key came with another request before."""

    status = 422
    title = "The idempotency key belongs to another request"


def once(objects: Objects, key: str, request: str, run: Callable[[str], Answer]) -> tuple[Answer, bool]:
    """The answer, and whether it was given before. Only success is kept: a failure may be tried again.

    ``run`` gets a seed for the ids of what it writes: the same for every try until one succeeds, so that what an
    earlier try has written, whose process died or whose next step failed, is found again.
    """
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise CallerError("Idempotency-Key: give 1 to 200 printable characters")
    name = f"{PREFIX}{hashlib.sha256(key.encode()).hexdigest()}.json"
    asked, now = hashlib.sha256(request.encode()).hexdigest(), time.time()
    claim = {"asked": asked, "until": now + CLAIM_SECONDS, "seed": uuid.uuid4().hex}
    generation = objects.put(name, claim, 0)
    if generation is None:
        known = objects.get(name)
        if known is None:
            raise Conflict("the first request with this key is just ending", retry_after=1)
        stored, before = known
        if stored["until"] > now:
            if stored["asked"] != asked:
                raise Reused("the first request with this key was another one")
            if "answer" in stored:
                return (stored["answer"], stored["status"]), True
            raise Conflict("the first request with this key is not answered yet", retry_after=1)
        if stored["asked"] == asked and "answer" not in stored:
            claim["seed"] = stored["seed"]
        generation = objects.put(name, claim, before)
        if generation is None:
            raise Conflict("another request with this key was quicker", retry_after=1)
    try:
        answer, status = run(str(claim["seed"]))
    except Problem:
        _note(objects, name, claim | {"until": 0.0}, generation)
        raise
    # What was done is done, and is said, also when that cannot be noted.
    _note(objects, name, claim | {"until": now + KEPT_SECONDS, "answer": answer, "status": status}, generation)
    return (answer, status), False


def _note(objects: Objects, name: str, body: dict[str, Any], generation: int) -> None:
    try:
        objects.put(name, body, generation)
    except Unavailable as error:
        log.warning("the end of a request with an idempotency key could not be noted: %s", error.detail)
