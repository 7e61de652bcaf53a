"""Images of the sandbox: snapshots of ``service/`` by digest, and the CMD and ENV of its Dockerfile.

``home/images/HEX/service/...`` is the image's WORKDIR content: processes run with it as their working directory.
"""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from firedrill import image
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.settings import Settings


@dataclass(frozen=True)
class Image:
    """A snapshot that can be run."""

    folder: Path
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def pull(settings: Settings, reference: str) -> Image:
    """Return the snapshot of ``NAME@sha256:HEX``; take it from the checkout's ``service/`` if that has the digest."""
    name, _, digest = reference.partition("@")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ErrorResponse(
            400,
            f"Image '{reference}' is not named by its digest (NAME@sha256:HEX): the sandbox cannot resolve tags",
        )
    folder = settings.home / "images" / digest.removeprefix("sha256:")
    if not folder.exists():
        _take_snapshot(settings.root / "service", digest, folder, name)
    return read_image(folder)


def _take_snapshot(source: Path, digest: str, folder: Path, name: str) -> None:
    actual = image.digest(source) if source.is_dir() else "absent"
    if actual != digest:
        raise ErrorResponse(
            404,
            f"Image '{name}@{digest}' not found: the sandbox has no snapshot of it, and {source.name}/ in the checkout "
            f"is {actual} now. Deploy again, so that the program uses the checkout's digest",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".push-"))
    for path in image.files(source):
        target = copy / source.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, target)
    copy.rename(folder)


def read_image(folder: Path) -> Image:
    """Return a snapshot's CMD and ENV, from its Dockerfile."""
    dockerfile = folder / "service" / "Dockerfile"
    if not dockerfile.exists():
        raise ErrorResponse(400, "service/Dockerfile is missing: the sandbox reads the image's CMD from it")
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    for line in dockerfile.read_text().replace("\\\n", " ").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        match instruction.upper():
            case "FROM":
                command, environment = (), {}
            case "CMD":
                command = _parse_cmd(rest)
            case "ENV":
                environment |= _parse_env(rest)
    if not command:
        raise ErrorResponse(400, "service/Dockerfile has no CMD, so the sandbox cannot start it")
    return Image(folder, command, environment)


def _parse_cmd(rest: str) -> tuple[str, ...]:
    try:
        command = json.loads(rest)
    except ValueError:
        command = None
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise ErrorResponse(
            400, f'service/Dockerfile: CMD {rest} is not in exec form, as in CMD ["gunicorn", "app:app"]'
        )
    return tuple(command)


def _parse_env(rest: str) -> dict[str, str]:
    assignments = re.findall(r'(\w+)=(?:"([^"]*)"|(\S*))', rest)
    # The sandbox builds nothing, so variables from build arguments stay unset.
    return {name: quoted or plain for name, quoted, plain in assignments if "$" not in (quoted or plain)}
