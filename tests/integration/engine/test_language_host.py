"""The language host runs programs, policy packs and dynamic resources for the real engine."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.engine.conftest import Pulumi

pytestmark = pytest.mark.e2e


def test_a_program_runs_in_a_new_process_for_preview_and_for_update(project: Path, pulumi: Pulumi) -> None:
    (project / "infra" / "counted.py").write_text("import os\nprint('loaded in', os.getpid())\n")
    (project / "infra" / "__main__.py").write_text("import pulumi, counted\npulumi.export('x', 1)\n")
    answer = pulumi("up", "--yes")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    processes = {line.split()[-1] for line in answer.stdout.splitlines() if "loaded in" in line}
    assert len(processes) == 2
    assert pulumi("stack", "output", "x").stdout.strip() == "1"


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("def fails():\n    return 1 / 0\n\n\nfails()\n", "infra/__main__.py:2: ZeroDivisionError: division by zero"),
        (
            "import pulumi\npulumi.export('x', pulumi.Output.from_input({}).apply(lambda got: got['crit']))\n",
            "infra/__main__.py:2: KeyError: 'crit'",
        ),
        ("import os\nx = (1\n", "infra/__main__.py:2: SyntaxError: '(' was never closed"),
    ],
    ids=["while it runs", "in an output", "syntax"],
)
def test_an_exception_is_one_line_with_its_place(project: Path, pulumi: Pulumi, program: str, line: str) -> None:
    (project / "infra" / "__main__.py").write_text(program)
    answer = pulumi("preview")
    assert answer.returncode != 0
    diagnostics = answer.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count(f"error: {line}") == 1, answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_a_run_error_is_its_message_only(project: Path, pulumi: Pulumi) -> None:
    (project / "infra" / "__main__.py").write_text("import pulumi\nraise pulumi.RunError('set llm:region')\n")
    answer = pulumi("preview")
    assert answer.returncode != 0
    assert "error: set llm:region" in answer.stdout
    assert "Traceback" not in answer.stdout


def test_a_killed_program_fails_the_update(project: Path, pulumi: Pulumi) -> None:
    (project / "infra" / "__main__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    answer = pulumi("preview")
    assert answer.returncode != 0
    assert "ended with exit code -9" in answer.stdout + answer.stderr


def test_a_policy_pack_stops_a_preview(project: Path, pulumi: Pulumi) -> None:
    pack = project / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.1.0\n")
    (pack / "__main__.py").write_text(
        "from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy\n"
        "def no(args, report):\n    report('not today')\n"
        "PolicyPack('pack', enforcement_level=EnforcementLevel.MANDATORY,\n"
        "    policies=[StackValidationPolicy('never', 'Never.', no)])\n"
    )
    (project / "infra" / "__main__.py").write_text("import pulumi\npulumi.export('x', 1)\n")
    answer = pulumi("preview", "--policy-pack", str(pack))
    assert answer.returncode != 0
    assert "not today" in answer.stdout + answer.stderr


def test_a_dynamic_resource_is_created_and_deleted(project: Path, pulumi: Pulumi) -> None:
    (project / "infra" / "__main__.py").write_text(
        "import pulumi\n"
        "from pulumi import dynamic\n"
        "class Made(dynamic.ResourceProvider):\n"
        "    def create(self, props):\n        return dynamic.CreateResult('id-1', {**props, 'made': True})\n"
        "class Thing(dynamic.Resource):\n"
        "    made: pulumi.Output[bool]\n"
        "    def __init__(self, name):\n        super().__init__(Made(), name, {'made': None})\n"
        "pulumi.export('made', Thing('thing').made)\n"
    )
    answer = pulumi("up", "--yes", "--skip-preview")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert pulumi("stack", "output", "made").stdout.strip() == "true"
    assert pulumi("destroy", "--yes", "--skip-preview").returncode == 0


def test_it_finds_the_python_of_its_checkout_and_says_what_is_missing_elsewhere(project: Path) -> None:
    shims = project / "shims"  # as `make setup` puts them beside the CLI that it builds, away from any checkout
    shutil.copytree(ROOT / "firedrill" / "engine" / "bin", shims)
    environment = {"PATH": f"{shims}:/usr/bin:/bin", "HOME": str(project)}
    host = [str(shims / "pulumi-language-python"), "127.0.0.1:1"]
    lost = subprocess.run(host, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert lost.returncode == 1
    assert "run `make setup` in the checkout" in lost.stderr and "firedrill env" not in lost.stderr
    bin = project / ".venv" / "bin"
    bin.mkdir(parents=True)
    for name in ("python", "firedrill"):
        (bin / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (bin / name).chmod(0o755)
    with subprocess.Popen(host, cwd=project / "infra", env=environment, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline().strip().isdecimal()  # its port: it serves
        started.terminate()
