"""A client that does not send the body that it announced, or chunks it wrongly, gets its refusal soon."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from service.runtime.worker import READ_SECONDS
from tests.integration.service.conftest import ServiceUnderTest

LENGTH, CHUNKED = "Content-Length: 5000", "Transfer-Encoding: chunked"


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/health", 405), ("/v1/control/model", 401)])
@pytest.mark.parametrize(
    ("header", "body"),
    [
        pytest.param(LENGTH, b"", id="nothing"),
        pytest.param(LENGTH, b"{", id="a part"),
        pytest.param(CHUNKED, b"", id="no chunk"),
        pytest.param(CHUNKED, b"zz\r\n", id="a wrong chunk"),
    ],
)
def test_a_refusal_does_not_wait_for_a_body(
    running: ServiceUnderTest, path: str, status: int, header: str, body: bytes
) -> None:
    began = time.monotonic()
    assert _post(running, path, header, body) == status
    assert time.monotonic() - began < READ_SECONDS / 2  # then the worker itself stops reading


def test_a_request_without_a_body_leaves_its_connection_open(running: ServiceUnderTest) -> None:
    with _connect(running) as client:
        for _ in range(3):
            client.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert _status(client) == 404


@pytest.mark.parametrize("body", [b"zz\r\n", b"1\r\n{}\r\n"])
def test_wrong_chunks_are_the_callers_mistake(running: ServiceUnderTest, body: bytes) -> None:
    assert _post(running, "/v1/chat", CHUNKED, body) == 400


def _connect(running: ServiceUnderTest) -> socket.socket:
    address = urlsplit(running.service.url)
    return socket.create_connection((address.hostname, address.port or 80), timeout=30)


def _post(running: ServiceUnderTest, path: str, header: str, body: bytes) -> int:
    """Send a request, keep the connection open, and return the answer's status."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}\r\n\r\n"
    with _connect(running) as client:
        client.sendall(head.encode() + body)
        return _status(client)


def _status(client: socket.socket) -> int:
    """Return the status of the next answer, read to its end."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(client)
    head, _, content = answer.partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:")]
    while len(content) < length:
        content += _receive(client)
    return int(head.split()[1])


def _receive(client: socket.socket) -> bytes:
    received = client.recv(65_536)
    assert received, "the connection was closed"
    return received
