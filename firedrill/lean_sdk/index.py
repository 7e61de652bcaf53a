"""An index of the published SDK's names: built once in about a second, then read from a cache."""

import base64
import contextlib
import csv
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PACKAGE = "pulumi_datadog"
MAJOR_VERSION = "5"
"""The major version with a known layout; others are refused."""
UNUSED_DAYS = 30
"""Days after which the unused cache of another environment or version is removed."""
BIG_FILES = ("_inputs", "outputs")
CLASS = re.compile(rb"^(?:@pulumi\.(?:input|output)_type\n)?class (\w+)(?:\((?:TypedDict|dict)\))?:$", re.MULTILINE)
ANY_CLASS = re.compile(rb"^class ", re.MULTILINE)
QUOTED = re.compile(r"'([A-Z]\w*)'")
"""A forward reference to a class: the generated code always quotes them."""
EXPORTS = re.compile(r"^__all__ = \[(.*?)\]$", re.MULTILINE | re.DOTALL)
STAR = re.compile(r"^from \.(\w+) import \*$", re.MULTILINE)


class UnexpectedSdk(Exception):
    """An installed SDK that the lean import does not know; the message says what differs."""


class ClassBlock(NamedTuple):
    """One class in a big file: bytes ``[start, end)``, its first line (from 1), the classes that it names."""

    start: int
    end: int
    line: int
    names: Sequence[str]


@dataclass(frozen=True)
class BigFile:
    """One of the two files: its classes, and where its imports end."""

    path: Path
    header_end: int
    rows: dict[str, tuple[int, int, int, Sequence[str]]]
    """Class to the fields of its :class:`ClassBlock`: 16,000 objects would take longer than the rest of an import."""

    def block(self, name: str) -> ClassBlock:
        """Return the place of a class."""
        return ClassBlock(*self.rows[name])


@dataclass(frozen=True)
class Index:
    """The index of an installed SDK. exports: by public name, the submodule that defines it."""

    folder: Path
    cache: Path
    exports: dict[str, str]
    files: dict[str, BigFile]


def cache_folder() -> Path:
    """Return ``firedrill`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firedrill"


def load() -> Index:
    """Return the index of the installed SDK, from the cache if possible.

    Raises:
        UnexpectedSdk: the SDK is not a known one, or cannot be read.
    """
    if PACKAGE in sys.modules:
        raise UnexpectedSdk("it is imported already")
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError as missing:
        raise UnexpectedSdk("it is not installed as a distribution") from missing
    if distribution.version.split(".")[0] != MAJOR_VERSION:
        raise UnexpectedSdk(f"its version is {distribution.version}, not {MAJOR_VERSION}.x")
    folder = Path(str(distribution.locate_file(PACKAGE)))
    try:
        cache = cache_folder() / f"lean_sdk-{distribution.version}-{_state(folder)}"
        stored = cache / "index.json"
        if stored.exists():
            index = _from_json(folder, cache, stored.read_text())
            with contextlib.suppress(OSError):  # a cache that cannot be written is not an error
                os.utime(stored)
            return index
        index = build(folder, cache, distribution.read_text("RECORD") or "")
    except OSError as error:
        raise UnexpectedSdk(f"{error.filename} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedSdk(f"its cached index is damaged, delete {cache}: {error!r}") from error
    content = {name: [file.header_end, file.rows] for name, file in index.files.items()}
    store(stored, json.dumps({"exports": index.exports, "files": content}).encode())
    _remove_unused(cache)
    return index


def build(folder: Path, cache: Path, record: str) -> Index:
    """Return the index of the SDK's source.

    Raises:
        UnexpectedSdk: its layout or content is not the published one.
    """
    published = {row[0]: row[1] for row in csv.reader(record.splitlines()) if len(row) > 1}
    for name in ("__init__", *BIG_FILES):
        _check_published(folder / f"{name}.py", published.get(f"{PACKAGE}/{name}.py", ""))
    files = {name: _big_file(folder / f"{name}.py") for name in BIG_FILES}
    exports: dict[str, str] = {}
    for module in STAR.findall((folder / "__init__.py").read_text()):
        exports |= dict.fromkeys(files["_inputs"].rows if module == "_inputs" else _exports(folder, module), module)
    return Index(folder, cache, exports, files)


def store(path: Path, content: bytes) -> None:
    """Write a cache file atomically. A cache that cannot be written is not an error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        return


def _remove_unused(current: Path) -> None:
    """Remove the other caches that were not read for :data:`UNUSED_DAYS`."""
    oldest = time.time() - UNUSED_DAYS * 86_400
    for stored in current.parent.glob("lean_sdk-*/index.json"):
        if stored.parent != current and stored.stat().st_mtime < oldest:
            shutil.rmtree(stored.parent, ignore_errors=True)


def _state(folder: Path) -> str:
    """Return a digest of the files' paths, sizes and times, and of the Python that compiles them."""
    parts = [str(folder), sys.implementation.cache_tag or "", sys.version]
    for name in ("__init__", *BIG_FILES):
        status = (folder / f"{name}.py").stat()
        parts.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _check_published(path: Path, recorded: str) -> None:
    """Compare a file with its digest in the distribution."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    if recorded != f"sha256={digest}":
        raise UnexpectedSdk(f"{path.name} is not the published one (its digest is not in the distribution's RECORD)")


def _big_file(path: Path) -> BigFile:
    """Return the classes of a big file."""
    data = path.read_bytes()
    matches = list(CLASS.finditer(data))
    if not matches or len(matches) != len(ANY_CLASS.findall(data)):
        raise UnexpectedSdk(f"{path.name} has classes of an unknown form")
    names = {match.group(1).decode() for match in matches}
    header = data[: matches[0].start()].decode()
    if names ^ set(_exported(path.name, header)):
        raise UnexpectedSdk(f"{path.name} does not define exactly what its __all__ lists")
    rows: dict[str, tuple[int, int, int, Sequence[str]]] = {}
    line = 1 + data.count(b"\n", 0, matches[0].start())
    for match, end in zip(matches, [*(match.start() for match in matches[1:]), len(data)], strict=True):
        name, body = match.group(1).decode(), data[match.start() : end]
        named = sorted((set(QUOTED.findall(body.decode())) & names) - {name})
        rows[name] = (match.start(), end, line, named)
        line += body.count(b"\n")
    return BigFile(path, header.index("__all__"), rows)


def _exports(folder: Path, module: str) -> list[str]:
    path = folder / f"{module}.py"
    return _exported(path.name, path.read_text())


def _exported(name: str, source: str) -> list[str]:
    match = EXPORTS.search(source)
    if not match:
        raise UnexpectedSdk(f"{name} has no list __all__")
    return re.findall(r"'(\w+)'", match.group(1))


def _from_json(folder: Path, cache: Path, text: str) -> Index:
    stored = json.loads(text)
    files = {name: BigFile(folder / f"{name}.py", *stored["files"][name]) for name in BIG_FILES}
    return Index(folder, cache, stored["exports"], files)
