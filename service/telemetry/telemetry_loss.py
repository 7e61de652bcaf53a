"""Telemetry that Datadog's agent did not take, counted in the log, which needs no agent.

The tracer and the DogStatsD client report a loss in their own logs only: the tracer at most once a minute, the client
once for each packet. A filter counts these lines and replaces them by one line in :data:`SECONDS_BETWEEN_LINES`.
https://docs.datadoghq.com/developers/dogstatsd/#client-side-telemetry goes through the very agent that is missing.
"""

import atexit
import logging
import threading
import time
from collections import Counter

from service.telemetry import LOSS_LOG

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10.0
LOSS_LINES = {
    "ddtrace.internal.writer.writer": ("traces", ("failed to send, dropping", "trace buffer (", "trace (")),
    "ddtrace.llmobs._writer": ("llm_spans", ("failed to send",)),
    "datadog.dogstatsd": ("metrics", ("Error submitting packet",)),
}
"""The telemetry that is lost and the beginnings of the lines that report it, by logger. Over UDP, only every second
packet to a dead agent is reported."""


class TelemetryLoss(logging.Filter):
    """Counts the losses of a process. Safe for threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._total: Counter[str] = Counter()
        self._since_last_line: Counter[str] = Counter()
        self._last_line_at = float("-inf")
        self._pause = SECONDS_BETWEEN_LINES

    def watch(self) -> None:
        """Count from now on, in place of another counter of this process."""
        for name in LOSS_LINES:
            filters = logging.getLogger(name).filters
            # First, since the tracer's own filter lets one line a minute through.
            filters[:] = [self, *(other for other in filters if not isinstance(other, TelemetryLoss))]
        atexit.register(self._log_at_once)

    def filter(self, record: logging.LogRecord) -> bool:
        """Count a line that reports a loss, and drop it."""
        kind, beginnings = LOSS_LINES[record.name]
        if not str(record.msg).startswith(beginnings):
            return True
        arguments = record.args if isinstance(record.args, tuple) else ()
        has_count = str(record.msg).startswith("failed to send") and arguments and isinstance(arguments[0], int)
        with self._lock:
            self._since_last_line[kind] += int(str(arguments[0])) if has_count else 1
            is_due = time.monotonic() - self._last_line_at >= self._pause
        if is_due:
            self._log()
        return False

    def _log_at_once(self) -> None:
        """Log each loss at once: as the process exits, the tracer's last flush comes after this."""
        self._pause = 0.0
        self._log()

    def _log(self) -> None:
        """Log one line for each kind of telemetry that was lost since the last one."""
        with self._lock:
            counts, self._since_last_line, self._last_line_at = self._since_last_line, Counter(), time.monotonic()
            self._total += counts
            total = dict(self._total)
        for kind, count in counts.items():
            fields = {"event": LOSS_LOG.event, "what": kind, "lost": count, "lost_in_all": total[kind]}
            log.warning("telemetry was lost: Datadog's agent did not take it", extra=fields)
