"""Images in the sandbox: snapshots of ``service/`` that a digest names, and the lines of a Dockerfile that matter here.

``home/images/HEX/service/...`` is the image's WORKDIR content: processes run with it as their working directory.
"""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from firedrill import image
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.settings import Settings


@dataclass(frozen=True)
class Image:
    """A snapshot that can be run."""

    folder: Path
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def pull(settings: Settings, reference: str) -> Image:
    """The snapshot that ``NAME@sha256:HEX`` names; taken from the checkout's ``service/`` when that has this digest."""
    name, _, wanted = reference.partition("@")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", wanted):
        raise GoogleError(
            400,
            f"Image '{reference}' is not named by its digest (NAME@sha256:HEX): the sandbox has no registry of tags",
        )
    folder = settings.home / "images" / wanted.removeprefix("sha256:")
    if not folder.exists():
        _push(settings.root / "service", wanted, folder, name)
    return read(folder)


def _push(source: Path, wanted: str, folder: Path, name: str) -> None:
    actual = image.digest(source) if source.is_dir() else "absent"
    if actual != wanted:
        raise GoogleError(
            404,
            f"Image '{name}@{wanted}' not found: the sandbox has no snapshot of it, and {source.name}/ in the checkout "
            f"is {actual} now. Deploy again, so that the program names what the checkout holds",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".push-"))
    for path in image.files(source):
        target = copy / source.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, target)
    copy.rename(folder)


def read(folder: Path) -> Image:
    """A snapshot's CMD and ENV, from its Dockerfile."""
    dockerfile = folder / "service" / "Dockerfile"
    if not dockerfile.exists():
        raise GoogleError(400, "service/Dockerfile is missing: the sandbox reads the image's CMD from it")
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    for line in dockerfile.read_text().replace("\\\n", " ").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        match instruction.upper():
            case "FROM":
                command, environment = (), {}
            case "CMD":
                command = _exec_form(rest)
            case "ENV":
                environment |= _variables(rest)
    if not command:
        raise GoogleError(400, "service/Dockerfile has no CMD: the sandbox does not know what to start")
    return Image(folder, command, environment)


def _exec_form(rest: str) -> tuple[str, ...]:
    try:
        command = json.loads(rest)
    except ValueError:
        command = None
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise GoogleError(400, f'service/Dockerfile: CMD {rest} is not in exec form, as in CMD ["gunicorn", "app:app"]')
    return tuple(command)


def _variables(rest: str) -> dict[str, str]:
    found = re.findall(r'(\w+)=(?:"([^"]*)"|(\S*))', rest)
    # The sandbox builds nothing: what a build argument would give stays unset.
    return {name: quoted or plain for name, quoted, plain in found if "$" not in (quoted or plain)}
