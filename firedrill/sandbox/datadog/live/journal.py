"""Journal of the live behaviour: notifications and errors, bounded, kept in the object store for ``/-/status``."""

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
MAX_ENTRIES = {NOTIFICATIONS: 500, ERRORS: 100}
"""Entries kept of each kind; the oldest are dropped."""


class Journal:
    """The notifications and background errors of one organisation."""

    def __init__(self, directory: Directory, org: str, clock: Callable[[], float] = time.time) -> None:
        self._directory, self._org, self._clock = directory, org, clock

    def add_notification(self, record: Json) -> None:
        """Record a notification."""
        self._add(NOTIFICATIONS, record)

    def add_error(self, activity: str, add_error: BaseException | str) -> None:
        """Log and record a background error with its cause."""
        cause = "".join(traceback.format_exception(add_error)) if isinstance(add_error, BaseException) else add_error
        log.error("%s: %s", activity, cause.rstrip())
        text = f"{type(add_error).__name__}: {add_error}" if isinstance(add_error, BaseException) else add_error
        self._add(ERRORS, {"time": self._clock(), "where": activity, "error": text})

    def entries(self, kind: str) -> list[Json]:
        """Return the recorded entries, oldest first."""
        return self._directory.store.list(self._org, kind)

    def _add(self, kind: str, record: Json) -> None:
        store = self._directory.store
        entries = store.list(self._org, kind)
        for old in entries[: max(0, len(entries) + 1 - MAX_ENTRIES[kind])]:
            store.delete(self._org, kind, old["id"])
        identifier = str(uuid.uuid4())
        store.put(self._org, kind, identifier, {"id": identifier, **record})
