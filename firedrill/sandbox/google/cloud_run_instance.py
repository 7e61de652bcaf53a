"""One instance of a revision: a process group that is started, probed, watched, logged, and restarted when it ends."""

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

from firedrill.sandbox.google import cloud_run_probes as probes
from firedrill.sandbox.google import cloud_run_processes as processes
from firedrill.sandbox.google.cloud_run_logs import TAIL, LogFile, Shipper, lines
from firedrill.sandbox.google.cloud_run_template import Probe, Template
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError

log = logging.getLogger(__name__)

MEMORY_PERIOD = 2.0
OUTPUT_SECONDS = 2.0
"""How long the rest of an ended instance's output is waited for."""
BACKOFF, LONGEST_BACKOFF, STEADY = 1.0, 60.0, 60.0
"""Seconds: first wait before a restart (doubles), longest wait, and life time after which it is short again."""


class InstanceFailed(Exception):
    """An instance of a new revision did not become ready; says why."""


@dataclass(frozen=True)
class Launch:
    """What to start. ``environment`` is asked at each start, with the port: ``latest`` secrets are read then."""

    revision: str
    template: Template
    command: tuple[str, ...]
    folder: Path
    logs: Path
    environment: Callable[[int], dict[str, str]]


class Instance:
    """One instance. ``ready`` says whether requests may go to it."""

    def __init__(
        self, launch: Launch, number: int, database: Database, http: httpx.AsyncClient, shipper: Shipper
    ) -> None:
        self.number = number
        self.port = 0
        self.pid: int | None = None
        self.ready = False
        self.restarts = 0
        self.memory = 0
        self.requests = 0
        """Requests on their way."""
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._launch = launch
        self._database = database
        self._http = http
        self._shipper = shipper
        self._file = LogFile(launch.logs / f"instance-{number}.log")
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[None] | None = None

    async def start(self, *, persist: bool = False) -> None:
        """Start and wait until ready; InstanceFailed at the first failed start unless it should ``persist``."""
        self._tasks = [asyncio.create_task(self._run(persist=persist)), asyncio.create_task(self._shipper.run())]
        if not persist:
            await self._first

    @property
    def settled(self) -> bool:
        """Whether the first start is over: it got ready, or failed."""
        return self._first.done()

    async def stop(self) -> None:
        """Take no more requests, let those on their way end, then end the processes."""
        self.ready = False
        deadline = time.monotonic() + processes.GRACE
        while self.requests and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await self.end()

    async def end(self) -> None:
        """End the processes now; once begun it goes to its end, even when this call is cancelled."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        self.ready = False
        if not self._first.done():
            self._first.set_exception(InstanceFailed("It was stopped before it was ready."))
            self._first.exception()  # nobody may be waiting for it
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shipper.flush()
        self._file.close()

    async def _run(self, *, persist: bool) -> None:
        wait = BACKOFF
        while True:
            began = time.monotonic()
            why = await self._live()
            self._say(why)
            if not self._first.done():
                if not persist:
                    self._first.set_exception(InstanceFailed(why))
                    return
                self._first.set_result(None)
            wait = BACKOFF if time.monotonic() - began > STEADY else wait
            self._say(f"Restarting in {wait:.0f} s.")
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_BACKOFF)
            self.restarts += 1

    async def _live(self) -> str:
        """One life of the process group, from start to end; why it ended."""
        self.port = processes.free_port()
        try:
            environment = self._launch.environment(self.port)
            self._shipper.renew(environment)
            Path(environment["HOME"]).mkdir(parents=True, exist_ok=True)
            process, pipe = await processes.start(self._launch.command, self._launch.folder, environment)
        except (GoogleError, OSError, ValueError) as error:  # a secret, the command or the folder
            return f"The instance could not be started: {error}"
        self.pid = process.pid
        processes.record(self._database, process.pid, self._launch.revision, self.number, self.port)
        output = asyncio.create_task(self._read(pipe))
        try:
            return await self._watch(process)
        finally:
            self.ready = False
            await processes.end(process)
            await asyncio.wait({output}, timeout=OUTPUT_SECONDS)
            output.cancel()
            processes.forget(self._database, process.pid)
            self.pid, self.memory = None, 0

    async def _watch(self, process: asyncio.subprocess.Process) -> str:
        """Probe the process until something ends it."""
        template = self._launch.template
        exited = asyncio.create_task(process.wait())
        startup = asyncio.create_task(probes.until_passed(template.startup, self.port, self._http))
        watchers: list[asyncio.Task[str]] = []
        try:
            await asyncio.wait({exited, startup}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return _ended(exited.result())
            if not startup.result():
                return self._unanswered()
            self.ready = True
            if not self._first.done():
                self._first.set_result(None)
            watchers = [asyncio.create_task(self._watch_memory(process.pid))]
            if template.liveness:
                watchers.append(asyncio.create_task(self._watch_liveness(template.liveness)))
            if template.readiness:
                watchers.append(asyncio.create_task(self._watch_readiness(template.readiness)))
            done, _ = await asyncio.wait({exited, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            reasons = [task.result() for task in watchers if task in done]
            return reasons[0] if reasons else _ended(exited.result())
        finally:
            for task in (startup, exited, *watchers):
                task.cancel()

    def _unanswered(self) -> str:
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
        failed = 0
        while True:
            await asyncio.sleep(probe.period)
            failed = 0 if await probes.passes(probe, self.port, self._http) else failed + 1
            self.ready = failed < probe.failures

    async def _watch_memory(self, group: int) -> str:
        limit = self._launch.template.memory
        while True:
            self.memory = processes.resident(group)
            if self.memory > limit:
                used = self.memory
                processes.kill_group(group)
                return (
                    f"Memory limit of {limit / 2**20:.0f} MiB exceeded with {used / 2**20:.0f} MiB used. Consider "
                    "increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits"
                )
            await asyncio.sleep(MEMORY_PERIOD)

    async def _read(self, pipe: BinaryIO) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        try:
            async for line in lines(reader):
                self._file.write(line)
                self.tail.append(line.decode(errors="replace"))
                self._shipper.add(line)
        finally:
            transport.close()

    def _say(self, message: str) -> None:
        """A line of Cloud Run's own about the instance: not the container's output, so not shipped to Datadog."""
        self._file.write(f"[cloud run] {message}".encode())
        log.warning("%s instance %d: %s", self._launch.revision, self.number, message)


def _ended(code: int) -> str:
    if code < 0:
        return f"Container terminated on signal {-code} ({signal.strsignal(-code)})."
    return f"Container called exit({code})."
