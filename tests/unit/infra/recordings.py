"""Registrations of programs that were recorded before, kept by the content of everything that a program reads.

They lie in .pytest_cache, which is ignored by git: a program takes five seconds of processor time, and many tests, test
processes and runs want the same one. Only programs of the checkout are kept.
"""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from firedrill.image import IGNORED
from tests.conftest import ROOT

KEPT = ROOT / ".pytest_cache" / "programs"
FOLDERS = ("docs", "drills", "firedrill", "infra", "policies", "presets", "service")
READ_BY_PROGRAMS = ("DD_", "FIREDRILL_", "GOOGLE_", "PULUMI_")
"""The beginnings of the names of environment variables that a program may read."""
VERSIONS = 2
"""Contents of the checkout of which recordings are kept."""
State = tuple[tuple[str, int, int], ...]


def kept_file(arguments: object, environment: dict[str, str]) -> Path | None:
    """Return the file of a recording, which exists if it was made before; None for a program outside the checkout."""
    if not Path(environment.get("PROGRAM", ROOT)).resolve().is_relative_to(ROOT):
        return None
    inherited = sorted(item for item in os.environ.items() if item[0].startswith(READ_BY_PROGRAMS))
    key = hashlib.sha256(json.dumps([arguments, environment, inherited]).encode()).hexdigest()
    return KEPT / _digest(_state()) / f"{key}.json"


def keep(file: Path, answer: dict[str, Any]) -> None:
    """Write a recording, and remove those of older contents of the checkout."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w") as written:
        json.dump(answer, written)
    Path(temporary).replace(file)
    os.utime(file.parent)
    versions = sorted(KEPT.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in versions[VERSIONS:]:
        shutil.rmtree(old, ignore_errors=True)


def _state() -> State:
    """Return path, size and time of every file that a program may read."""
    files = [file for file in ROOT.iterdir() if file.is_file()]
    files.append(Path(__file__).with_name("recorder.py"))
    for name in FOLDERS:
        for folder, folders, names in os.walk(ROOT / name):
            folders[:] = [inner for inner in folders if inner not in IGNORED]
            files += [Path(folder, file) for file in names]
    statuses = ((str(file), file.stat()) for file in sorted(files))
    return tuple((name, status.st_size, status.st_mtime_ns) for name, status in statuses)


@cache
def _digest(state: State) -> str:
    """Return a digest of the files' content and of the installed packages."""
    total = hashlib.sha256(platform.python_version().encode())
    total.update("\n".join(sorted(f"{item.name} {item.version}" for item in distributions())).encode())
    for name, _, _ in state:
        content = Path(name).read_bytes()
        total.update(f"{name} {len(content)}\0".encode() + content)
    return total.hexdigest()[:32]
