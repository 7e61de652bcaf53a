"""Worker processes of a proof, which end at once when the proof is interrupted."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def worker_pool(start: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Provide a process for each core, in each of which ``start`` has run. An error or Ctrl-C ends them at once."""
    pool = ProcessPoolExecutor(os.cpu_count() or 1, initializer=_start, initargs=(start, arguments))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    pool.shutdown()


def _start(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Leave Ctrl-C to the parent, which a terminal sends to every process, and run ``start``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    start(*arguments)
