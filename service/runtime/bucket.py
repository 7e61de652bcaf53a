"""The bucket of the shared state, opened at first use, and how calls to it fail."""

import threading
from collections.abc import Callable

import requests
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage  # type: ignore[attr-defined]  # publishes no types

OpenBucket = Callable[[], storage.Bucket]

TIMEOUT = (1.0, 2.0)
"""Seconds to connect and to wait for bytes."""
FAILURES = (GoogleAPIError, GoogleAuthError, requests.RequestException, OSError)
"""The exceptions that the client raises when a call fails."""


def bucket_opener(project: str | None, name: str) -> OpenBucket:
    """Return a function that opens the bucket at its first call, since a new client looks for credentials."""
    lock = threading.Lock()
    opened: list[storage.Bucket] = []

    def open_once() -> storage.Bucket:
        with lock:
            if not opened:
                opened.append(storage.Client(project).bucket(name))
            return opened[0]

    return open_once
