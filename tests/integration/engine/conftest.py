"""A Pulumi project of its own for each test, on a file backend in its own folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from firedrill.engine import environment
from firedrill.settings import Settings

Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with ``main: infra/`` and this environment's Python."""
    virtualenv = Path(sys.prefix)
    (tmp_path / "infra").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(
        "name: probe\nmain: infra/\n"
        f"runtime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {virtualenv}}}\n"
    )
    return tmp_path


@pytest.fixture
def pulumi(project: Path) -> Pulumi:
    """Run plain ``pulumi`` in the project."""
    settings = Settings(project, project / "home")
    environment.prepare(settings)
    variables = environment.variables(settings)
    del variables["PULUMI_DEBUG_PROVIDERS"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=project,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    made = run("stack", "init", "local")
    assert made.returncode == 0, made.stderr
    return run
