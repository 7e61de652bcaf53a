"""A repository of its own with the stack deployed from it: what previews, drift and roll-backs are about."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import Sandbox, new_sandbox, output

COPIED = ("infra", "service", "policies", "drills", "firedrill", "docs/runbooks")
AUTHOR = ("-c", "user.name=Ada Okafor", "-c", "user.email=ada.okafor@example.com")


@dataclass(frozen=True)
class Repository:
    """A git repository of the stack, and the sandbox that it is deployed to."""

    root: Path
    sandbox: Sandbox

    def git(self, *arguments: str) -> str:
        """What git says."""
        done = subprocess.run(
            ["git", *AUTHOR, *arguments], cwd=self.root, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def edit(self, file: str, pattern: str, replacement: str) -> None:
        """Change one place of a file."""
        text, count = re.subn(pattern, replacement, (self.root / file).read_text(), count=1)
        assert count == 1, f"{pattern} is not in {file}"
        (self.root / file).write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything; the revision."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def restore(self) -> None:
        """Forget what is not committed."""
        self.git("checkout", "-q", "--", ".")


def hurry(repository: Repository) -> None:
    """Let the deployment gate decide in seconds: a quarter of an hour is for production."""
    repository.edit("infra/deployment_gate.py", "WATCHED_SECONDS = 900", "WATCHED_SECONDS = 20")
    repository.edit("infra/deployment_gate.py", "WARM_UP_SECONDS = 120", "WARM_UP_SECONDS = 5")
    repository.commit("A gate that decides in seconds")


def new_repository(folder: Path) -> Repository:
    """A repository with one commit; nothing is started."""
    root = folder / "checkout"
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / ".gitignore"):
        shutil.copy2(file, root)
    (root / ".venv").symlink_to(ROOT / ".venv")
    (root / ".gitignore").write_text((root / ".gitignore").read_text() + "/.venv\n")
    made = Repository(root, new_sandbox(folder / "home", root))
    made.git("init", "-q", "-b", "main")
    made.commit("The stack")
    return made


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The stack, deployed from a repository's only commit; each test leaves both as they were."""
    made = new_repository(tmp_path_factory.mktemp("repository"))
    first = made.sandbox.firedrill("up")
    try:
        assert first.returncode == 0, output(first)
        yield made
    finally:
        made.sandbox.firedrill("down")


@pytest.fixture(scope="session")
def account(deployed: Repository) -> Sandbox:
    """The sandbox that the stack is deployed to."""
    return deployed.sandbox
