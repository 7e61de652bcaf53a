"""The place of a rehearsal: a copy of the checkout, and a sandbox with fresh accounts that ends with it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firedrill.engine import environment, stack
from firedrill.engine.published_plugin import plugin_folder
from firedrill.engine.recovery import Accounts
from firedrill.errors import KnownFailure
from firedrill.rehearse.cases import Case
from firedrill.sandbox import processes
from firedrill.settings import Provider, Settings

PORTS = 6
"""Ports of a sandbox."""
AUTHOR = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@example.com")


@dataclass(frozen=True)
class Place:
    """A copy of the checkout and its sandbox. accounts: as who manages them reaches them."""

    settings: Settings
    accounts: Accounts

    @property
    def root(self) -> Path:
        """The folder of the copy."""
        return self.settings.root

    @property
    def variables(self) -> Mapping[str, str]:
        """The variables of a shell of a person who deploys: Datadog's keys are the stack's own."""
        own = ("PULUMI_", "DD_", "FIREDRILL_")
        shell = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        given = environment.variables(self.settings)
        sandbox = {"FIREDRILL_ROOT": str(self.root), "FIREDRILL_HOME": str(self.settings.home)}
        keys = ("DD_HOST", "DD_API_KEY", "DD_APP_KEY")
        return shell | {name: value for name, value in given.items() if name not in keys} | sandbox | {"NO_COLOR": "1"}

    def commit(self, message: str) -> None:
        """Commit what was changed: only what is in git is deployed to real accounts."""
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", message)


def git(root: Path, *arguments: str) -> str:
    """Return git's output.

    Raises:
        KnownFailure: git fails, for example because there is no repository.
    """
    done = subprocess.run(["git", *AUTHOR, *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise KnownFailure(f"git {arguments[0]} in {root}: {done.stderr.strip()}")
    return done.stdout


def at_hand() -> Provider:
    """Return the published Datadog provider where it is on this machine, else ours."""
    try:
        plugin_folder()
    except KnownFailure:
        return Provider.OURS
    return Provider.PUBLISHED


@contextmanager
def prepared(checkout: Path, provider: Provider, case: Case) -> Iterator[Place]:
    """Provide a copy of a checkout and the running sandbox of a case; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="firedrill-rehearsal-") as name:
        folder = Path(name).resolve()
        copy(checkout, folder / "checkout")
        settings = Settings(folder / "checkout", folder / "home", free_port(), provider=provider)
        with processes.exclusive(settings):
            environment.prepare(settings)
            try:
                processes.start(settings)
                place = Place(settings, stack.accounts(settings))
                faults = [{"kind": "forbidden", "path": path} for path in case.refused_paths]
                place.accounts.datadog.call("PUT /-/faults", {"faults": faults})
                yield place
            finally:
                processes.stop(settings)


def copy(checkout: Path, target: Path) -> None:
    """Copy the files of a checkout into a repository of its own, with the checkout's environment.

    Raises:
        KnownFailure: the checkout is no git repository.
    """
    listed = git(checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (checkout / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, target / name)
    git(target, "init", "-q", "-b", "main")
    (target / ".venv").symlink_to(checkout / ".venv")
    (target / ".git" / "info" / "exclude").write_text("/.venv\n")


def free_port() -> int:
    """Return the first of a sandbox's free ports.

    Raises:
        KnownFailure: there are none.
    """
    for first in range(20000 + os.getpid() % 900 * 10, 32000, 10):
        if all(_is_free(port) for port in range(first, first + PORTS)):
            return first
    raise KnownFailure("no six free ports in a row between 20000 and 32000: stop what uses them")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
