"""The policy pack on its own, with a Go and a TypeScript program that declare Datadog monitors.

Both use Pulumi's Automation API, so no language host is needed; ``make other-languages`` builds them.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from firedrill.engine import environment
from firedrill.settings import Settings
from tests.conftest import ROOT
from tests.integration.policies.provider import serve

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LANGUAGES = ROOT / "tests" / "integration" / "policies" / "languages"
PROGRAMS = {
    "go": [str(LANGUAGES / "go" / "build" / "monitors")],
    "nodejs": ["node", str(LANGUAGES / "typescript" / "build" / "program.js")],
}


@pytest.fixture
def provider_port() -> Iterator[int]:
    """Provide a provider that accepts every resource."""
    server, port = serve()
    yield port
    server.stop(grace=None)


def previewed(language: str, folder: Path, provider_port: int, level: str) -> subprocess.CompletedProcess[str]:
    """Preview a program with a copy of the pack, in a separate project."""
    pack = folder / "elsewhere" / "policies"
    shutil.copytree(ROOT / "policies", pack, ignore=shutil.ignore_patterns("__pycache__"))
    work = folder / "work"
    work.mkdir()
    settings = Settings(work, folder / "home")
    environment.prepare(settings)
    (work / "Pulumi.yaml").write_text(f"name: monitors\nruntime: {language}\n")
    stack = work / "Pulumi.local.yaml"
    stack.write_text(yaml.safe_dump({"config": {"policies:level": level, "policies:handles": ["team-payments"]}}))
    variables = environment.variables(settings) | {"PULUMI_DEBUG_PROVIDERS": f"datadog:{provider_port}"}
    return subprocess.run(
        [*PROGRAMS[language], str(work), str(pack)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_pack_alone_finds_the_wrong_monitor(language: str, tmp_path: Path, provider_port: int) -> None:
    if not Path(PROGRAMS[language][-1]).is_file():
        pytest.skip(f"the {language} program is not built: make other-languages")
    preview = previewed(language, tmp_path, provider_port, "mandatory")
    assert preview.returncode != 0, preview.stdout + preview.stderr
    reported = re.findall(r"\[(\w+)\] +([\w-]+) +\(datadog:index:Monitor: (\w+)\)", preview.stdout)
    assert reported == [("mandatory", "monitor-critical-is-the-querys-number", "wrong")]
    assert "Use the same number in the query and in the thresholds, which have critical = 0.5" in preview.stdout
