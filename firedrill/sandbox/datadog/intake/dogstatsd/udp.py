"""The DogStatsD socket, which a process of its own reads (:mod:`.reader`)."""

import asyncio
import logging
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from firedrill.sandbox.datadog.intake.dogstatsd.reader import HEAD, LENGTH, LINUX_SO_RXQ_OVFL
from firedrill.sandbox.datadog.intake.receiver import Receiver

log = logging.getLogger(__name__)

READER = Path(__file__).with_name("reader.py")
BUFFER_BYTES = 32 * 1024 * 1024
"""Bytes that the kernel may buffer: seconds of 20,000 datagrams. It grants net.core.rmem_max, all of it to root."""
LINUX_SO_RCVBUFFORCE = 33
CHUNK = 64 * 1024
"""Bytes that are taken from the reader before other work gets a turn."""
END_SECONDS = 10.0
"""Seconds in which the reader hands over what has arrived."""


class StatsdSocket:
    """Gives datagrams to a receiver while entered. ``port`` 0 takes a free port; see :attr:`port`."""

    def __init__(self, receiver: Receiver, port: int, host: str = "127.0.0.1") -> None:
        self._receiver = receiver
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        if sys.platform == "linux":
            with suppress(OSError):  # not root
                self._socket.setsockopt(socket.SOL_SOCKET, LINUX_SO_RCVBUFFORCE, BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, LINUX_SO_RXQ_OVFL, 1)
        self._socket.bind((host, port))
        self._pipe: socket.socket | None = None
        self._reader: subprocess.Popen[bytes] | None = None
        self._received = bytearray()
        self._lost = 0

    @property
    def port(self) -> int:
        """The UDP port."""
        return int(self._socket.getsockname()[1])

    async def __aenter__(self) -> "StatsdSocket":
        self._pipe, end = socket.socketpair()
        descriptors = (self._socket.fileno(), end.fileno())
        self._reader = subprocess.Popen(
            [sys.executable, "-I", "-S", str(READER), *map(str, descriptors)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the keyboard is the server's, which ends the reader
        )
        end.close()
        self._pipe.setblocking(False)
        asyncio.get_running_loop().add_reader(self._pipe, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._pipe is not None
        assert self._reader is not None
        asyncio.get_running_loop().remove_reader(self._pipe)
        await asyncio.to_thread(self._end, self._pipe, self._reader)
        self._socket.close()

    def _end(self, pipe: socket.socket, reader: "subprocess.Popen[bytes]") -> None:
        """Tell the reader to end, and take what it has."""
        pipe.settimeout(END_SECONDS)
        with suppress(OSError):
            pipe.shutdown(socket.SHUT_WR)
            while chunk := pipe.recv(CHUNK):
                self._take(chunk)
        pipe.close()
        try:
            reader.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            reader.kill()
            reader.wait()

    def _read(self) -> None:
        assert self._pipe is not None
        try:
            chunk = self._pipe.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            chunk = b""
            log.warning("DogStatsD socket: %s", error)
        if chunk:
            self._take(chunk)
        else:
            self._receiver.count("statsd.socket_errors")
            log.error("DogStatsD: the socket's reader has ended")
            asyncio.get_running_loop().remove_reader(self._pipe)

    def _take(self, chunk: bytes) -> None:
        """Give the datagrams of all batches that are complete to the receiver."""
        self._received += chunk
        place = 0
        while len(self._received) - place >= HEAD.size:
            size, lost = HEAD.unpack_from(self._received, place)
            end = place + HEAD.size + size
            if len(self._received) < end:
                break
            self._count_lost(lost)
            place += HEAD.size
            while place < end:
                (length,) = LENGTH.unpack_from(self._received, place)
                place += LENGTH.size
                self._receiver.datagram(bytes(self._received[place : place + length]))
                place += length
        del self._received[:place]

    def _count_lost(self, lost: int) -> None:
        if lost > self._lost:
            self._receiver.count("statsd.packets_lost", lost - self._lost)
            log.warning("DogStatsD: %d datagrams were lost", lost - self._lost)
            self._lost = lost
