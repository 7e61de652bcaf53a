"""The service by itself: optional packages, an unprivileged process, an agent that hangs."""

import ast
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.integration.service import sandbox

SERVICE = sandbox.ROOT / "service"
FILES = sorted(SERVICE.rglob("*.py"))


def _imports(file: Path) -> str:
    """Return the import statements of a file, as one text."""
    nodes = ast.walk(ast.parse(file.read_text()))
    return " ".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def test_it_starts_without_the_packages_of_jobs() -> None:
    script = (
        "import sys; from service.app import create_app; create_app(); "
        "assert not {'google.cloud.aiplatform', 'vertexai'} & sys.modules.keys()"
    )
    environment = {"PATH": "", "DD_TRACE_ENABLED": "false", "DD_DOGSTATSD_URL": "udp://127.0.0.1:9"}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=sandbox.ROOT, env=environment, timeout=60)


def test_only_the_job_needs_aiplatform() -> None:
    users = {file.name for file in FILES if "aiplatform" in _imports(file) or "vertexai" in _imports(file)}
    assert users == {"judge.py"}
    assert {file.name for file in FILES if "service.llm.judge" in _imports(file)} == {"evaluation_job.py"}
    # As if it were not installed: a module that is None cannot be imported.
    script = (
        "import sys; sys.modules.update({'google.cloud.aiplatform': None, 'google.cloud.aiplatform_v1beta1': None, "
        "'vertexai': None}); from service.app import create_app; "
        "assert create_app().test_client().get('/health').status_code == 200"
    )
    environment = {"PATH": "", "DD_TRACE_ENABLED": "false", "DD_DOGSTATSD_URL": "udp://127.0.0.1:9"}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=sandbox.ROOT, env=environment, timeout=120)


NOBODY = 65534
READ_ONLY_AS_NOBODY = (
    # A mount table of its own, in which the root is read-only; then no user's rights but reading everything, since
    # the test's Python may stand in a home folder, as an image's does not.
    "unshare", "--mount", "sh", "-c",
    "mount --make-rprivate / && mount -o remount,bind,ro / && "
    f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --no-new-privs "
    "--bounding-set -all,+dac_read_search "
    '--inh-caps -all,+dac_read_search --ambient-caps -all,+dac_read_search "$0" "$@"',
)  # fmt: skip


def _cannot_be_confined() -> str:
    """Return why the next test cannot run here; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, to give it up"
    probe = [*READ_ONLY_AS_NOBODY, "sh", "-c", "id -u; touch x /tmp/x || echo read-only"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False, cwd=sandbox.ROOT)
    return "" if done.stdout.split() == [str(NOBODY), "read-only"] else f"cannot confine a process: {done.stderr}"


def test_it_runs_without_root_on_a_read_only_file_system(tmp_path: Path) -> None:
    if why := _cannot_be_confined():
        pytest.skip(why)
    with (
        sandbox.google(tmp_path) as google,
        sandbox.service(tmp_path, google, under=READ_ONLY_AS_NOBODY) as service,
    ):
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
        for stream in (False, True):
            answer = httpx.post(f"{service.url}/v1/chat", json={"message": "hi", "stream": stream}, timeout=30)
            assert answer.status_code == 200
        assert httpx.get(f"{service.url}/ready").status_code == 200
        assert httpx.get(service.url).status_code == 200
        assert service.stop() < 10
    # The tracer has no agent here, and says so.
    errors = [line["message"] for line in service.lines() if line["level"] == "ERROR"]
    assert [error for error in errors if "intake" not in error] == []


@pytest.mark.slow
def test_an_agent_that_hangs_fails_no_chat_and_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with socket.socket() as agent, sandbox.google(tmp_path) as google:
        agent.bind(("127.0.0.1", 0))
        agent.listen(50)
        url = f"http://127.0.0.1:{agent.getsockname()[1]}"
        with sandbox.service(tmp_path, google, url) as service:
            answers = [httpx.post(f"{service.url}/v1/chat", json={"message": "hi"}, timeout=20) for _ in range(20)]
            assert {answer.status_code for answer in answers} == {200}
            assert service.stop() < 10
