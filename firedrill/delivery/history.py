"""Earlier deployments: the stack's updates, each with the git commit that it was deployed from."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from firedrill.delivery.target import Target
from firedrill.engine import stack
from firedrill.errors import KnownFailure

LISTED = 5
"""Updates or files that an error lists."""


@dataclass(frozen=True)
class Update:
    """One update of a stack. config: plain values; a secret's is None."""

    number: int
    commit: str
    dirty: bool
    ended: datetime
    succeeded: bool
    message: str
    config: Mapping[str, str | None]

    def __str__(self) -> str:
        commit = (
            f"{self.commit[:10]}{' with uncommitted changes' if self.dirty else ''}" if self.commit else "no commit"
        )
        return f"update {self.number} of {self.ended:%Y-%m-%d %H:%M} UTC ({commit}): {self.message}"


def updates(target: Target) -> list[Update]:
    """Return the stack's updates, oldest first. Their numbers are Pulumi's, or count from 1 if the backend has none."""
    with stack.pulumi_errors():
        summaries = list(reversed(target.stack.history(show_secrets=False)))
    return [
        Update(
            summary.version or position,
            summary.environment.get("git.head", ""),
            summary.environment.get("git.dirty") == "true",
            (summary.end_time or summary.start_time).replace(tzinfo=UTC),
            summary.result == "succeeded",
            (summary.message or "").partition("\n")[0],
            {key: None if value.secret else value.value for key, value in summary.config.items()},
        )
        for position, summary in enumerate(summaries, 1)
        if summary.kind == "update"
    ]


def find_update(updates: Sequence[Update], name: str, root: Path) -> Update:
    """Return the update with a number or git revision; of a revision, the last successful one, if possible clean.

    Raises:
        KnownFailure: there is none.
    """
    if name.isdecimal() and len(name) < 7:
        match = next((update for update in updates if update.number == int(name)), None)
    else:
        commit = git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", default="")
        matches = [update for update in updates if commit and update.commit == commit and update.succeeded]
        match = max(matches, key=lambda update: (not update.dirty, update.number), default=None)
    if match is not None:
        return match
    listed = "\n".join(f"  {update}" for update in updates[-LISTED:]) or "  none"
    raise KnownFailure(
        f"{name} is not an update of this stack: choose one of its updates, the last of which are:\n{listed}"
    )


def git(root: Path, *arguments: str, default: str | None = None) -> str:
    """Return git's output, or the default where git fails.

    Raises:
        KnownFailure: git fails and there is no default.
    """
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.strip()
    if default is None:
        raise KnownFailure(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return default


def refuse_uncommitted(root: Path) -> None:
    """Refuse to deploy what is not in git to real accounts: nobody could roll back to it.

    Raises:
        KnownFailure: the tree has uncommitted changes, or is no git repository.
    """
    changed = git(root, "status", "--porcelain")
    if changed:
        files = ", ".join(line[3:] for line in changed.splitlines()[:LISTED])
        raise KnownFailure(f"the checkout has uncommitted changes ({files}): commit them, then deploy")


@contextmanager
def checkout(root: Path, update: Update) -> Iterator[Path]:
    """Provide the tree that an update was deployed from, in a temporary git work tree.

    Raises:
        KnownFailure: the update has no commit, had uncommitted changes, or git lacks the commit.
    """
    if not update.commit:
        raise KnownFailure(f"update {update.number} was not deployed from a git repository: choose another update")
    if update.dirty:
        raise KnownFailure(
            f"update {update.number} was deployed from {update.commit[:10]} with uncommitted changes, which are lost: "
            "choose another update, or roll back the revision alone, without --alerts"
        )
    with tempfile.TemporaryDirectory(prefix="firedrill-") as folder:
        tree = Path(folder).resolve() / "checkout"
        git(root, "worktree", "add", "--detach", str(tree), update.commit)
        try:
            with contextlib.suppress(FileExistsError):
                (tree / ".venv").symlink_to(root / ".venv")
            yield tree
        finally:
            git(root, "worktree", "remove", "--force", str(tree), default="")
