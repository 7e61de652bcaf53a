"""The guard of the tests works, here and in processes that tests start."""

import socket
import subprocess
import sys

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
