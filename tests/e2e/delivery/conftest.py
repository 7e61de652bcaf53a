"""A git repository with the stack, and a sandbox that it is deployed to."""

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
        """Run git; return its output."""
        done = subprocess.run(
            ["git", *AUTHOR, *arguments], cwd=self.root, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def edit(self, file: str, pattern: str, replacement: str) -> None:
        """Replace one match of a pattern in a file."""
        text, count = re.subn(pattern, replacement, (self.root / file).read_text(), count=1)
        assert count == 1, f"{pattern} is not in {file}"
        (self.root / file).write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything; return the revision."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def restore(self) -> None:
        """Discard uncommitted changes."""
        self.git("checkout", "-q", "--", ".")


def hurry(repository: Repository) -> None:
    """Shorten the deployment gate from a quarter of an hour to seconds."""
    repository.edit("infra/observability/deployment_gate.py", "WATCHED_SECONDS = 900", "WATCHED_SECONDS = 20")
    repository.edit("infra/observability/deployment_gate.py", "WARM_UP_SECONDS = 120", "WARM_UP_SECONDS = 5")
    repository.commit("A gate that decides in seconds")


def new_repository(folder: Path) -> Repository:
    """Return a repository with one commit; nothing is started."""
    root = folder / "checkout"
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / ".gitignore"):
        shutil.copy2(file, root)
    (root / ".venv").symlink_to(ROOT / ".venv")
    (root / ".gitignore").write_text((root / ".gitignore").read_text() + "/.venv\n")
    repo = Repository(root, new_sandbox(folder / "home", root))
    repo.git("init", "-q", "-b", "main")
    repo.commit("The stack")
    return repo


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Provide a repository whose only commit is deployed; each test restores both."""
    repo = new_repository(tmp_path_factory.mktemp("repository"))
    first = repo.sandbox.firedrill("up")
    try:
        assert first.returncode == 0, output(first)
        yield repo
    finally:
        repo.sandbox.firedrill("down")


@pytest.fixture(scope="session")
def account(deployed: Repository) -> Sandbox:
    """Return the sandbox that the stack is deployed to."""
    return deployed.sandbox
