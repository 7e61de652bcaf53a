"""Who may import whom: the service nothing of ours, the tool nothing of the stack, the stack few things of both."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("benchmarks", "firedrill", "infra", "policies", "service", "tests")
OF_THE_STACK = (
    "firedrill.image",
    "firedrill.lean_sdk",
    "firedrill.logs.search",
    "firedrill.logs.search_tree",
    "firedrill.query",
    "service.models",
    "service.telemetry",
)
MAY_IMPORT = {
    "service": ("service",),
    "firedrill": ("firedrill",),
    "infra": ("infra", *OF_THE_STACK),
    # The linters of messages, logs and on-call objects, and the contract's check: written once.
    "policies": (
        "policies",
        "firedrill.logs",
        "firedrill.notify",
        "firedrill.query",
        "infra.contract",
        "service.telemetry",
    ),
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, absolute; ``from a import b`` counts as ``a.b``."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
            module = node.module if not node.level else ".".join(base)
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_it_may(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / part).rglob("*.py"))
        for name in imports(path)
        if name.partition(".")[0] in OURS
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT[part])
    ]
    assert wrong == []


def test_the_contract_needs_only_the_standard_library() -> None:
    files = [ROOT / "service" / "telemetry.py", ROOT / "service" / "models.py", *(ROOT / "service/contract").iterdir()]
    for file in (one for one in files if one.suffix == ".py"):
        for name in imports(file):
            standard = name.partition(".")[0] in sys.stdlib_module_names
            assert standard or name.startswith("service.contract."), f"{file} imports {name}"


def test_no_module_of_the_stack_hides_one_that_is_installed() -> None:
    """Pulumi's own language host puts infra/ on the path: ``infra/secrets.py`` would be everybody's ``secrets``."""
    for path in (ROOT / "infra").iterdir():
        name = path.stem
        if name.startswith("_"):
            continue
        assert name not in sys.stdlib_module_names
        installed = [folder for folder in sys.path if "site-packages" in folder]
        for folder in installed:
            assert not (Path(folder) / name).exists() and not (Path(folder) / f"{name}.py").exists(), name
