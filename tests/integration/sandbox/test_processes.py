"""Starting and stopping a sandbox touches no other processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from firedrill.sandbox import processes
from firedrill.settings import Settings
from tests.conftest import ROOT, free_ports


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a sandbox of its own."""
    return Settings(ROOT, tmp_path / "home", free_ports(6))


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.google_port))
        taken.listen()
        with processes.exclusive(settings), pytest.raises(processes.SandboxError) as caught:
            processes.start(settings)
    assert f"port {settings.google_port}" in str(caught.value)
    assert str(os.getpid()) in str(caught.value)
    assert "FIREDRILL_PORT=" in str(caught.value)
    assert processes.running(settings) == {}


def test_a_process_id_that_another_program_has_now_is_left_alone(settings: Settings) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        settings.home.mkdir()
        before = psutil.Process(other.pid).create_time() - 60
        (settings.home / "processes.json").write_text(json.dumps({"datadog": [other.pid, before]}))
        assert processes.running(settings) == {}
        assert processes.stop(settings) == []
        assert other.poll() is None
        other.communicate(b"\n")


def test_two_commands_at_once_are_refused(settings: Settings) -> None:
    with (
        processes.exclusive(settings),
        pytest.raises(processes.SandboxError, match="another firedrill command"),
        processes.exclusive(settings),
    ):
        pass
