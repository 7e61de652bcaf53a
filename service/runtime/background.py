"""Work that no caller waits for: one thread for each process and a bounded queue. Lost work is counted in the log."""

import atexit
import logging
import queue
import threading
import time
from collections.abc import Callable

from service.problems import Problem

log = logging.getLogger(__name__)

MAX_WAITING = 1000
DRAIN_SECONDS = 2.0
"""Time for the work that still waits when the process ends."""
SECONDS_BETWEEN_WARNINGS = 60.0


class BackgroundQueue:
    """The queue of a process. The thread starts with the first work, that is after gunicorn's fork."""

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[str, Callable[[], object]]] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lost, self._warned_at = 0, float("-inf")

    def submit(self, name: str, work: Callable[[], object]) -> None:
        """Run the work soon. ``name`` describes it in the log when it is lost."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background", daemon=True)
                self._thread.start()
                atexit.register(self.drain)
        try:
            self._queue.put_nowait((name, work))
        except queue.Full:
            self._report_lost(name, "the queue is full")

    def drain(self) -> None:
        """Wait until the queue is empty, for :data:`DRAIN_SECONDS` at most."""
        deadline = time.monotonic() + DRAIN_SECONDS
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks and (left := deadline - time.monotonic()) > 0:
                self._queue.all_tasks_done.wait(left)

    def _run(self) -> None:
        while True:
            name, work = self._queue.get()
            try:
                work()
            except Problem as problem:
                self._report_lost(name, problem.detail)
            except Exception:  # the thread must live on, whatever one piece of work does
                log.exception("background work failed by a mistake of the service")
            finally:
                self._queue.task_done()

    def _report_lost(self, name: str, reason: str) -> None:
        self._lost += 1
        if time.monotonic() - self._warned_at > SECONDS_BETWEEN_WARNINGS:
            self._warned_at = time.monotonic()
            log.warning("%s was lost (%s); %d so far in this process", name, reason, self._lost)
