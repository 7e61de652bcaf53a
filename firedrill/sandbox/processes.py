"""Lifecycle of the sandbox's processes: start, find, stop.

``processes.json`` records the process id and start time of each, so that a process id that the system has reused for
another program is never mistaken for one of the sandbox.
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
from firedrill.sandbox.google.cloud_run.processes import end_leftovers
from firedrill.sandbox.google.database import Database
from firedrill.settings import Settings

START_DEADLINE = 60.0
"""Seconds until a process must answer."""
STOP_DEADLINE = 15.0
"""Seconds from SIGTERM to SIGKILL; Cloud Run's front end finishes open requests for up to 10."""


class SandboxError(KnownFailure):
    """A failure to start or stop the sandbox: the thing, the reason, the next step."""


@dataclass(frozen=True)
class Process:
    """A process of the sandbox: its module, its health URL and its ports."""

    name: str
    health: str
    ports: tuple[int, ...]

    @property
    def command(self) -> list[str]:
        """The command line that starts it."""
        return [sys.executable, "-m", f"firedrill.sandbox.{self.name}"]


def declared(settings: Settings) -> list[Process]:
    """Return the sandbox's processes, in the order in which they start."""
    return [
        Process("datadog", f"http://127.0.0.1:{settings.datadog_port}/-/health", (settings.datadog_port,)),
        Process("google", f"http://127.0.0.1:{settings.google_port}/-/health", (settings.google_port, settings.port)),
        Process("providers", "", (settings.datadog_provider_port, settings.gcp_provider_port)),
    ]


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Hold the sandbox's lock, so that only one command at a time starts or stops processes. Raises SandboxError."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(
                f"another firedrill command is using {settings.home}: wait for it to finish, or stop it"
            ) from None
        yield


def busy(settings: Settings) -> bool:
    """Return whether a command holds the sandbox's lock."""
    try:
        with (settings.home / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def running(settings: Settings) -> dict[str, psutil.Process]:
    """Return the recorded processes that are still running, by name."""
    alive = {}
    for name, (pid, started) in _recorded(settings).items():
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                alive[name] = process
        except psutil.NoSuchProcess:
            continue
    return alive


def healthy(process: Process) -> bool:
    """Return whether a process responds."""
    if process.health:
        try:
            return httpx.get(process.health, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
    return all(_listening(port) for port in process.ports)


def require(settings: Settings) -> None:
    """Check that all processes run and respond. Raises :class:`SandboxError` with those that do not."""
    alive = running(settings)
    down = [process.name for process in declared(settings) if process.name not in alive or not healthy(process)]
    if down:
        raise SandboxError(f"the sandbox's {', '.join(down)} does not run: start it with `firedrill up`")


def start(settings: Settings) -> list[str]:
    """Start the processes that do not run and return their names. On failure, stop those again."""
    alive = running(settings)
    for process in declared(settings):
        if process.name in alive and not _responds(process, seconds=5):
            _end({process.name: alive.pop(process.name)})
    missing = [process for process in declared(settings) if process.name not in alive]
    for process in missing:
        for port in process.ports:
            _require_free(port, process, settings)
    settings.logs.mkdir(parents=True, exist_ok=True)
    started: dict[str, psutil.Process] = {}
    try:
        for process in missing:
            started[process.name] = _launch(process, settings)
            _record(settings, alive | started)
        for process in missing:
            _wait_until_healthy(process, started[process.name], settings)
    except BaseException:
        _end(started)
        _record(settings, alive)
        raise
    return [process.name for process in missing]


def stop(settings: Settings) -> list[str]:
    """Stop the recorded processes, and no others, and return their names."""
    alive = running(settings)
    order = [process.name for process in reversed(declared(settings)) if process.name in alive]
    for name in order:
        _end({name: alive[name]})
    (settings.home / "processes.json").unlink(missing_ok=True)
    if _end_instances(settings):
        order.append("instances of the service, left over from a killed process")
    return order


def _end_instances(settings: Settings) -> bool:
    """End the service's instances that a killed Google process left running, by its records of them."""
    database = settings.home / "google.sqlite"
    return database.exists() and bool(end_leftovers(Database(database)))


def last_lines(settings: Settings, name: str, count: int = 5) -> str:
    """Return the end of a process's log."""
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


def _wait_until_healthy(process: Process, child: psutil.Process, settings: Settings) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while not healthy(process):
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            raise SandboxError(
                f"the sandbox's {process.name} process ended while starting; the last lines of its log "
                f"({settings.logs / f'{process.name}.log'}):\n{last_lines(settings, process.name)}"
            )
        if time.monotonic() > deadline:
            raise SandboxError(
                f"the sandbox's {process.name} process did not respond within {START_DEADLINE:.0f} s; "
                f"see {settings.logs / f'{process.name}.log'}"
            )
        time.sleep(0.1)


def _responds(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not healthy(process):
        if time.monotonic() > deadline:
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


def _require_free(port: int, process: Process, settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SandboxError(
                f"port {port} of the sandbox's {process.name} process is in use{_owner(port)}: "
                f"stop that program, or choose other ports, for example FIREDRILL_PORT={settings.port + 1000} make up"
            ) from None


def _owner(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS requires root
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
