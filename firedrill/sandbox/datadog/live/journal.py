"""What the live parts did and what went wrong: bounded, in the object store, so that ``/-/status`` shows it."""

import logging
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from firedrill.sandbox.datadog.account import Directory

log = logging.getLogger(__name__)

Json = dict[str, Any]
NOTIFICATIONS = "notifications"
ERRORS = "live_errors"
KEPT = {NOTIFICATIONS: 500, ERRORS: 100}
"""Entries that are kept of each kind; the oldest go."""


class Journal:
    """The notifications and background errors of one organisation."""

    def __init__(self, directory: Directory, org: str, clock: Callable[[], float] = time.time) -> None:
        self._directory, self._org, self._clock = directory, org, clock

    def notification(self, record: Json) -> None:
        """Keep what was sent to whom."""
        self._add(NOTIFICATIONS, record)

    def error(self, where: str, error: BaseException | str) -> None:
        """Log and keep a background error with its cause."""
        cause = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else error
        log.error("%s: %s", where, cause.rstrip())
        text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
        self._add(ERRORS, {"time": self._clock(), "where": where, "error": text})

    def entries(self, kind: str) -> list[Json]:
        """The entries that are kept, oldest first."""
        return self._directory.store.list(self._org, kind)

    def _add(self, kind: str, record: Json) -> None:
        store = self._directory.store
        known = store.list(self._org, kind)
        for old in known[: max(0, len(known) + 1 - KEPT[kind])]:
            store.delete(self._org, kind, old["id"])
        identifier = str(uuid.uuid4())
        store.put(self._org, kind, identifier, {"id": identifier, **record})
