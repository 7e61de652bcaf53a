"""Work that no caller waits for: one thread a process, a bounded queue, losses counted in the log."""

import atexit
import logging
import queue
import threading
import time
from collections.abc import Callable

from service.problems import Problem

log = logging.getLogger(__name__)

MOST_WAITING = 1000
LAST_SECONDS = 2.0
"""What is still waiting when the process ends has this long."""
SECONDS_BETWEEN_WARNINGS = 60.0


class Later:
    """The queue of a process. The thread starts with the first work, after gunicorn's fork."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[str, Callable[[], object]]] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lost, self._warned_at = 0, float("-inf")

    def do(self, what: str, work: Callable[[], object]) -> None:
        """Do it soon. ``what`` names it in the log when it is lost."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="later", daemon=True)
                self._thread.start()
                atexit.register(self.drain)
        try:
            self._queue.put_nowait((what, work))
        except queue.Full:
            self._lose(what, "the queue is full")

    def drain(self) -> None:
        """Wait for what is waiting, for :data:`LAST_SECONDS` at most."""
        deadline = time.monotonic() + LAST_SECONDS
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks and (left := deadline - time.monotonic()) > 0:
                self._queue.all_tasks_done.wait(left)

    def _run(self) -> None:
        while True:
            what, work = self._queue.get()
            try:
                work()
            except Problem as problem:
                self._lose(what, problem.detail)
            except Exception:  # the thread must live on; its work is not worth a request
                log.exception("work for later failed by a mistake of the service")
            finally:
                self._queue.task_done()

    def _lose(self, what: str, why: str) -> None:
        self._lost += 1
        if time.monotonic() - self._warned_at > SECONDS_BETWEEN_WARNINGS:
            self._warned_at = time.monotonic()
            log.warning("%s was lost (%s); %d so far in this process", what, why, self._lost)
