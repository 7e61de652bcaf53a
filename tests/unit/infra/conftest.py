"""The stack's program, run once for all tests of its declarations."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.infra.recordings import keep, kept_file

RECORDER = Path(__file__).with_name("recorder.py")
Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def event_loop() -> None:
    """Set the event loop that Pulumi's mocks need: an ``asyncio.run`` of an earlier test leaves this thread without."""
    asyncio.set_event_loop(asyncio.new_event_loop())


def record(
    *changes: str, stack: str = "local", cwd: Path | None = None, lean: bool = True, **environment: str
) -> dict[str, Any]:
    """Run the program with changed settings (``KEY=VALUE``, ``KEY=`` removes) and return what it registered.

    A program of the checkout runs once for each content of what it reads (:mod:`tests.unit.infra.recordings`).
    ``environment``: PROGRAM is the folder of another program, EXPORTS what the stacks that it refers to export.
    """
    kept = None if cwd else kept_file([stack, changes, lean], environment)
    if kept is not None and kept.exists():
        answer: dict[str, Any] = json.loads(kept.read_text())
        return answer
    ran = subprocess.run(
        [sys.executable, str(RECORDER), stack, *changes],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=os.environ | {"FIREDRILL_LEAN_SDK": "1" if lean else ""} | environment,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    answer = json.loads(ran.stdout) | {"stderr": ran.stderr}
    if kept is not None:
        keep(kept, answer)
    return answer


def inputs_by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs of the resources that a program registered by name and kind, such as ``chat-slow Monitor``."""
    assert "error" not in answer, answer["error"]
    return {
        f"{request['name']} {request['type'].rpartition(':')[2]}": request.get("object", {})
        for request in answer["requests"]
    }


@pytest.fixture(scope="session")
def local() -> dict[str, Any]:
    """Return the registrations of the sandbox's stack."""
    return record()


@pytest.fixture(scope="session")
def declared(local: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs of the sandbox's resources."""
    return inputs_by_name(local)
