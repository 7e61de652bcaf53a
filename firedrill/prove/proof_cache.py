"""Results of earlier proofs, kept by the content of everything that they depend on.

The folder is ``$XDG_CACHE_HOME/firedrill/proof``. In it, each version of the evaluating code and of what it depends on
has a folder of its own, so that an edited evaluator finds no result of the one before. A file begins with a digest of
its content; a damaged file counts as none.
"""

import hashlib
import os
import pickle
import platform
import shutil
import tempfile
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("checks", "evaluate", "logs", "notify", "prove", "query", "scenario")
"""The packages of firedrill whose code decides a result; so do the modules beside them."""
DEPENDENCIES = ("lark", "numpy", "pydantic", "pydantic-core", "python-dateutil", "pyyaml", "tzdata")
DIGEST_SIZE = 32
UNUSED_DAYS = 14
"""Days after which the results of a version of the code that nobody used are removed."""


class ProofCache:
    """Results in files below a folder; ``root`` is that of all versions of the code."""

    def __init__(self, root: Path, package: Path = PACKAGE) -> None:
        self._folder = root / code_digest(package)

    def get(self, kind: str, key: str) -> Any:
        """Return a stored result, or None where there is none."""
        try:
            content = (self._folder / kind / key).read_bytes()
        except OSError:
            return None
        stored = content[DIGEST_SIZE:]
        return pickle.loads(stored) if hashlib.sha256(stored).digest() == content[:DIGEST_SIZE] else None  # noqa: S301 - as written below

    def put(self, kind: str, key: str, result: object) -> None:
        """Store a result. A cache that cannot be written is not an error."""
        stored = pickle.dumps(result)
        try:
            folder = self._folder / kind
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(stored).digest() + stored)
            Path(temporary).replace(folder / key)
        except OSError:
            return

    def remove_unused(self) -> None:
        """Mark this version of the code as used, and remove those that were not used for :data:`UNUSED_DAYS`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            os.utime(self._folder)
            oldest = time.time() - UNUSED_DAYS * 86_400
            unused = [folder for folder in self._folder.parent.iterdir() if folder.stat().st_mtime < oldest]
        except OSError:
            return
        for folder in unused:
            shutil.rmtree(folder, ignore_errors=True)


def user_cache() -> ProofCache:
    """Return the cache in the user's cache folder, without what nobody used for long."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = ProofCache(root / "firedrill" / "proof")
    kept.remove_unused()
    return kept


def digest(*parts: str | bytes) -> str:
    """Return a digest of texts and bytes, in which the borders between them count."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(f"{type(part).__name__} {len(content)}\0".encode() + content)
    return total.hexdigest()


@cache
def code_digest(package: Path) -> str:
    """Return a digest of the code that decides results, and of the versions of Python and of what the code imports."""
    files = [*package.glob("*.py")]
    for folder in FOLDERS:
        files += [file for file in (package / folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    parts: list[str | bytes] = [platform.python_version(), platform.machine()]
    parts += [f"{name} {_version(name)}" for name in DEPENDENCIES]
    for file in sorted(files):
        parts += [file.relative_to(package).as_posix(), file.read_bytes()]
    return digest(*parts)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "none"
