"""The guard of the tests works, here and in processes that tests start."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def test_another_machine_is_refused_here() -> None:
    with pytest.raises(PermissionError, match="tests stay on this machine"):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    with pytest.raises(PermissionError, match="example"):
        socket.getaddrinfo("example.com", 80)


def test_another_machine_is_refused_in_a_child() -> None:
    command = "import socket; socket.create_connection(('192.0.2.1', 9), timeout=1)"
    child = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert "tests stay on this machine" in child.stderr


def test_this_machine_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=1).close()


def test_no_test_sets_the_clock_of_this_process() -> None:
    """A server in a thread would wait for the hour that it saw: tests give a module its own clock."""
    pattern = re.compile(r"setattr\((time|\"time)\b|setattr\(\"[\w.]+\.time\.")
    tests = Path(__file__).parents[1]
    assert [str(path) for path in tests.rglob("*.py") if pattern.search(path.read_text())] == []
