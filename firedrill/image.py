"""The digest that stands for a folder's content, as a container image's digest stands for an image's."""

import hashlib
from pathlib import Path

IGNORED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def files(folder: Path) -> list[Path]:
    """The files that belong to the image, sorted, relative to the folder."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not IGNORED & set(path.parts) and path.suffix != ".pyc")


def digest(folder: Path) -> str:
    """``sha256:...`` over names and contents of a folder's files."""
    total = hashlib.sha256()
    for path in files(folder):
        content = (folder / path).read_bytes()
        total.update(f"{path.as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return f"sha256:{total.hexdigest()}"
