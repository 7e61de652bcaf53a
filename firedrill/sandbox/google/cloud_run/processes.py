"""Process groups of instances: started, measured and ended, including those of an earlier run."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil

from firedrill.sandbox.google.database import Database

GRACE_SECONDS = 7.0
"""Time between SIGTERM and SIGKILL. Cloud Run has 10; the sandbox itself must end within 10."""


def free_port() -> int:
    """Return a free TCP port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def group_members(group: int) -> list[psutil.Process]:
    """Return the processes of a group."""
    processes = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getpgid(pid) == group:
                processes.append(psutil.Process(pid))
    return processes


def resident_bytes(group: int) -> int:
    """Return the bytes of memory that a group's processes hold (RSS; shared pages count for each process)."""
    total = 0
    for process in group_members(group):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


async def start_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, BinaryIO]:
    """Start a process group and return its first process and the group's output. Raises OSError."""
    # Not asyncio's pipes: with those a process counts as alive as long as any child holds them.
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return process, os.fdopen(reading, "rb", buffering=0)


async def end_process(process: asyncio.subprocess.Process) -> None:
    """End an instance: SIGTERM to its first process, after the grace period SIGKILL to its group."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    kill_group(process.pid)
    await process.wait()


def kill_group(group: int) -> None:
    """Send SIGKILL to the remaining processes of a group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def record_instance(database: Database, pid: int, revision: str, number: int, port: int) -> None:
    """Record a started instance by process id and start time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(pid).create_time()
        database.rows("INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?)", (pid, started, revision, number, port))


def forget_instance(database: Database, pid: int) -> None:
    """Delete the record of an ended instance."""
    database.rows("DELETE FROM instances WHERE pid = ?", (pid,))


def end_leftovers(database: Database) -> list[int]:
    """End the recorded instances that a killed run left behind and return their process ids."""
    ended = []
    for row in database.rows("SELECT * FROM instances"):
        if any(_is_recorded(process, row["pid"], row["started"], row["port"]) for process in group_members(row["pid"])):
            kill_group(row["pid"])
            ended.append(row["pid"])
        forget_instance(database, row["pid"])
    return ended


def _is_recorded(process: psutil.Process, pid: int, started: float, port: int) -> bool:
    """Return whether a process belongs to the recorded instance and not to a later program with the same id."""
    try:
        if process.pid == pid:
            return abs(process.create_time() - started) < 1
        # The first process is gone; its workers still have the instance's environment.
        return process.create_time() >= started - 1 and process.environ().get("PORT") == str(port)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
