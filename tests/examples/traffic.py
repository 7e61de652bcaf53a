"""Run an example with a socket in place of the agent, send it requests, and keep what it emits."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT, free_ports

EXAMPLES = Path(__file__).parent
DEADLINE = 20.0
"""Seconds until the example must answer."""
Request = tuple[str, dict[str, object] | None]


def orders(count: int) -> list[Request]:
    """Return requests for orders as on an ordinary day: one in fifty fails, one in twenty-five is refused."""
    return [
        (
            "/orders",
            {
                "item": "unicorn" if number % 50 == 7 else "mug",
                "amount": 0 if number % 25 == 3 else 1 + number % 3,
                "gift": number % 4 == 0,
            },
        )
        for number in range(count)
    ]


def pictures(count: int) -> list[Request]:
    """Return requests for thumbnails: one in forty is too large."""
    sizes = ("small", "medium", "large")
    return [(f"/?size={'huge' if number % 40 == 9 else sizes[number % 3]}", None) for number in range(count)]


def bookings(count: int) -> list[Request]:
    """Return requests for rooms: one hotel in twenty is full, one partner in forty does not answer."""
    hotels = {3: "full", 23: "full", 17: "castle"}
    return [
        ("/bookings", {"hotel": hotels.get(number % 40, "harbour"), "nights": 1 + number % 4})
        for number in range(count)
    ]


def record(service: str, requests: list[Request], folder: Path) -> list[Path]:
    """Send the requests to a service; return the files with its datagrams and its log lines."""
    port = free_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(5)
        environment = os.environ | {"DD_DOGSTATSD_PORT": str(agent.getsockname()[1]), "PORT": str(port)}
        lines = folder / f"{service}.jsonl"
        with lines.open("w") as out:
            process = subprocess.Popen(
                _command(service, port), cwd=ROOT, env=environment, stdout=out, stderr=subprocess.DEVNULL
            )
            try:
                _await(port)
                datagrams = [text for path, body in requests for text in _send(port, path, body, agent)]
            finally:
                process.terminate()
                process.wait(10)
    (folder / f"{service}.statsd").write_text("".join(f"{text}\n" for text in datagrams))
    return [folder / f"{service}.statsd", lines]


def _command(service: str, port: int) -> list[str]:
    if service == "orders":
        return [sys.executable, "-m", "flask", "--app", "tests.examples.orders.app", "run", "--port", str(port)]
    if service == "bookings":
        return [
            sys.executable,
            "-m",
            "uvicorn",
            "--no-access-log",
            "--port",
            str(port),
            "tests.examples.bookings.app:app",
        ]
    node = shutil.which("node")
    assert node, "Node.js is needed to record the service that is not in Python"
    return [node, str(EXAMPLES / service / "server.mjs")]


def _await(port: int) -> None:
    until = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, f"nothing listens on port {port}"
            time.sleep(0.05)
        else:
            return


def _send(port: int, path: str, body: Mapping[str, object] | None, agent: socket.socket) -> list[str]:
    """Send a request, and return the two datagrams that it causes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
    return [agent.recv(4096).decode() for _ in range(2)]
