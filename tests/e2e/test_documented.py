"""The commands of README.md, docs/delivery.md and docs/sandbox.md that need a stack, run as they are written."""

import json
import os
import subprocess

import pytest

from firedrill.engine import environment
from tests.conftest import ROOT
from tests.documented import WITH_A_STACK, runnable
from tests.e2e.conftest import DEADLINE, Sandbox

pytestmark = pytest.mark.e2e

CHEAP = ("make status", "firedrill status --products")
EXPECTED = {
    "make status": "datadog",
    "firedrill status --products": "Synthetics",
    "make up": "unchanged)",
    "make preview": "unchanged",
    "make drift": "No drift in",
    "firedrill up --refresh": "unchanged)",
    'eval "$(.venv/bin/firedrill env)"; pulumi preview -s local; pulumi up -s local --yes': "unchanged",
    "pulumi preview --policy-pack policies/": "unchanged",
    "pulumi refresh --preview-only": "unchanged",
    "firedrill doctor": "all passed",
    "firedrill preview --json --markdown --base HEAD": '"failure": null',
    "firedrill drift --json --markdown": '"changes": []',
}
"""A part of the output of each command."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "command", [pytest.param(line, marks=() if line in CHEAP else pytest.mark.slow) for line in WITH_A_STACK]
)
def test_a_command_does_what_the_page_says(sandbox: Sandbox, command: str) -> None:
    variables = sandbox.environment | {"PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    if command.startswith("pulumi "):  # as after the page's eval
        variables |= environment.variables(sandbox.settings)
        command += " -s local"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", runnable(command)], cwd=ROOT, env=variables, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert EXPECTED[command.removesuffix(" -s local") if command.startswith("pulumi ") else command] in done.stdout
    if "--json" in command:
        json.loads(done.stdout)
