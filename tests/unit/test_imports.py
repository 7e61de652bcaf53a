"""The dependencies between packages: who may import whom, without cycles, and from which distributions.

Imports inside functions count, and so do the packages above an imported module, since Python runs them, too, and a
module of firedrill whose name is a text, which is how a module starts another with ``python -m``.
"""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = ("benchmarks", "firedrill", "infra", "policies", "service", "tests")
CHECKED = ("firedrill", "infra", "policies", "service")

MAY_REACH = {
    # Datadog's languages and the evaluation of monitors: no I/O.
    "query": set(),
    "logs": set(),
    "evaluate": {"logs", "query"},
    "notify": {"logs"},
    "checks": {"logs", "query"},
    # Datadog's API and the provider's resource tables.
    "provider": {"errors"},
    "datadog": {"errors", "provider"},
    "google": {"errors"},
    # Proofs, and deployments to real accounts: no sandbox.
    "scenario": {"errors", "evaluate", "logs", "notify", "query"},
    "prove": {
        "checks", "datadog", "declared_at", "errors", "evaluate", "logs", "notify", "program_fault", "provider",
        "query", "scenario",
    },
    "contract": {
        "checks", "datadog", "declared_at", "errors", "evaluate", "logs", "notify", "program_fault", "prove",
        "provider", "query", "scenario",
    },
    "scaffold": {
        "checks", "datadog", "declared_at", "errors", "evaluate", "logs", "notify", "program_fault", "prove",
        "provider", "query", "scenario",
    },
    "engine": {"bootstrap", "datadog", "declared_at", "errors", "google", "program_fault", "provider", "settings"},
    "delivery": {
        "bootstrap", "checks", "datadog", "declared_at", "engine", "errors", "evaluate", "google", "logs", "notify",
        "program_fault", "prove", "provider", "query", "scenario", "settings",
    },
    # The sandbox, and drills in it.
    "sandbox": {"checks", "datadog", "errors", "evaluate", "image", "logs", "notify", "provider", "query", "settings"},
    "drill": {"checks", "errors", "evaluate", "logs", "notify", "query", "sandbox", "scenario", "settings",
              "datadog", "image", "provider"},
    # Pictures: the declared dashboards in the sandbox's console.
    "dashboards": {"checks", "datadog", "declared_at", "errors", "evaluate", "image", "logs", "notify",
                   "program_fault", "prove", "provider", "query", "sandbox", "scenario", "settings"},
    # The first deployment, rehearsed in a sandbox.
    "rehearse": {
        "bootstrap", "checks", "datadog", "declared_at", "delivery", "engine", "errors", "evaluate", "google", "image",
        "logs", "notify", "program_fault", "prove", "provider", "query", "sandbox", "scenario", "settings",
    },
    # Modules without a dependency.
    "bootstrap": set(),
    "declared_at": set(),
    "errors": set(),
    "image": set(),
    "lean_sdk": set(),
    "products": set(),
    "program_fault": set(),
    "settings": {"errors"},
}  # fmt: skip
"""The packages of firedrill that a package of it may reach. The command line may reach them all."""
SHARED_WITH_THE_STACK = (
    "firedrill.declared_at",
    "firedrill.image",
    "firedrill.lean_sdk",
    "firedrill.logs.search",
    "firedrill.logs.search_tree",
    "firedrill.query",
    "service.llm.models",
    "service.telemetry",
)
MAY_IMPORT = {
    "service": ("service",),
    "firedrill": ("firedrill",),
    "infra": ("infra", *SHARED_WITH_THE_STACK),
    # The linters of messages, logs and on-call objects, and the contract's check.
    "policies": (
        "policies",
        "firedrill.checks",
        "firedrill.declared_at",
        "firedrill.logs",
        "firedrill.notify",
        "firedrill.query",
        "infra.contract",
        "service.telemetry",
    ),
}
GOOGLE = {
    "google.auth": "google-auth",
    "google.protobuf": "protobuf",
    "google.rpc": "googleapis-common-protos",
}
"""The distributions of the namespace package ``google``."""
IMPORTS_BY_NAME = {
    "firedrill.lean_sdk.finder": "modules of Pulumi's SDK",
    "firedrill.sandbox.datadog.handlers": "its own modules",
    "firedrill.sandbox.datadog.http.routing": "models of datadog-api-client",
    "service.datadog.client": "models of datadog-api-client",
}
"""Modules that import by a computed name, which the other tests cannot follow, and what they import so."""
HTTP_CLIENTS = {
    "firedrill.datadog.client": "Datadog",
    "firedrill.google": "Google Cloud",
    "firedrill.delivery.rollback": "the deployed service",
    "firedrill.engine.first_traffic": "the deployed service",
}
"""The modules of the tool, without the sandbox, that send HTTP requests, and to whom."""
SET_ATTRIBUTES = {
    "service.api.callers": ["g.caller"],  # Flask's own place for the values of one request
    # The SDK offers no other way to report a refused request without a traceback.
    "infra.observability.dynamic.provider": ["sys.tracebacklimit"],
}
"""Attributes of imported objects that the stack sets: globals that no construction shows."""
LAZY = {"pulumi"}
"""Packages that a proof imports only where it needs them: to run a stack's program."""


@cache
def modules() -> dict[str, Path]:
    """Return the files of all checked modules by name."""
    files = {}
    for part in CHECKED:
        for file in sorted((ROOT / part).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return files


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the names that a file imports, absolute; ``from a import b`` is ``a.b``."""
    return tuple(_imports(path))


@cache
def started_modules() -> frozenset[str]:
    """Return the names of firedrill's modules, but not the word firedrill."""
    return frozenset(of_package("firedrill")) - {"firedrill"}


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parent.parts
    above = {".".join(package[:length]) for length in range(len(package) + 1)}  # their names only find their files
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
            module = node.module if not node.level else ".".join(base)
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and node.value in started_modules() - above:
            yield node.value


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the checked modules that a module imports."""
    imported = set()
    for name in imports(modules()[module]):
        parts = name.split(".")
        prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        imported.add(next((prefix for prefix in prefixes if prefix in modules()), module))
    return frozenset(imported - {module})


def reachable(package: str) -> dict[str, str]:
    """Return the modules that a package imports, transitively, each with the chain of imports that leads to it."""
    pending = [(module, module) for module in of_package(package)]
    chains: dict[str, str] = {}
    while pending:
        module, chain = pending.pop()
        if module not in chains:
            chains[module] = chain
            parent = module.rpartition(".")[0]
            above = {parent} if parent in modules() else set()
            pending += [(imported, f"{chain} -> {imported}") for imported in imported_modules(module) | above]
    return chains


def of_package(package: str) -> list[str]:
    """Return the modules of a package, the package itself included."""
    return [module for module in modules() if module == package or module.startswith(f"{package}.")]


def is_within(name: str, packages: Iterable[str]) -> bool:
    """Return whether a name is one of the packages or below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module in of_package(part)
        for name in imports(modules()[module])
        if name.partition(".")[0] in OURS and not is_within(name, MAY_IMPORT[part])
    ]
    assert wrong == []


@pytest.mark.parametrize("package", MAY_REACH)
def test_a_package_reaches_only_what_it_may(package: str) -> None:
    allowed = {f"firedrill.{name}" for name in {package, *MAY_REACH[package]}}
    chains = reachable(f"firedrill.{package}")
    assert chains, f"there is no firedrill.{package}"
    wrong = [chain for module, chain in chains.items() if module != "firedrill" and not is_within(module, allowed)]
    assert wrong == []


def test_every_package_of_firedrill_has_its_arrows() -> None:
    packages = {module.split(".")[1] for module in of_package("firedrill") if "." in module}
    assert packages == {*MAY_REACH, "cli"}


def test_only_some_packages_import_the_sandbox() -> None:
    importing = {
        module
        for module in of_package("firedrill")
        if any(is_within(imported, ["firedrill.sandbox"]) for imported in imported_modules(module))
    }
    names = ("sandbox", "dashboards", "drill", "rehearse", "engine", "cli")
    allowed = [f"firedrill.{name}" for name in names]
    assert {module for module in importing if not is_within(module, allowed)} == set()


def test_only_the_command_line_uses_typer() -> None:
    using = {module for module, file in modules().items() if any(is_within(name, ["typer"]) for name in imports(file))}
    assert {module for module in using if not is_within(module, ["firedrill.cli"])} == set()


def calls(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func)


def test_few_modules_import_by_a_computed_name() -> None:
    functions = {"__import__", "import_module", "importlib.import_module", "runpy.run_module"}
    assert {module for module, file in modules().items() if functions & set(calls(file))} == set(IMPORTS_BY_NAME)


def test_one_client_speaks_to_datadog_and_one_to_google() -> None:
    names = ("Client", "AsyncClient", "request", "get", "post", "put", "patch", "delete", "stream")
    senders = {
        module
        for module in of_package("firedrill")
        if {f"httpx.{name}" for name in names} & set(calls(modules()[module]))
    }
    local = ["firedrill.sandbox", "firedrill.drill", "firedrill.cli"]  # to processes on this machine
    assert {module for module in senders if not is_within(module, local)} == set(HTTP_CLIENTS)


def set_attributes(path: Path) -> Iterator[str]:
    """Yield the attributes of imported objects that a file assigns, and the names that it declares as global."""
    imported = {name.rpartition(".")[2] for name in imports(path)}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Global):
            yield from node.names
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) in imported
        ):
            yield ast.unparse(node)


def test_the_stack_sets_no_hidden_globals() -> None:
    stack = {
        module: list(set_attributes(modules()[module])) for module in (*of_package("service"), *of_package("infra"))
    }
    assert {module: names for module, names in stack.items() if names} == SET_ATTRIBUTES


def test_there_is_no_import_cycle() -> None:
    graph = {module: imported_modules(module) for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_contract_needs_only_the_standard_library() -> None:
    files = [ROOT / "service/telemetry/__init__.py", ROOT / "service/llm/models.py"]
    files += (ROOT / "service/telemetry/contract").rglob("*.py")
    for file in files:
        for name in imports(file):
            is_standard = name.partition(".")[0] in sys.stdlib_module_names
            assert is_standard or name.startswith("service.telemetry.contract."), f"{file} imports {name}"


def test_no_module_of_the_stack_hides_one_that_is_installed() -> None:
    """Pulumi's own language host puts infra/ on the path: ``infra/secrets.py`` would replace ``secrets`` everywhere."""
    installed = [Path(folder) for folder in sys.path if "site-packages" in folder]
    for path in (ROOT / "infra").iterdir():
        name = path.stem
        if not name.startswith("_"):
            assert name not in sys.stdlib_module_names
            for folder in installed:
                assert not (folder / name).exists() and not (folder / f"{name}.py").exists(), name


def distributions(names: Iterable[str]) -> set[str]:
    """Return the distributions that provide imported names, of those outside the repository."""
    providers = packages_distributions()
    result = set()
    for name in names:
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in OURS:
            package = GOOGLE.get(".".join(name.split(".")[:2]))
            result.add(package or providers[top][0].lower().replace("_", "-"))
    return result


def declared(*extras: str) -> set[str]:
    """Return the dependencies of the package with these extras."""
    names = [*PROJECT["dependencies"]]
    for extra in extras:
        names += PROJECT["optional-dependencies"][extra]
    return {name.partition("[")[0] for name in names} - {"firedrill"}


def test_proving_needs_only_the_base_dependencies() -> None:
    reached = {**reachable("firedrill.prove"), **{module: module for module in of_package("firedrill.cli")}}
    used = distributions(name for module in reached for name in imports(modules()[module]))
    assert used - LAZY <= declared()


def test_the_package_declares_exactly_what_it_imports() -> None:
    used = distributions(name for module in of_package("firedrill") for name in imports(modules()[module]))
    runtime_only = {"tzdata"}  # zoneinfo's data where the system has none
    assert used == declared("sandbox") - runtime_only
