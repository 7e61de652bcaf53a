"""Run a command in a copy of the checkout, as a person would who works in it."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT

DEADLINE = 600
"""Seconds for one command."""


def copy_checkout(folder: Path) -> Path:
    """Copy the checkout's files into a folder, with its environment, and return the folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def attempt(folder: Path, command: list[str], content: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy, whose own packages come first."""
    python_path = os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": python_path, "FIREDRILL_ROOT": str(folder)},
        input=content, capture_output=True, text=True, check=False, timeout=DEADLINE,
    )  # fmt: skip


def run(folder: Path, command: list[str], content: str | None = None) -> str:
    """Run a command that must succeed in the copy, and return its output."""
    done = attempt(folder, command, content)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def command_of(line: str) -> list[str]:
    """Return a documented command, with the interpreter's path where the script would prefer the checkout."""
    words = shlex.split(line, comments=True)
    modules = {"firedrill": "firedrill.cli", "pytest": "pytest", "python": ""}
    name = words[0].removeprefix(".venv/bin/")
    if name not in modules:
        return words
    return [".venv/bin/python", *(["-m", modules[name]] if modules[name] else []), *words[1:]]
