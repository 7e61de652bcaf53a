"""The place at which a program declares a resource: file and line, for errors that name the resource.

The engine, the policies and a proof know a resource by its name only. The program's sources are read, not run: a name
is a text (``Monitor("chat-slow")``), the ``key`` of an entry, or a part behind the name of its component
(``f"{name}-key"`` in a class that is made with ``"rollback"``).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LEFT_OUT = {"__pycache__", "benchmarks", "docs", "drills", "firedrill", "node_modules", "service", "tests", "web"}
"""Folders that hold no program."""
PROJECT_FILE = "Pulumi.yaml"


@dataclass(frozen=True)
class _Part:
    """A name behind that of a component: the component's class, what is made, the pattern, and its literal length."""

    owner: str
    made: str
    pattern: str
    literal: int
    place: str


@dataclass
class _Sources:
    """Declarations of the sources. names, keys: places by literal name; made: literal names of a class's objects."""

    names: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    parts: list[_Part] = field(default_factory=list)
    made: dict[str, set[str]] = field(default_factory=dict)

    def components(self, owner: str, above: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield the patterns of the names of a class's objects, also of those that another component makes."""
        yield from map(re.escape, self.made.get(owner, ()))
        for part in self.parts:
            if part.made == owner and part.owner not in (owner, *above):
                yield from (name + part.pattern for name in self.components(part.owner, (owner, *above)))


def declared_at(root: Path, resource: str) -> str:
    """Return ``infra/observability/alerts/chat.py:23`` for a name or a URN, "" where the sources do not show it.

    ``root`` is the folder of a checkout. A program in a folder of its own below it, such as infra/org, is searched for
    URNs of its project, and for names that the first does not have.
    """
    project, name = _project_and_name(resource)
    programs = _programs(root)
    first = [folder for folder in programs if project and programs[folder] == project]
    for folder in first if project else programs:
        if place := _place(_read(root, folder), name):
            return place
    return ""


def located(root: Path, resource: str, message: str) -> str:
    """Return a message about a resource with its place in front, where that is known."""
    place = declared_at(root, resource)
    return f"{place}: {message}" if place else message


def _project_and_name(resource: str) -> tuple[str, str]:
    """Return the project and the name of ``urn:pulumi:STACK::PROJECT::TYPE::NAME``, or of a name alone."""
    parts = resource.split("::")
    return ("", resource) if len(parts) < 4 else (parts[1], parts[-1])


def _place(sources: _Sources, name: str) -> str:
    if name in sources.keys or name in sources.names:
        return sources.keys.get(name) or sources.names[name]
    matches = [
        (part.literal, part.place)
        for part in sources.parts
        for component in sources.components(part.owner)
        if re.fullmatch(component + part.pattern, name)
    ]
    return max(matches)[1] if matches else ""


@cache
def _programs(root: Path) -> dict[Path, str]:
    """Return the folders of programs with the names of their projects, the checkout's own first."""
    files = [root / PROJECT_FILE, *_files(root, PROJECT_FILE)]
    names = {
        file.parent: re.search(r"^name:\s*(\S+)", file.read_text(), re.MULTILINE) for file in files if file.exists()
    }
    return {root: ""} | {folder: name[1] if name else "" for folder, name in names.items()}


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield the files below a folder, without those of :data:`LEFT_OUT`."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in LEFT_OUT and not path.name.startswith("."):
            yield from _files(path, pattern)
        elif path.is_file() and path.match(pattern):
            yield path


@cache
def _read(root: Path, program: Path) -> _Sources:
    """Return what the sources of a program say, without those of another program below it."""
    sources = _Sources()
    others = [folder for folder in _programs(root) if folder != program and folder.is_relative_to(program)]
    for path in _files(program, "*.py"):
        if any(path.is_relative_to(folder) for folder in others):
            continue
        try:
            tree = ast.parse(path.read_text())
        except (OSError, SyntaxError, ValueError):
            continue
        for owner, call in _calls(tree, ""):
            _add(sources, owner, call, f"{path.relative_to(root).as_posix()}:")
    return sources


def _calls(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the class that it is in."""
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, child.name if isinstance(child, ast.ClassDef) else owner)
    if isinstance(node, ast.Call):
        yield owner, node


def _add(sources: _Sources, owner: str, call: ast.Call, file: str) -> None:
    for keyword in call.keywords:
        if keyword.arg == "key" and isinstance(keyword.value, ast.Constant):
            sources.keys.setdefault(str(keyword.value.value), f"{file}{keyword.value.lineno}")
    if not call.args:
        return
    name, function = call.args[0], ast.unparse(call.func).rpartition(".")[2]
    if isinstance(name, ast.Constant) and isinstance(name.value, str) and function[:1].isupper():
        sources.names.setdefault(name.value, f"{file}{call.lineno}")
        sources.made.setdefault(function, set()).add(name.value)
    elif isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.FormattedValue) and owner:
        texts = [part.value if isinstance(part, ast.Constant) else None for part in name.values[1:]]
        pattern = "".join(".+" if text is None else re.escape(str(text)) for text in texts)
        literal = sum(len(str(text)) for text in texts if text is not None)
        sources.parts.append(_Part(owner, function, pattern, literal, f"{file}{call.lineno}"))
