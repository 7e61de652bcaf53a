"""Starts, finds and ends the sandbox's processes.

What was started stands in ``processes.json``: process id and start time of each, so that a process id that the system
gave to another program later is never taken for ours.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from firedrill.errors import KnownFailure
from firedrill.sandbox.google.cloud_run_processes import end_leftovers
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.settings import Settings

START_DEADLINE = 60.0
"""Seconds until a process must answer."""
STOP_DEADLINE = 15.0
"""Seconds that a process has to end by itself; the Cloud Run front drains requests for up to 10."""


class SandboxError(KnownFailure):
    """One clear line: the thing, the reason, the next step."""


@dataclass(frozen=True)
class Process:
    """One process of the sandbox: its module, where it says that it is ready, and the ports it needs."""

    name: str
    health: str
    ports: tuple[int, ...]

    @property
    def command(self) -> list[str]:
        """How it is started."""
        return [sys.executable, "-m", f"firedrill.sandbox.{self.name}"]


def declared(settings: Settings) -> list[Process]:
    """The sandbox's processes, in the order in which they start."""
    return [
        Process("datadog", f"http://127.0.0.1:{settings.datadog_port}/-/health", (settings.datadog_port,)),
        Process("google", f"http://127.0.0.1:{settings.google_port}/-/health", (settings.google_port, settings.port)),
        Process("providers", "", (settings.datadog_provider_port, settings.gcp_provider_port)),
    ]


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Only one command at a time may start or end this sandbox's processes."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(
                f"another firedrill command is at work on {settings.home}: wait for it to end, or end it"
            ) from None
        yield


def busy(settings: Settings) -> bool:
    """Whether a command that holds the sandbox is at work."""
    try:
        with (settings.home / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def running(settings: Settings) -> dict[str, psutil.Process]:
    """The processes that were started here and still live, by name."""
    found = {}
    for name, (pid, started) in _recorded(settings).items():
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                found[name] = process
        except psutil.NoSuchProcess:
            continue
    return found


def healthy(process: Process) -> bool:
    """Whether it answers."""
    if process.health:
        try:
            return httpx.get(process.health, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
    return all(_listening(port) for port in process.ports)


def require(settings: Settings) -> None:
    """All processes run and answer. Raises :class:`SandboxError` naming those that do not."""
    alive = running(settings)
    silent = [one.name for one in declared(settings) if one.name not in alive or not healthy(one)]
    if silent:
        raise SandboxError(f"the sandbox's {', '.join(silent)} does not run: `firedrill up` starts what is missing")


def start(settings: Settings) -> list[str]:
    """Start what does not run. Returns the names of what was started; on failure nothing new is left running."""
    alive = running(settings)
    for process in declared(settings):
        if process.name in alive and not _answers(process, deadline=5):
            _end({process.name: alive.pop(process.name)})
    missing = [process for process in declared(settings) if process.name not in alive]
    for process in missing:
        for port in process.ports:
            _refuse_taken(port, process, settings)
    settings.logs.mkdir(parents=True, exist_ok=True)
    started: dict[str, psutil.Process] = {}
    try:
        for process in missing:
            started[process.name] = _launch(process, settings)
            _record(settings, alive | started)
        for process in missing:
            _await(process, started[process.name], settings)
    except BaseException:
        _end(started)
        _record(settings, alive)
        raise
    return [process.name for process in missing]


def stop(settings: Settings) -> list[str]:
    """End what was started here, and nothing else. Returns the names of what was ended."""
    alive = running(settings)
    order = [process.name for process in reversed(declared(settings)) if process.name in alive]
    for name in order:
        _end({name: alive[name]})
    (settings.home / "processes.json").unlink(missing_ok=True)
    if _end_instances(settings):
        order.append("instances of the service that a killed process had left")
    return order


def _end_instances(settings: Settings) -> bool:
    """End what a Google process that was killed could not: the service's instances, by what it recorded of them."""
    database = settings.home / "google.sqlite"
    return database.exists() and bool(end_leftovers(Database(database)))


def last_lines(settings: Settings, name: str, count: int = 5) -> str:
    """The end of a process's log."""
    log = settings.logs / f"{name}.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-count:])


def _launch(process: Process, settings: Settings) -> psutil.Process:
    environment = os.environ | {
        "FIREDRILL_ROOT": str(settings.root),
        "FIREDRILL_HOME": str(settings.home),
        "FIREDRILL_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }
    with (settings.logs / f"{process.name}.log").open("ab") as log:
        child = subprocess.Popen(
            process.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
    return psutil.Process(child.pid)


def _await(process: Process, child: psutil.Process, settings: Settings) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while not healthy(process):
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            raise SandboxError(
                f"the sandbox's {process.name} process ended while starting; the end of its log "
                f"({settings.logs / f'{process.name}.log'}):\n{last_lines(settings, process.name)}"
            )
        if time.monotonic() > deadline:
            raise SandboxError(
                f"the sandbox's {process.name} process did not answer within {START_DEADLINE:.0f} s; "
                f"see {settings.logs / f'{process.name}.log'}"
            )
        time.sleep(0.1)


def _answers(process: Process, deadline: float) -> bool:
    end = time.monotonic() + deadline
    while not healthy(process):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _end(processes: dict[str, psutil.Process]) -> None:
    for process in processes.values():
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(list(processes.values()), timeout=STOP_DEADLINE)
    for process in left:
        try:
            for child in process.children(recursive=True):
                child.kill()
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _refuse_taken(port: int, process: Process, settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SandboxError(
                f"port {port}, which the sandbox's {process.name} process needs, is taken{_owner(port)}: "
                f"end that program, or choose another range, for example FIREDRILL_PORT={settings.port + 1000} make up"
            ) from None


def _owner(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS tells only root
        return ""
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            if connection.pid is None:
                return ""
            return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def _record(settings: Settings, processes: dict[str, psutil.Process]) -> None:
    recorded = {name: [process.pid, process.create_time()] for name, process in processes.items()}
    temporary = settings.home / "processes.json.new"
    temporary.write_text(json.dumps(recorded))
    temporary.replace(settings.home / "processes.json")


def _recorded(settings: Settings) -> dict[str, tuple[int, float]]:
    file = settings.home / "processes.json"
    return json.loads(file.read_text()) if file.exists() else {}
