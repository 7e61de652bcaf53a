"""Process groups of instances: found, measured and ended, those of an earlier run included."""

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

GRACE = 7.0
"""Seconds between SIGTERM and SIGKILL (Cloud Run: 10; the sandbox must be gone after 10)."""


def free_port() -> int:
    """A TCP port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def members(group: int) -> list[psutil.Process]:
    """The processes of a group."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getpgid(pid) == group:
                found.append(psutil.Process(pid))
    return found


def resident(group: int) -> int:
    """Bytes of memory that a group's processes hold (RSS: pages that they share count for each)."""
    total = 0
    for process in members(group):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


async def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, BinaryIO]:
    """Start a process group; its first process, and what all of it writes. OSError when it cannot be started."""
    # A pipe of our own: asyncio takes a process with pipes of its own for alive as long as any child holds them.
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


async def end(process: asyncio.subprocess.Process) -> None:
    """End an instance: SIGTERM to its first process, after the grace SIGKILL to all of its group."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
    kill_group(process.pid)
    await process.wait()


def kill_group(group: int) -> None:
    """SIGKILL to what is left of a group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def record(database: Database, pid: int, revision: str, number: int, port: int) -> None:
    """Remember a started instance by process id and start time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(pid).create_time()
        database.rows("INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?)", (pid, started, revision, number, port))


def forget(database: Database, pid: int) -> None:
    """Forget an instance that ended."""
    database.rows("DELETE FROM instances WHERE pid = ?", (pid,))


def end_leftovers(database: Database) -> list[int]:
    """End the instances that an earlier, killed run of this process recorded and left behind; their process ids."""
    ended = []
    for row in database.rows("SELECT * FROM instances"):
        if any(_is_recorded(process, row["pid"], row["started"], row["port"]) for process in members(row["pid"])):
            kill_group(row["pid"])
            ended.append(row["pid"])
        forget(database, row["pid"])
    return ended


def _is_recorded(process: psutil.Process, pid: int, started: float, port: int) -> bool:
    """Whether a member of the group with a recorded id is of the recorded instance, and not of a later program's."""
    try:
        if process.pid == pid:
            return abs(process.create_time() - started) < 1
        # The first process is gone; its workers still carry the instance's environment.
        return process.create_time() >= started - 1 and process.environ().get("PORT") == str(port)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
