"""Idempotency keys: a request that is repeated with its key is run once, on whichever instance it arrives."""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from service.problems import CallerError, Problem, Unavailable
from service.runtime.objects import Objects

log = logging.getLogger(__name__)

PREFIX = "idempotency/"
CLAIM_SECONDS = 60.0
"""A claim whose process died may be taken over after this."""
KEPT_SECONDS = 86_400.0

Answer = tuple[dict[str, Any], int]
"""A response's JSON body and status."""


class Conflict(CallerError):
    """The first request with the key is still running."""

    status = 409
    title = "The idempotency key is in use"


class Reused(CallerError):
    """The key belongs to a different request."""

    status = 422
    title = "The idempotency key belongs to another request"


def once(objects: Objects, key: str, request: str, run: Callable[[str], Answer]) -> tuple[Answer, bool]:
    """Return the answer, and whether it is replayed. Only success is kept: a failed request may be repeated.

    ``run`` gets a seed for the ids of its writes, which stays the same for every attempt until one succeeds. An attempt
    therefore finds what an earlier one has written, whose process died or whose next step failed.
    """
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise CallerError("Idempotency-Key: give 1 to 200 printable characters")
    name = f"{PREFIX}{hashlib.sha256(key.encode()).hexdigest()}.json"
    digest, now = hashlib.sha256(request.encode()).hexdigest(), time.time()
    claim = {"asked": digest, "until": now + CLAIM_SECONDS, "seed": uuid.uuid4().hex}
    generation = objects.put(name, claim, 0)
    if generation is None:
        stored = objects.get(name)
        if stored is None:
            raise Conflict("the first request with this key is just ending", retry_after=1)
        earlier, earlier_generation = stored
        if earlier["until"] > now:
            if earlier["asked"] != digest:
                raise Reused("the first request with this key had other parameters")
            if "answer" in earlier:
                return (earlier["answer"], earlier["status"]), True
            raise Conflict("the first request with this key is not answered yet", retry_after=1)
        if earlier["asked"] == digest and "answer" not in earlier:
            claim["seed"] = earlier["seed"]
        generation = objects.put(name, claim, earlier_generation)
        if generation is None:
            raise Conflict("another request with this key was quicker", retry_after=1)
    try:
        answer, status = run(str(claim["seed"]))
    except Problem:
        _store(objects, name, claim | {"until": 0.0}, generation)
        raise
    # The write is done: answer so even if that cannot be stored.
    _store(objects, name, claim | {"until": now + KEPT_SECONDS, "answer": answer, "status": status}, generation)
    return (answer, status), False


def _store(objects: Objects, name: str, body: dict[str, Any], generation: int) -> None:
    try:
        objects.put(name, body, generation)
    except Unavailable as error:
        log.warning("the end of a request with an idempotency key could not be stored: %s", error.detail)
