"""An earlier revision of a checkout, in a temporary folder."""

import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from firedrill.errors import KnownFailure


@contextmanager
def files_of(root: Path, revision: str) -> Iterator[Path]:
    """Provide a folder with the files of a git revision of a checkout.

    Raises:
        KnownFailure: git has no such revision.
    """
    archive = subprocess.run(["git", "archive", revision], cwd=root, capture_output=True, check=False)
    if archive.returncode:
        raise KnownFailure(f"git has no revision {revision!r} in {root}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)
