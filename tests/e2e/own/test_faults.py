"""Each fault ends in one clear error that names the thing, leaves nothing running, and the next `up` works."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from firedrill.sandbox import processes
from tests.e2e.conftest import Sandbox, output

pytestmark = pytest.mark.e2e


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Change one place of a file."""
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(text)


def left_running(sandbox: Sandbox) -> list[str]:
    """Command lines of processes that belong to a sandbox's state folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        if process.pid != os.getpid() and environ.get("FIREDRILL_HOME") == str(sandbox.settings.home):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.mark.slow
def test_a_kind_that_the_sandbox_does_not_know_is_named_and_the_next_up_works(own: Sandbox) -> None:
    program = own.settings.root / "infra" / "__main__.py"
    before = program.read_text()
    program.write_text(
        before + "\n\nimport pulumi\n\npulumi.CustomResource('datadog:index/teapot:Teapot', 'pot', {'name': 'x'})\n"
    )
    failed = own.firedrill("up")
    assert failed.returncode != 0
    assert "datadog:index/teapot:Teapot" in failed.stderr
    assert "Traceback" not in output(failed)
    assert left_running(own) == []
    program.write_text(before)
    repaired = own.firedrill("up")
    assert repaired.returncode == 0, output(repaired)
    assert httpx.get(f"http://localhost:{own.settings.port}/health", timeout=10).status_code == 200

    # a revision that never becomes ready leaves the old one serving
    app = own.settings.root / "service" / "wsgi.py"
    working = app.read_text()
    app.write_text("raise RuntimeError('no model today')\n")
    broken = own.firedrill("up")
    assert broken.returncode != 0
    assert "no model today" in broken.stderr
    assert httpx.get(f"http://localhost:{own.settings.port}/health", timeout=10).status_code == 200
    app.write_text(working)
    assert own.firedrill("up").returncode == 0

    # a killed process is started again, and the account is still there
    victim = processes.running(own.settings)["datadog"]
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    assert own.firedrill("status").returncode != 0
    again = own.firedrill("up")
    assert again.returncode == 0, output(again)
    assert re.search(r"Started: datadog", again.stdout)
    assert own.datadog("GET", "/api/v1/monitor")

    # destroy leaves an empty account and no process
    gone = own.firedrill("destroy")
    assert gone.returncode == 0, output(gone)
    assert left_running(own) == []


@pytest.mark.slow
def test_an_up_that_is_killed_half_way_leaves_nothing_twice(own: Sandbox) -> None:
    command = [sys.executable, "-m", "firedrill.cli", "up"]
    with subprocess.Popen(
        command,
        cwd=own.settings.root,
        env=own.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as half:
        assert half.stdout is not None
        for line in half.stdout:
            if "Monitor" in line and "creating" in line:
                break
        else:
            pytest.fail("the update ended before it could be killed")
        os.killpg(half.pid, signal.SIGKILL)
    again = own.firedrill("up")
    assert again.returncode == 0, output(again)
    names = [monitor["name"] for monitor in own.datadog("GET", "/api/v1/monitor")]
    assert len(names) == len(set(names))
    gone = own.firedrill("destroy")
    assert gone.returncode == 0, output(gone)
    assert "The account is empty" in gone.stdout


@pytest.mark.slow
def test_down_ends_the_instances_of_a_google_process_that_was_killed(own: Sandbox) -> None:
    assert own.firedrill("up").returncode == 0
    victim = processes.running(own.settings)["google"]
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    drill = own.firedrill("drill")
    assert drill.returncode == 1
    assert "google does not run" in drill.stderr
    down = own.firedrill("down")
    assert down.returncode == 0, output(down)
    assert left_running(own) == []
    assert [one for one in psutil.process_iter(["environ"]) if _is_instance(one, own)] == []


def _is_instance(process: psutil.Process, sandbox: Sandbox) -> bool:
    """Whether a process is an instance of the service, which knows nothing of FIREDRILL_HOME."""
    environ = process.info["environ"] or {}
    return str(environ.get("STORAGE_EMULATOR_HOST", "")).endswith(f":{sandbox.settings.google_port}")


def test_a_body_that_datadog_rejects_is_its_own_message(own: Sandbox) -> None:
    edit(
        own.settings.root / "infra" / "dashboards" / "board.py", r'"layout_type": "ordered"', '"layout_type": "spiral"'
    )
    failed = own.firedrill("up")
    assert failed.returncode != 0
    assert "400" in failed.stderr
    assert "layout_type" in failed.stderr
    assert left_running(own) == []


def test_a_missing_configuration_key_is_one_line(own: Sandbox) -> None:
    edit(own.settings.root / "Pulumi.local.yaml", r"\n  llm-api:modelPrimary:[^\n]*", "")
    failed = own.firedrill("up")
    assert failed.returncode != 0
    assert "llm-api:modelPrimary is missing" in failed.stderr
    assert "Traceback" not in output(failed)
    assert left_running(own) == []
