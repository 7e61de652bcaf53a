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
    """Return the command lines of processes that belong to a sandbox's state folder."""
    result = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        if process.pid != os.getpid() and environ.get("FIREDRILL_HOME") == str(sandbox.settings.home):
            result.append(" ".join(process.info["cmdline"] or []))
    return result


@pytest.mark.slow
def test_a_kind_that_the_sandbox_does_not_know_is_named_and_the_next_up_works(isolated: Sandbox) -> None:
    program = isolated.settings.root / "infra" / "__main__.py"
    before = program.read_text()
    program.write_text(
        before + "\n\nimport pulumi\n\npulumi.CustomResource('datadog:index/teapot:Teapot', 'pot', {'name': 'x'})\n"
    )
    failed = isolated.firedrill("up")
    assert failed.returncode != 0
    assert "datadog:index/teapot:Teapot" in failed.stderr
    assert "Traceback" not in output(failed)
    assert left_running(isolated) == []
    program.write_text(before)
    repaired = isolated.firedrill("up")
    assert repaired.returncode == 0, output(repaired)
    assert httpx.get(f"http://localhost:{isolated.settings.port}/health", timeout=10).status_code == 200

    # A revision that never becomes ready leaves the old one serving.
    app = isolated.settings.root / "service" / "wsgi.py"
    working = app.read_text()
    app.write_text("raise RuntimeError('no model today')\n")
    broken = isolated.firedrill("up")
    assert broken.returncode != 0
    assert "no model today" in broken.stderr
    assert httpx.get(f"http://localhost:{isolated.settings.port}/health", timeout=10).status_code == 200
    app.write_text(working)
    assert isolated.firedrill("up").returncode == 0

    # A killed process is started again, and the account still exists.
    victim = processes.running(isolated.settings)["datadog"]
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    assert isolated.firedrill("status").returncode != 0
    again = isolated.firedrill("up")
    assert again.returncode == 0, output(again)
    assert re.search(r"Started: datadog", again.stdout)
    assert isolated.datadog("GET", "/api/v1/monitor")

    # `destroy` leaves an empty account and no process.
    destroyed = isolated.firedrill("destroy")
    assert destroyed.returncode == 0, output(destroyed)
    assert left_running(isolated) == []


@pytest.mark.slow
def test_a_killed_up_leaves_no_duplicates(isolated: Sandbox) -> None:
    command = [sys.executable, "-m", "firedrill.cli", "up"]
    with subprocess.Popen(
        command,
        cwd=isolated.settings.root,
        env=isolated.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Monitor" in line and "creating" in line:
                break
        else:
            pytest.fail("the update ended before it could be killed")
        os.killpg(process.pid, signal.SIGKILL)
    again = isolated.firedrill("up")
    assert again.returncode == 0, output(again)
    names = [monitor["name"] for monitor in isolated.datadog("GET", "/api/v1/monitor")]
    assert len(names) == len(set(names))
    destroyed = isolated.firedrill("destroy")
    assert destroyed.returncode == 0, output(destroyed)
    assert "The account is empty" in destroyed.stdout


@pytest.mark.slow
def test_down_ends_the_instances_of_a_google_process_that_was_killed(isolated: Sandbox) -> None:
    assert isolated.firedrill("up").returncode == 0
    victim = processes.running(isolated.settings)["google"]
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    drill = isolated.firedrill("drill")
    assert drill.returncode == 1
    assert "google does not run" in drill.stderr
    down = isolated.firedrill("down")
    assert down.returncode == 0, output(down)
    assert left_running(isolated) == []
    assert [item for item in psutil.process_iter(["environ"]) if _is_instance(item, isolated)] == []


def _is_instance(process: psutil.Process, sandbox: Sandbox) -> bool:
    """Return whether a process is an instance of the service, whose environment lacks FIREDRILL_HOME."""
    environ = process.info["environ"] or {}
    return str(environ.get("STORAGE_EMULATOR_HOST", "")).endswith(f":{sandbox.settings.google_port}")


def test_a_body_that_datadog_rejects_is_reported_with_its_error(isolated: Sandbox) -> None:
    edit(
        isolated.settings.root / "infra" / "observability" / "dashboards" / "board.py",
        r'"layout_type": "ordered"',
        '"layout_type": "spiral"',
    )
    failed = isolated.firedrill("up")
    assert failed.returncode != 0
    assert "400" in failed.stderr
    assert "layout_type" in failed.stderr
    assert left_running(isolated) == []


def test_a_missing_configuration_key_is_one_line(isolated: Sandbox) -> None:
    edit(isolated.settings.root / "Pulumi.local.yaml", r"\n  llm-api:modelPrimary:[^\n]*", "")
    failed = isolated.firedrill("up")
    assert failed.returncode != 0
    assert "llm-api:modelPrimary is missing" in failed.stderr
    assert "Traceback" not in output(failed)
    assert left_running(isolated) == []
