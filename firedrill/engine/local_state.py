"""Repair of the sandbox's local state after a killed update: its locks and truncated files."""

import json
import shutil
import sys
from pathlib import Path

import psutil

from firedrill.engine.result import UpdateFailed
from firedrill.settings import Settings

LOCK_DEADLINE = 60.0
"""Seconds that an update has to end after its command was ended."""


def lift_locks(settings: Settings, stack: str) -> None:
    """Wait for an update whose command was ended, and lift the locks of updates that were killed.

    Raises:
        UpdateFailed: the process that holds a lock does not end in time.
    """
    for lock in (settings.home / "state" / ".pulumi" / "locks").rglob(f"{stack}/*.json"):
        try:
            owner = int(json.loads(lock.read_text())["pid"])
            process = psutil.Process(owner)
            if process.create_time() < lock.stat().st_mtime:  # else the process id was reused
                _warn(f"An earlier update (process {owner}) is still running: waiting for it to end.")
                process.wait(LOCK_DEADLINE)
        except psutil.TimeoutExpired:
            raise UpdateFailed(
                f"the stack is locked by process {owner}, which did not end within {LOCK_DEADLINE:.0f} s: "
                "wait for it, or end it"
            ) from None
        except (psutil.NoSuchProcess, FileNotFoundError, ValueError, KeyError):
            _warn("A killed update left the stack locked: the lock is lifted.")
        lock.unlink(missing_ok=True)


def restore_state(settings: Settings, stack: str) -> None:
    """Restore a state that was truncated while it was written from the copy that Pulumi keeps beside it.

    The copy lacks what was under way then, which :mod:`firedrill.engine.recovery` looks for in the account.

    Raises:
        UpdateFailed: the copy is truncated too.
    """
    backend = settings.home / "state" / ".pulumi"
    for attributes in backend.rglob("*.attrs"):
        # Written in place before each file. The storage works without them, but fails on a truncated one.
        # https://pkg.go.dev/gocloud.dev/blob/fileblob
        if not _is_complete(attributes):
            attributes.unlink()
    for state in (backend / "stacks").glob(f"*/{stack}.json"):
        if _is_complete(state):
            continue
        copy = state.with_name(f"{state.name}.bak")
        if not _is_complete(copy):
            raise UpdateFailed(
                f"the state {state} is truncated, and so is its copy {copy.name}: restore a complete one, such as the "
                "newest .checkpoint.json of .pulumi/history"
            )
        shutil.copy2(copy, state)
        _warn("The state was truncated while it was written: its last complete copy is used.")


def _is_complete(state: Path) -> bool:
    try:
        return isinstance(json.loads(state.read_text()), dict)
    except (OSError, ValueError):
        return False


def _warn(text: str) -> None:
    """Print to standard error: the command's standard output may be a report."""
    print(text, file=sys.stderr, flush=True)
