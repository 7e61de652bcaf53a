"""The choice of tests beside changed files."""

from pathlib import Path, PurePosixPath

import pytest

from tests.conftest import ROOT
from tests.quick import OTHERS, paths_beside


def beside(name: str) -> list[str]:
    return list(paths_beside(PurePosixPath(name)))


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("service/datadog/outbox.py", ["tests/unit/service/datadog/test_outbox.py"]),
        ("firedrill/bootstrap.py", ["tests/unit/test_bootstrap.py"]),
        ("firedrill/evaluate/metric/reader.py", ["tests/unit/evaluate"]),
        ("infra/observability/slos.py", ["tests/unit/infra"]),
        ("docs/alerting.md", ["tests/unit/test_docs.py"]),
        ("tests/unit/test_quick.py", ["tests/unit/test_quick.py"]),
        ("tests/unit/test_that_was_deleted.py", []),
        ("README.md", []),
    ],
)
def test_a_file_selects_the_paths_beside_it(file: str, tests: list[str]) -> None:
    assert beside(file) == tests


def test_each_module_selects_tests_that_exist() -> None:
    modules = [file for top in ("firedrill", "infra", "policies", "service") for file in (ROOT / top).rglob("*.py")]
    chosen = {test for file in modules for test in beside(file.relative_to(ROOT).as_posix())} | set(OTHERS.values())
    assert len(chosen) > 20
    assert not [test for test in chosen if not Path(ROOT / test).exists()]
