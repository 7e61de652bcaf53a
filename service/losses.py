"""Telemetry that did not arrive: counted, and told where the loss cannot hide it: in the log, which needs no agent.

The tracer and the DogStatsD client tell a loss only in their own logs, the one at most once a minute, the other once a
packet. A filter counts what they tell and puts one line in its place, every :data:`SECONDS` at most.
https://docs.datadoghq.com/developers/dogstatsd/#client-side-telemetry goes through the very agent that is missing.
"""

import atexit
import logging
import threading
import time
from collections import Counter

from service.telemetry import LOSS_LOG

log = logging.getLogger(__name__)

SECONDS = 10.0
SOURCES = {
    "ddtrace.internal.writer.writer": ("traces", ("failed to send, dropping", "trace buffer (", "trace (")),
    "ddtrace.llmobs._writer": ("llm_spans", ("failed to send",)),
    "datadog.dogstatsd": ("metrics", ("Error submitting packet",)),
}
"""By logger: what is lost, and how a line that tells it begins. A dead agent's UDP port tells every second packet."""


class Losses(logging.Filter):
    """Counts. Safe for threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._lost: Counter[str] = Counter()
        self._since: Counter[str] = Counter()
        self._told = float("-inf")
        self._seconds = SECONDS

    def watch(self) -> None:
        """From now on, in this process."""
        for name in SOURCES:
            # First, since the tracer's own filter lets one line a minute through.
            logging.getLogger(name).filters.insert(0, self)
        atexit.register(self._end)

    def filter(self, record: logging.LogRecord) -> bool:
        """Count a line that tells a loss, and leave it out."""
        what, beginnings = SOURCES[record.name]
        if not str(record.msg).startswith(beginnings):
            return True
        arguments = record.args if isinstance(record.args, tuple) else ()
        several = str(record.msg).startswith("failed to send") and arguments and isinstance(arguments[0], int)
        with self._lock:
            self._since[what] += int(str(arguments[0])) if several else 1
            due = time.monotonic() - self._told >= self._seconds
        if due:
            self.tell()
        return False

    def _end(self) -> None:
        """What the tracer's own last flush loses comes after this: it is told at once."""
        self._seconds = 0.0
        self.tell()

    def tell(self) -> None:
        """One line for each kind of which some was lost since the last one."""
        with self._lock:
            since, self._since, self._told = self._since, Counter(), time.monotonic()
            self._lost += since
            total = dict(self._lost)
        for what, count in since.items():
            fields = {"event": LOSS_LOG.event, "what": what, "lost": count, "lost_in_all": total[what]}
            log.warning("telemetry was lost: Datadog's agent did not take it", extra=fields)
