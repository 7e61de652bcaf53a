"""The pack alone on programs in other languages: a Go and a TypeScript program with Datadog monitors.

Both run by Pulumi's Automation API, so that neither language's host is needed; ``make other-languages`` builds them.
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
from firedrill.sandbox.settings import Settings
from tests.conftest import ROOT
from tests.policies.provider import serve

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LANGUAGES = ROOT / "tests" / "policies" / "languages"
PROGRAMS = {
    "go": [str(LANGUAGES / "go" / "build" / "monitors")],
    "nodejs": ["node", str(LANGUAGES / "typescript" / "build" / "program.js")],
}


@pytest.fixture
def provider_port() -> Iterator[int]:
    """A provider that takes everything."""
    server, port = serve()
    yield port
    server.stop(grace=None)


def previewed(language: str, folder: Path, provider_port: int, level: str) -> subprocess.CompletedProcess[str]:
    """A program's preview under a copy of the pack that stands alone, in a project of its own."""
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
    told = previewed(language, tmp_path, provider_port, "mandatory")
    assert told.returncode != 0, told.stdout + told.stderr
    said = re.findall(r"\[(\w+)\] +([\w-]+) +\(datadog:index:Monitor: (\w+)\)", told.stdout)
    assert said == [("mandatory", "monitor-critical-is-the-querys-number", "wrong")]
    assert "critical = 0.5: write one number in both places" in told.stdout
