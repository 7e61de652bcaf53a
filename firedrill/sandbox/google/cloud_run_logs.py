"""What an instance writes: kept in a file of bounded size, and shipped to Datadog as serverless-init would.

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
"""Size at which an instance's log file becomes ``.1`` and starts anew."""
LINE_BYTES = 1_000_000
BATCH_ENTRIES, BATCH_BYTES = 1000, 4_000_000
BATCH_SECONDS = 0.5
QUEUE = 20_000
"""Lines kept while Datadog does not answer; then the oldest go."""
TAIL = 60
"""Lines that an error message may quote."""


class LogFile:
    """``instance-N.log``: at most two files of FILE_BYTES."""

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


class Shipper:
    """Sends an instance's lines to Datadog in batches; keeps what it could not send and tries again."""

    def __init__(self, http: httpx.AsyncClient, url: str, environment: Mapping[str, str], tags: list[str]) -> None:
        self._http = http
        self._url = f"{url}/api/v2/logs"
        self._key = environment.get("DD_API_KEY", "")
        enabled = environment.get("DD_LOGS_ENABLED", "").lower() == "true"
        self._queue: deque[str] | None = deque(maxlen=QUEUE) if enabled and self._key else None
        unified = [f"{tag}:{environment[name]}" for tag, name in (("env", "DD_ENV"), ("version", "DD_VERSION"))
                   if environment.get(name)]  # fmt: skip
        more = [tag for tag in environment.get("DD_TAGS", "").split(",") if tag]
        self._entry: dict[str, Any] = {
            "ddsource": environment.get("DD_SOURCE", "cloudrun"),
            "service": environment.get("DD_SERVICE", environment.get("K_SERVICE", "")),
            "ddtags": ",".join(unified + more + tags),
        }
        self._arrived = asyncio.Event()

    def renew(self, environment: Mapping[str, str]) -> None:
        """Send with the key that a restarted instance has: its secret may have a new version."""
        self._key = environment.get("DD_API_KEY", "")

    def add(self, line: bytes) -> None:
        """Queue a line."""
        if self._queue is not None and line.strip():
            self._queue.append(line[:LINE_BYTES].decode(errors="replace"))
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
        """Send what is queued; False when Datadog did not take it."""
        self._arrived.clear()
        while self._queue:
            batch: list[str] = []
            size = 0
            while self._queue and len(batch) < BATCH_ENTRIES and size < BATCH_BYTES:
                batch.append(self._queue.popleft())
                size += len(batch[-1])
            body = [self._entry | {"message": message} for message in batch]
            try:
                answer = await self._http.post(self._url, json=body, headers={"DD-API-KEY": self._key}, timeout=5)
            except httpx.HTTPError as error:
                reason, lost = f"{type(error).__name__} {error}", False
            else:
                if answer.status_code == 202:
                    continue
                reason, lost = f"status {answer.status_code}", answer.status_code in (400, 401, 403, 413)
            log.warning("logs of %s not accepted by Datadog: %s", self._entry["service"], reason)
            if lost:
                continue
            room = QUEUE - len(self._queue)
            self._queue.extendleft(reversed(batch[-room:] if room else []))
            self._arrived.set()
            return False
        return True


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a process's output without their line ends; a line over LINE_BYTES comes in pieces."""
    rest = b""
    while chunk := await stream.read(65536):
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.rstrip(b"\r")
        if len(rest) > LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest
