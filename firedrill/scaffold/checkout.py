"""The checkout that `firedrill new` writes to, and the changes that one command makes in it."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from importlib.util import find_spec
from pathlib import Path

from firedrill.errors import KnownFailure
from firedrill.prove.ordinary import OrdinarySignal, load
from firedrill.prove.unfinished import MARK

KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ORDINARY = Path("drills/ordinary.yaml")


class Checkout:
    """A checkout of the stack. Changes are kept until :meth:`write`, so that a command writes all files or none."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[Path, str] = {}
        self._before: dict[Path, str] = {}
        if not (root / ORDINARY).is_file():
            raise KnownFailure(
                f"{root} is not a checkout of the stack (it has no {ORDINARY}): run this in one, or --root"
            )

    def signals(self) -> Mapping[str, OrdinarySignal]:
        """Return the ordinary signals by name."""
        return load(self.root / ORDINARY).signals

    def signal(self, name: str) -> OrdinarySignal:
        """Return an ordinary signal.

        Raises:
            KnownFailure: There is none of that name.
        """
        signals = self.signals()
        if name not in signals:
            own = [key for key, signal in signals.items() if signal.source == "service" and signal.rate]
            raise KnownFailure(f"{ORDINARY} has no signal {name!r}: give --signal one of {', '.join(own)}")
        return signals[name]

    def read(self, path: str | Path) -> str:
        """Return a file's text with the changes so far."""
        if Path(path) not in self._texts and not (self.root / path).is_file():
            raise KnownFailure(f"{self.root} has no {path}, which this command would extend")
        return self._texts.get(Path(path)) or (self.root / path).read_text(encoding="utf-8")

    def create(self, path: str | Path, text: str) -> None:
        """Add a file.

        Raises:
            KnownFailure: It exists.
        """
        if (self.root / path).exists():
            raise KnownFailure(f"{path} exists: choose another name, or edit it")
        self._texts[Path(path)] = text

    def change(self, path: str | Path, text: str) -> None:
        """Replace a file's text."""
        self._texts[Path(path)] = text

    def insert(self, path: str | Path, before: str, text: str) -> None:
        """Insert a text before the first line of a file that begins with ``before``."""
        content = self.read(path)
        place = content.find(f"\n{before}")
        if place < 0:
            raise KnownFailure(f"{path} has no line that begins with {before!r}, before which to insert: edit it")
        self._texts[Path(path)] = content[: place + 1] + text + content[place + 1 :]

    def write(self) -> list[Path]:
        """Write the files, and return their paths in the checkout."""
        for path, text in self._texts.items():
            file = self.root / path
            self._before[path] = file.read_text(encoding="utf-8") if file.exists() else ""
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        modules = [str(path) for path in self._texts if path.suffix == ".py"]
        if modules and find_spec("ruff"):  # only a checkout's own environment has it
            subprocess.run([sys.executable, "-m", "ruff", "format", "-q", *modules], cwd=self.root, check=False)
        return list(self._texts)

    def to_fill_in(self) -> list[str]:
        """Return file, line and text of all that a person has to write in what was written."""
        return [
            f"{path}:{number}: {line[line.index(MARK) :].strip()}"
            for path, before in self._before.items()
            for number, line in _added_lines(before, (self.root / path).read_text(encoding="utf-8"))
            if MARK in line
        ]


def _added_lines(before: str, after: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that a file did not have before."""
    lines = after.splitlines()
    matcher = SequenceMatcher(None, before.splitlines(), lines, autojunk=False)
    for kind, _, _, first, last in matcher.get_opcodes():
        if kind != "equal":
            yield from enumerate(lines[first:last], first + 1)


def require_key(name: str) -> str:
    """Return a name in lower case with hyphens.

    Raises:
        KnownFailure: It has another form.
    """
    if not KEY.fullmatch(name):
        raise KnownFailure(f"{name!r} is not a valid name: use lower case and hyphens, such as cost-runs-away")
    return name


def insert_into_tuple(content: str, name: str, entry: str) -> str:
    """Return a module's text with an entry at the end of its tuple ``NAME = (``.

    Raises:
        KnownFailure: The module has no such tuple, empty or over several lines.
    """
    # Only an empty tuple needs its type.
    content = re.sub(rf"^{name}(?:: [^=\n]+)? = \(\)$", f"{name} = (\n)", content, flags=re.MULTILINE)
    match = re.search(rf"^{name}(?:: [^=\n]+)? = \($(.*?)^\)$", content, re.MULTILINE | re.DOTALL)
    if match is None:
        raise KnownFailure(f"there is no tuple {name} to extend: add the entry by hand")
    return content[: match.end(1)] + entry + content[match.end(1) :]
