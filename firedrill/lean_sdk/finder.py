"""The import hook: the SDK's package and its two big files define names at their first use."""

import ast
import hashlib
import importlib
import logging
import marshal
import sys
import threading
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from firedrill.lean_sdk.index import PACKAGE, QUOTED, STAR, BigFile, Index, UnexpectedSdk, store

LOG = logging.getLogger("firedrill.lean_sdk")


class Finder(MetaPathFinder):
    """A finder for the SDK's package and its big files; it defines a submodule's classes before its import."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.partial_modules = {name: _PartialModule(file, index.cache) for name, file in index.files.items()}

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return Python's own spec with a loader of ours for three modules, None for all others."""
        package, _, module = name.partition(".")
        if package != PACKAGE or "." in module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        if not module:
            spec.loader = _PackageLoader(spec.loader, self)
            return spec
        if module in self.partial_modules:
            spec.loader = _PartialModuleLoader(spec.loader, self.partial_modules[module])
            return spec
        if spec.origin and not spec.submodule_search_locations:
            source = Path(spec.origin).read_text()
            if STAR.search(source):
                self.inputs.require(QUOTED.findall(source))
        return None

    @property
    def inputs(self) -> "_PartialModule":
        """The file with the input classes."""
        return self.partial_modules["_inputs"]


class _PartialModule:
    """A big file, of which only some classes are defined."""

    def __init__(self, file: BigFile, cache: Path) -> None:
        self._file = file
        self._cache = cache
        self._lock = threading.RLock()
        self.module: ModuleType | None = None

    def load(self, module: ModuleType) -> None:
        """Execute the file up to its first class."""
        self.module = module
        with self._file.path.open("rb") as file:
            source = file.read(self._file.header_end)
        exec(compile(source, str(self._file.path), "exec"), module.__dict__)  # noqa: S102  # the published source
        module.__dict__["__all__"] = []
        module.__dict__["__getattr__"] = self.get

    def get(self, name: str) -> Any:
        """Return a class that is not defined yet: the module's ``__getattr__``."""
        if name not in self._file.rows:
            raise AttributeError(f"module {PACKAGE}.{self._file.path.stem!r} has no attribute {name!r}")
        self.require([name])
        return self._namespace()[name]

    def require(self, names: Iterable[str]) -> None:
        """Define some classes and all that they name, which their annotations need in the module's namespace."""
        with self._lock:  # Pulumi resolves types in other threads than the program's
            self._define(self._missing(names))

    def _missing(self, names: Iterable[str]) -> list[str]:
        """Return those of some classes, and of all that they name, that are not defined yet."""
        namespace = self._namespace()
        missing: set[str] = set()
        waiting = [name for name in names if name in self._file.rows]
        while waiting:
            name = waiting.pop()
            if name not in missing and name not in namespace:
                missing.add(name)
                waiting += self._file.block(name).names
        return sorted(missing)

    def _define(self, names: list[str]) -> None:
        if not names:
            return
        namespace = self._namespace()
        try:
            exec(self._code(names), namespace)  # noqa: S102  # the published source
        except (UnexpectedSdk, SyntaxError, OSError) as error:
            LOG.warning("%s is executed as a whole, which takes seconds: %s", self._file.path.name, error)
            namespace.pop("__getattr__")
            exec(compile(self._file.path.read_bytes(), str(self._file.path), "exec"), namespace)  # noqa: S102
            return
        namespace["__all__"] += names

    def _namespace(self) -> dict[str, Any]:
        if self.module is None:
            self.module = importlib.import_module(f"{PACKAGE}.{self._file.path.stem}")
        return self.module.__dict__

    def _code(self, names: list[str]) -> CodeType:
        """Return the compiled classes, from the cache if possible."""
        digest = hashlib.sha256(" ".join([self._file.path.stem, *names]).encode()).hexdigest()[:24]
        cached = self._cache / f"{digest}.code"
        try:
            code = marshal.loads(cached.read_bytes())  # noqa: S302  # our own file, like Python's .pyc files
        except (OSError, ValueError, EOFError, TypeError):
            code = self._compile(names)
            store(cached, marshal.dumps(code))
        if not isinstance(code, CodeType):
            raise UnexpectedSdk(f"{cached} has no code: delete it")
        return code

    def _compile(self, names: list[str]) -> CodeType:
        """Compile some classes, with their line numbers in the published file."""
        body: list[ast.stmt] = []
        with self._file.path.open("rb") as file:
            for name in names:
                block = self._file.block(name)
                file.seek(block.start)
                tree = ast.parse(file.read(block.end - block.start))
                if not any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body):
                    raise UnexpectedSdk(f"class {name} is not at its place in the index")
                body += ast.increment_lineno(tree, block.line - 1).body
        return compile(ast.Module(body, []), str(self._file.path), "exec")


class _PartialModuleLoader(Loader):
    """A loader of a big file's beginning."""

    def __init__(self, published: SourceFileLoader, part: _PartialModule) -> None:
        self._published = published
        self._part = part

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as Python does."""
        return self._published.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the file up to its first class."""
        self._part.load(module)


class _Package(ModuleType):
    """The package. Where a function has its module's name (``get_user``), the name is the function, as without us."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name in getattr(value, "__all__", ()):
            value = getattr(value, name)
        super().__setattr__(name, value)


class _PackageLoader(Loader):
    """A loader of the package that replaces its star imports with a ``__getattr__``."""

    def __init__(self, published: SourceFileLoader, finder: Finder) -> None:
        self._published = published
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module in which functions win over modules of their name."""
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Execute everything but the star imports."""
        exports = self._finder.index.exports
        path = self._finder.index.folder / "__init__.py"
        source = STAR.sub("", path.read_text())
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102  # the published source

        def get(name: str) -> Any:
            if name not in exports:
                if (path.parent / f"{name}.py").exists():
                    return importlib.import_module(f"{PACKAGE}.{name}")
                raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}")
            value = getattr(sys.modules.get(f"{PACKAGE}.{exports[name]}") or _submodule(exports[name]), name)
            module.__dict__[name] = value
            return value

        module.__dict__["__getattr__"] = get
        module.__dict__["__dir__"] = lambda: sorted({*module.__dict__, *exports})


def _submodule(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}")
