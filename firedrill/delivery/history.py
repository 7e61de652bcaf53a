"""What was deployed before: the stack's updates, each with the git commit that it was made from."""

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

SHOWN = 5
"""Updates that an error lists."""


@dataclass(frozen=True)
class Update:
    """One update of a stack. ``config`` holds plain values; a secret's is None."""

    number: int
    commit: str
    dirty: bool
    ended: datetime
    succeeded: bool
    message: str
    config: Mapping[str, str | None]

    def __str__(self) -> str:
        made = f"{self.commit[:10]}{' with uncommitted changes' if self.dirty else ''}" if self.commit else "no commit"
        return f"update {self.number} of {self.ended:%Y-%m-%d %H:%M} UTC ({made}): {self.message}"


def updates(target: Target) -> list[Update]:
    """The stack's updates, oldest first. Their numbers are Pulumi's, or count from 1 where the backend has none."""
    with stack.told():
        found = list(reversed(target.stack.history(show_secrets=False)))
    return [
        Update(
            one.version or place,
            one.environment.get("git.head", ""),
            one.environment.get("git.dirty") == "true",
            (one.end_time or one.start_time).replace(tzinfo=UTC),
            one.result == "succeeded",
            (one.message or "").partition("\n")[0],
            {key: None if value.secret else value.value for key, value in one.config.items()},
        )
        for place, one in enumerate(found, 1)
        if one.kind == "update"
    ]


def find(known: Sequence[Update], wanted: str, root: Path) -> Update:
    """The update that a number or a git revision names; of a revision, the last that succeeded from a clean tree.

    Raises:
        KnownFailure: there is none.
    """
    if wanted.isdecimal() and len(wanted) < 7:
        match = next((one for one in known if one.number == int(wanted)), None)
        if match is not None:
            return match
    else:
        commit = git(root, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}", fails="")
        made = [one for one in known if commit and one.commit == commit and one.succeeded]
        match = max(made, key=lambda one: (not one.dirty, one.number), default=None)
        if match is not None:
            return match
    listed = "\n".join(f"  {one}" for one in known[-SHOWN:]) or "  none"
    raise KnownFailure(f"{wanted} is no update of this stack; the last ones are:\n{listed}")


def git(root: Path, *arguments: str, fails: str | None = None) -> str:
    """What git says; ``fails`` instead of an error.

    Raises:
        KnownFailure: git fails and ``fails`` is None.
    """
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode and fails is None:
        raise KnownFailure(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else str(fails)


def refuse_uncommitted(root: Path) -> None:
    """What real accounts get must be in git, or nobody could return to it.

    Raises:
        KnownFailure: the tree has changes that no commit has, or is no git repository.
    """
    changed = git(root, "status", "--porcelain")
    if changed:
        files = ", ".join(line[3:] for line in changed.splitlines()[:SHOWN])
        raise KnownFailure(f"the checkout has changes that no commit has ({files}): commit them, then deploy")


@contextmanager
def checkout(root: Path, update: Update) -> Iterator[Path]:
    """The tree that an update was made from, in a work tree of its own that goes again.

    Raises:
        KnownFailure: the update has no commit, had changes that were not committed, or git lacks the commit.
    """
    if not update.commit:
        raise KnownFailure(f"update {update.number} was not made from a git repository: there is nothing to return to")
    if update.dirty:
        raise KnownFailure(
            f"update {update.number} was made from {update.commit[:10]} and changes that were not committed: they are "
            "nowhere. Choose another update, or return the revision alone, without --alerts"
        )
    with tempfile.TemporaryDirectory(prefix="firedrill-") as folder:
        tree = Path(folder).resolve() / "checkout"
        git(root, "worktree", "add", "--detach", str(tree), update.commit)
        try:
            with contextlib.suppress(FileExistsError):
                (tree / ".venv").symlink_to(root / ".venv")
            yield tree
        finally:
            git(root, "worktree", "remove", "--force", str(tree), fails="")
