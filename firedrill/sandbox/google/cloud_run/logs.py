"""Logs of an instance: kept in files of bounded size, and sent to Datadog as serverless-init does.

https://docs.datadoghq.com/api/latest/logs/#send-logs: at most 1,000 entries and 5 MB a request, 1 MB an entry.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx

log = logging.getLogger(__name__)

FILE_BYTES = 5_000_000
"""Size at which a log file is renamed to ``.1`` and a new one starts."""
MAX_LINE_BYTES = 1_000_000
BATCH_ENTRIES, BATCH_BYTES = 1000, 4_000_000
BATCH_SECONDS = 0.5
QUEUE_LINES = 20_000
"""Lines queued while Datadog does not respond; beyond that the oldest are dropped."""
TAIL_LINES = 60
"""Lines that an error message quotes."""


class LogFile:
    """The log file ``instance-N.log``, rotated once: at most two files of FILE_BYTES."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        """Append a line."""
        if self._file.tell() > FILE_BYTES:
            self._file.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._file = self._path.open("ab")
        self._file.write(line + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class LogShipper:
    """Sends an instance's lines to Datadog in batches, and retries what could not be sent."""

    def __init__(self, http: httpx.AsyncClient, url: str, environment: Mapping[str, str], tags: list[str]) -> None:
        self._http = http
        self._url = f"{url}/api/v2/logs"
        self._key = environment.get("DD_API_KEY", "")
        enabled = environment.get("DD_LOGS_ENABLED", "").lower() == "true"
        self._queue: deque[str] | None = deque(maxlen=QUEUE_LINES) if enabled and self._key else None
        unified_tags = [f"{tag}:{environment[name]}" for tag, name in (("env", "DD_ENV"), ("version", "DD_VERSION"))
                   if environment.get(name)]  # fmt: skip
        extra_tags = [tag for tag in environment.get("DD_TAGS", "").split(",") if tag]
        self._entry: dict[str, Any] = {
            "ddsource": environment.get("DD_SOURCE", "cloudrun"),
            "service": environment.get("DD_SERVICE", environment.get("K_SERVICE", "")),
            "ddtags": ",".join(unified_tags + extra_tags + tags),
        }
        self._arrived = asyncio.Event()

    def renew(self, environment: Mapping[str, str]) -> None:
        """Use the API key of a restarted instance: its secret may have a new version."""
        self._key = environment.get("DD_API_KEY", "")

    def add(self, line: bytes) -> None:
        """Queue a line."""
        if self._queue is not None and line.strip():
            self._queue.append(line[:MAX_LINE_BYTES].decode(errors="replace"))
            self._arrived.set()

    async def run(self) -> None:
        """Send until cancelled."""
        wait = BATCH_SECONDS
        while True:
            await self._arrived.wait()
            await asyncio.sleep(wait)
            sent = await self.flush()
            wait = BATCH_SECONDS if sent else min(wait * 2, 30)

    async def flush(self) -> bool:
        """Send the queue. Return False when Datadog did not accept it."""
        self._arrived.clear()
        while self._queue:
            batch: list[str] = []
            size = 0
            while self._queue and len(batch) < BATCH_ENTRIES and size < BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += len(batch[-1])
            body = [self._entry | {"message": message} for message in batch]
            try:
                response = await self._http.post(self._url, json=body, headers={"DD-API-KEY": self._key}, timeout=5)
            except httpx.HTTPError as error:
                reason, permanent = f"{type(error).__name__} {error}", False
            else:
                if response.status_code == 202:
                    continue
                reason, permanent = f"status {response.status_code}", response.status_code in (400, 401, 403, 413)
            log.warning("Datadog did not accept logs of %s: %s", self._entry["service"], reason)
            if permanent:
                continue
            free = QUEUE_LINES - len(self._queue)
            self._queue.extendleft(reversed(batch[-free:] if free else []))
            self._arrived.set()
            return False
        return True


async def read_lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield a process's output lines without line ends. A line over MAX_LINE_BYTES comes in pieces."""
    rest = b""
    while chunk := await stream.read(65536):
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.rstrip(b"\r")
        if len(rest) > MAX_LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest
