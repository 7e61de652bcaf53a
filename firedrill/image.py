"""The digest of a folder's content. In the sandbox it takes the place of a container image's digest."""

import hashlib
from pathlib import Path

IGNORED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def files(folder: Path) -> list[Path]:
    """Return the files that belong to the image, sorted, relative to the folder."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not IGNORED & set(path.parts) and path.suffix != ".pyc")


def digest(folder: Path) -> str:
    """Return ``sha256:...`` over the names and contents of a folder's files."""
    total = hashlib.sha256()
    for path in files(folder):
        content = (folder / path).read_bytes()
        total.update(f"{path.as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return f"sha256:{total.hexdigest()}"
