"""The cache of answers. Each process has its own: a hit saves money, and nothing depends on one."""

import threading
import time
from collections import OrderedDict

MAX_ANSWERS = 512
KEPT_SECONDS = 300.0


class Cache:
    """The latest answers by model and message, for :data:`KEPT_SECONDS`. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def get(self, model: str, message: str) -> str | None:
        """Return the answer, or None."""
        with self._lock:
            until, text = self._answers.get((model, message), (0.0, ""))
            return text if until > time.monotonic() else None

    def put(self, model: str, message: str, text: str) -> None:
        """Store an answer; the oldest goes when there are too many."""
        with self._lock:
            self._answers[model, message] = (time.monotonic() + KEPT_SECONDS, text)
            self._answers.move_to_end((model, message))
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
