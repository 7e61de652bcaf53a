"""The fast tests that lie beside what changed: ``python -m tests.quick [REVISION]`` prints their paths.

Changed is what differs from the revision (main on the remote by default), committed or not. The folders of
``tests/unit`` are those of the code, so a changed file selects the deepest of them that exists. ``make quick`` runs
them; a change can break tests elsewhere, which ``make test`` runs.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tests.conftest import ROOT

ALWAYS = ["tests/unit/test_imports.py"]
OTHERS = {
    ".github": "tests/unit/test_workflows.py",
    "docs": "tests/unit/test_docs.py",
    "web": "tests/unit/test_web.py",
    "drills": "tests/unit/scenario",
    "benchmarks": "tests/unit/test_benchmarks.py",
}
"""The tests of folders that have no folder of their name in tests/unit."""


def changed_files(revision: str) -> list[PurePosixPath]:
    """Return the files that differ from a revision, with those that git does not know yet."""
    commands = (
        ["git", "diff", "--name-only", "--merge-base", revision],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    outputs = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for command in commands
    )
    return [PurePosixPath(name) for output in outputs for name in output.splitlines()]


def paths_beside(file: PurePosixPath, root: Path = ROOT) -> Iterable[str]:
    """Yield the paths of the tests beside a file: of a test itself, of a module those of its folder."""
    top = file.parts[0]
    if top == "tests":
        if file.name.startswith("test_") and (root / file).exists():
            yield file.as_posix()
        return
    if top in OTHERS:
        yield OTHERS[top]
        return
    below = PurePosixPath(*file.parts[1:]) if top == "firedrill" else file
    for folder in (root / "tests" / "unit" / parent for parent in below.parents):
        own = folder / f"test_{file.stem}.py"
        if own.exists() or (folder.is_dir() and folder.name != "unit"):
            yield (own if own.exists() else folder).relative_to(root).as_posix()
            return


def main(revision: str = "origin/main") -> None:
    """Print the paths."""
    beside = {test for file in changed_files(revision) for test in paths_beside(file)}
    print(" ".join([*ALWAYS, *sorted(beside - set(ALWAYS))]))


if __name__ == "__main__":
    main(*sys.argv[1:])
