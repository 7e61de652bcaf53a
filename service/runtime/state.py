"""The state that all instances share at run time: the model in use and the cache switch.

It is one JSON object in a Cloud Storage bucket: strongly consistent, changed with a generation precondition, nothing to
keep running, and a few thousand reads an hour cost a cent. Each process reads it through a cache of
:data:`CACHE_SECONDS`. Reading never fails a chat: the last known state serves.
"""

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import NotFound, PreconditionFailed

from service.llm.models import MODELS
from service.problems import Unavailable
from service.runtime.bucket import FAILURES, TIMEOUT, OpenBucket
from service.telemetry import STATE_LOG, STATE_READ_FAILURES
from service.telemetry.emission import Emitter

log = logging.getLogger(__name__)

OBJECT = "runtime.json"
CACHE_SECONDS = 1.0
"""Time for which a process uses a state, counted from the start of its read: then no process uses an older one."""
MARGIN_SECONDS = 0.1
WRITE_ATTEMPTS = 5


class Malformed(ValueError):
    """The stored object is not a state."""


@dataclass(frozen=True)
class State:
    """The shared state."""

    model: str
    cache: bool = False
    changed_at: str | None = None
    reason: str | None = None


def parse(content: bytes, default: State) -> State:
    """Return the stored state; members that it lacks are the default's. Raises :class:`Malformed`."""
    try:
        stored = json.loads(content)
    except ValueError:
        raise Malformed(f"{OBJECT} is not JSON") from None
    if not isinstance(stored, dict):
        raise Malformed(f"{OBJECT} is not a JSON object")
    members: dict[str, Any] = {key: stored[key] for key in asdict(default) if key in stored}
    state = replace(default, **members)
    if not isinstance(state.model, str) or state.model not in MODELS:
        raise Malformed(f"{OBJECT} names a model that is not served")
    if not isinstance(state.cache, bool):
        raise Malformed(f"{OBJECT}: cache is not true or false")
    return state


class StateStore:
    """The state as this process sees it. Safe for threads."""

    def __init__(self, bucket: OpenBucket | None, default: State, emitter: Emitter) -> None:
        self._open = bucket
        self._default = default
        self._emitter = emitter
        self._lock = threading.Lock()
        self._state = default
        self._read_at = float("-inf")
        self.problem: str | None = None if bucket else "STATE_BUCKET is not set: changes at run time are off"
        """The reason why the last read failed; None after one that succeeded."""

    def current(self) -> State:
        """Return the state, at most :data:`CACHE_SECONDS` old while it can be read."""
        if self._open is None or time.monotonic() - self._read_at < CACHE_SECONDS:
            return self._state
        # While reads fail, one request a second waits for the next read, and the others do not.
        if not self._lock.acquire(blocking=self.problem is None):
            return self._state
        try:
            if time.monotonic() - self._read_at >= CACHE_SECONDS:
                began = time.monotonic()
                self._read()
                self._read_at = began if self.problem is None else time.monotonic()
            return self._state
        finally:
            self._lock.release()

    def _read(self) -> None:
        assert self._open is not None
        try:
            content = self._open().blob(OBJECT).download_as_bytes(timeout=TIMEOUT, retry=None)
            self._state = parse(content, self._default)
        except NotFound:
            self._state = self._default
        except Malformed as error:
            self._report_failure("malformed", error)
            return
        except FAILURES as error:
            self._report_failure("unavailable", error)
            return
        self.problem = None

    def _report_failure(self, reason: str, error: Exception) -> None:
        self._emitter.emit(STATE_READ_FAILURES, 1, reason=reason)
        problem = f"{reason}: {error if isinstance(error, Malformed) else type(error).__name__}"
        if problem != self.problem:
            self.problem = problem
            details = {"kind": type(error).__name__, "message": problem}
            extra = {"event": STATE_LOG.event, "reason": reason, "error": details}
            log.warning("the shared state could not be read; the last known one is used", extra=extra)

    def change(self, **values: object) -> State:
        """Write a change and wait until every process must see it. Raises :class:`Unavailable`."""
        if self._open is None:
            raise Unavailable(self.problem or "there is no shared state")
        try:
            state = self._write(values)
        except FAILURES as error:
            raise Unavailable(f"the shared state cannot be written ({type(error).__name__})", retry_after=5) from error
        time.sleep(CACHE_SECONDS + MARGIN_SECONDS)
        return state

    def _write(self, values: dict[str, Any]) -> State:
        assert self._open is not None
        values["changed_at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        for _ in range(WRITE_ATTEMPTS):
            bucket = self._open()
            stored = bucket.get_blob(OBJECT, timeout=TIMEOUT, retry=None)
            try:
                before = self._default
                if stored is not None:
                    content = stored.download_as_bytes(
                        if_generation_match=stored.generation, timeout=TIMEOUT, retry=None
                    )
                    before = parse(content, self._default)
            except Malformed:
                log.warning("the shared state was malformed and is replaced")
            except (NotFound, PreconditionFailed):
                continue
            state = replace(before, **values)
            try:
                bucket.blob(OBJECT).upload_from_string(
                    json.dumps(asdict(state)),
                    content_type="application/json",
                    if_generation_match=stored.generation if stored else 0,
                    timeout=TIMEOUT,
                    retry=None,
                )
            except PreconditionFailed:
                continue
            return state
        raise Unavailable("the shared state is being changed by others at the same time", retry_after=1)
