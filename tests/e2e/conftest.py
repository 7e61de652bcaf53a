"""A sandbox for the tests, on free ports and with its own state folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.engine import environment
from firedrill.image import digest
from firedrill.settings import API_KEY, APP_KEY, Provider, Settings
from tests.conftest import ROOT, free_ports

Answer = subprocess.CompletedProcess[str]
DEADLINE = 600
"""Seconds for one command; the slowest, a first `up` with its first traffic, takes about 80 here."""


def checkout_digests() -> dict[str, str]:
    """Return the digests of the files that a stack's commands must not change."""
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in ROOT.glob("Pulumi*.yaml")}
    return files | {name: digest(ROOT / name) for name in ("infra", "service", "drills")}


@dataclass(frozen=True)
class Sandbox:
    """Commands against one sandbox."""

    settings: Settings
    before: dict[str, str] = field(default_factory=checkout_digests)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the user's shell."""
        chosen = {
            "FIREDRILL_ROOT": str(self.settings.root),
            "FIREDRILL_HOME": str(self.settings.home),
            "FIREDRILL_PORT": str(self.settings.port),
            "FIREDRILL_PROVIDER": self.settings.provider,
            "NO_COLOR": "1",
            "COLUMNS": "160",
        }
        return os.environ | chosen

    def firedrill(self, *arguments: str) -> Answer:
        """Run ``firedrill`` with arguments."""
        return self._run([sys.executable, "-m", "firedrill.cli", *arguments], self.environment)

    def pulumi(self, *arguments: str, folder: str = "") -> Answer:
        """Run plain ``pulumi`` in a folder of the checkout, as after ``eval "$(firedrill env)"``."""
        variables = self.environment | environment.variables(self.settings)
        return self._run(["pulumi", *arguments, "--non-interactive", "--color", "never"], variables, folder)

    def _run(self, command: list[str], variables: dict[str, str], folder: str = "") -> Answer:
        return subprocess.run(
            command,
            cwd=self.settings.root / folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def datadog(self, method: str, path: str, **options: Any) -> Any:
        """Call Datadog's API with the stack's keys; return the response's JSON."""
        headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
        url = f"http://127.0.0.1:{self.settings.datadog_port}{path}"
        answer = httpx.request(method, url, headers=headers, timeout=20, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def monitor(self, alert: str) -> dict[str, Any]:
        """Return the monitor of an alert, whose message links to the alert's runbook."""
        (monitor,) = [
            monitor for monitor in self.datadog("GET", "/api/v1/monitor") if f"/{alert}.md" in monitor["message"]
        ]
        return dict(monitor)


def output(answer: Answer) -> str:
    """Return a command's standard output and error."""
    return answer.stdout + answer.stderr


def check_ok(answer: Answer) -> str:
    """Check that a command succeeded; return its output."""
    assert answer.returncode == 0, output(answer)
    assert "Traceback" not in output(answer)
    return answer.stdout


def new_sandbox(home: Path, root: Path = ROOT) -> Sandbox:
    """Return a sandbox on free ports, with the provider of FIREDRILL_PROVIDER; nothing is started."""
    provider = Provider(os.environ.get("FIREDRILL_PROVIDER") or Provider.OURS)
    return Sandbox(Settings(root, home, free_ports(6), provider=provider))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Provide a sandbox with the stack deployed, shared by the tests of a session; each test restores it."""
    new = new_sandbox(tmp_path_factory.mktemp("sandbox") / "home")
    first = new.firedrill("up")
    try:
        assert first.returncode == 0, output(first)
        yield new
    finally:
        new.firedrill("down")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout whose program and service a test may change."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in ("infra", "service", "drills", "firedrill"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy2(file, copy)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy
