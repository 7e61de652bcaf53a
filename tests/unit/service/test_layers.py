"""The layers of the service's packages: each imports only those below it."""

from tests.conftest import ROOT
from tests.unit.test_imports import imports

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "service").rglob("*.py")
}
MAY_IMPORT = {
    "service.problems": set[str](),
    "service.telemetry": {"service.problems"},
    "service.settings": {"service.llm.models"},
    "service.runtime": {"service.problems", "service.telemetry", "service.llm.models"},
    "service.llm": {"service.problems", "service.telemetry", "service.settings", "service.runtime"},
}
"""The layers below the routes, with those that each may import. ``service.context`` and the routes may import all."""


def imported_modules(module: str) -> set[str]:
    """Return the service's modules that a module imports."""
    names = {name if name in MODULES else name.rpartition(".")[0] for name in imports(MODULES[module])}
    return names & MODULES.keys() - {module}


def is_part_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_a_layer_imports_only_what_is_below_it() -> None:
    violations = [
        f"{module} imports {imported}"
        for package, allowed in MAY_IMPORT.items()
        for module in MODULES
        if is_part_of(module, package)
        for imported in imported_modules(module)
        if not any(is_part_of(imported, other) for other in (package, *allowed))
    ]
    assert violations == []


def test_only_the_factory_builds_the_parts() -> None:
    users = {module for module in MODULES if "service.wiring" in imported_modules(module)}
    assert users == {"service.app"}
