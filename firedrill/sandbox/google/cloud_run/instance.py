"""An instance of a revision: a process group that is started, probed, logged, and restarted when it ends."""

import asyncio
import logging
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from firedrill.sandbox.google.cloud_run import probes, processes
from firedrill.sandbox.google.cloud_run.logs import TAIL_LINES, LogFile, LogShipper, read_lines
from firedrill.sandbox.google.cloud_run.template import Probe, Template
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse

log = logging.getLogger(__name__)

MEMORY_CHECK_SECONDS = 2.0
OUTPUT_SECONDS = 2.0
"""Time for an ended instance's remaining output to arrive."""
BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, STEADY_SECONDS = 1.0, 60.0, 60.0
"""First wait before a restart (doubles each time), longest wait, and the lifetime that resets the wait."""


class InstanceFailed(Exception):
    """An instance of a new revision did not become ready; the text is the reason."""


@dataclass(frozen=True)
class Launch:
    """The process to start. ``environment`` is called with the port at each start and reads ``latest`` secrets."""

    revision: str
    template: Template
    command: tuple[str, ...]
    folder: Path
    logs: Path
    environment: Callable[[int], dict[str, str]]


class Instance:
    """An instance. ``ready`` tells whether it gets requests."""

    def __init__(
        self, launch: Launch, number: int, database: Database, http: httpx.AsyncClient, shipper: LogShipper
    ) -> None:
        self.number = number
        self.port = 0
        self.pid: int | None = None
        self.ready = False
        self.restarts = 0
        self.memory = 0
        self.requests = 0
        """Requests in progress."""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._launch = launch
        self._database = database
        self._http = http
        self._shipper = shipper
        self._file = LogFile(launch.logs / f"instance-{number}.log")
        self._first_start: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[None] | None = None

    async def start(self, *, persist: bool = False) -> None:
        """Start and wait until ready, or with ``persist`` keep trying in the background. Raises InstanceFailed."""
        self._tasks = [asyncio.create_task(self._run(persist=persist)), asyncio.create_task(self._shipper.run())]
        if not persist:
            await self._first_start

    @property
    def settled(self) -> bool:
        """True once the first start has succeeded or failed."""
        return self._first_start.done()

    async def stop(self) -> None:
        """Take no more requests, let those in progress end, then end the processes."""
        self.ready = False
        deadline = time.monotonic() + processes.GRACE_SECONDS
        while self.requests and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.end()

    async def end(self) -> None:
        """End the processes now. Once begun, this completes even when the call is cancelled."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        self.ready = False
        if not self._first_start.done():
            self._first_start.set_exception(InstanceFailed("It was stopped before it was ready."))
            self._first_start.exception()  # nobody may be waiting for it
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shipper.flush()
        self._file.close()

    async def _run(self, *, persist: bool) -> None:
        wait = BACKOFF_SECONDS
        while True:
            started = time.monotonic()
            reason = await self._run_once()
            self._log_event(reason)
            if not self._first_start.done():
                if not persist:
                    self._first_start.set_exception(InstanceFailed(reason))
                    return
                self._first_start.set_result(None)
            wait = BACKOFF_SECONDS if time.monotonic() - started > STEADY_SECONDS else wait
            self._log_event(f"Restarting in {wait:.0f} s.")
            await asyncio.sleep(wait)
            wait = min(wait * 2, MAX_BACKOFF_SECONDS)
            self.restarts += 1

    async def _run_once(self) -> str:
        """Run the process group from start to end and return why it ended."""
        self.port = processes.free_port()
        try:
            environment = self._launch.environment(self.port)
            self._shipper.renew(environment)
            Path(environment["HOME"]).mkdir(parents=True, exist_ok=True)
            process, pipe = await processes.start_process(self._launch.command, self._launch.folder, environment)
        except (ErrorResponse, OSError, ValueError) as error:  # a secret, the command or the folder is unusable
            return f"The instance could not be started: {error}"
        self.pid = process.pid
        processes.record_instance(self._database, process.pid, self._launch.revision, self.number, self.port)
        output = asyncio.create_task(self._read(pipe))
        try:
            return await self._watch(process)
        finally:
            self.ready = False
            await processes.end_process(process)
            await asyncio.wait({output}, timeout=OUTPUT_SECONDS)
            output.cancel()
            processes.forget_instance(self._database, process.pid)
            self.pid, self.memory = None, 0

    async def _watch(self, process: asyncio.subprocess.Process) -> str:
        """Probe the process until it ends or must end, and return why."""
        template = self._launch.template
        exited = asyncio.create_task(process.wait())
        startup = asyncio.create_task(probes.until_passed(template.startup, self.port, self._http))
        watchers: list[asyncio.Task[str]] = []
        try:
            await asyncio.wait({exited, startup}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return _exit_reason(exited.result())
            if not startup.result():
                return self._startup_failure()
            self.ready = True
            if not self._first_start.done():
                self._first_start.set_result(None)
            watchers = [asyncio.create_task(self._watch_memory(process.pid))]
            if template.liveness:
                watchers.append(asyncio.create_task(self._watch_liveness(template.liveness)))
            if template.readiness:
                watchers.append(asyncio.create_task(self._watch_readiness(template.readiness)))
            done, _ = await asyncio.wait({exited, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            reasons = [task.result() for task in watchers if task in done]
            return reasons[0] if reasons else _exit_reason(exited.result())
        finally:
            for task in (startup, exited, *watchers):
                task.cancel()

    def _startup_failure(self) -> str:
        probe = self._launch.template.startup
        check = "TCP" if probe.path is None else f"HTTP GET {probe.path}"
        return (
            "The user-provided container failed to start and listen on the port defined by the PORT environment "
            f"variable within the allocated timeout: the startup probe ({check}) failed {probe.failures} times."
        )

    async def _watch_liveness(self, probe: Probe) -> str:
        await probes.until_failed(probe, self.port, self._http)
        return f"LIVENESS {probe.path or 'TCP'} probe failed {probe.failures} times consecutively: instance shut down."

    async def _watch_readiness(self, probe: Probe) -> str:
        failures = 0
        while True:
            await asyncio.sleep(probe.period)
            failures = 0 if await probes.passes(probe, self.port, self._http) else failures + 1
            self.ready = failures < probe.failures

    async def _watch_memory(self, group: int) -> str:
        limit = self._launch.template.memory
        while True:
            self.memory = processes.resident_bytes(group)
            if self.memory > limit:
                used = self.memory
                processes.kill_group(group)
                return (
                    f"Memory limit of {limit / 2**20:.0f} MiB exceeded with {used / 2**20:.0f} MiB used. Consider "
                    "increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
                )
            await asyncio.sleep(MEMORY_CHECK_SECONDS)

    async def _read(self, pipe: BinaryIO) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        try:
            async for line in read_lines(reader):
                self._file.write(line)
                self.tail.append(line.decode(errors="replace"))
                self._shipper.add(line)
        finally:
            transport.close()

    def _log_event(self, message: str) -> None:
        """Write a line of Cloud Run about the instance. It is not container output, so it is not sent to Datadog."""
        self._file.write(f"[cloud run] {message}".encode())
        log.warning("%s instance %d: %s", self._launch.revision, self.number, message)


def _exit_reason(code: int) -> str:
    if code < 0:
        return f"Container terminated on signal {-code} ({signal.strsignal(-code)})."
    return f"Container called exit({code})."
