"""The DogStatsD socket."""

import asyncio
import logging
import socket
import struct
import sys
from types import TracebackType

from firedrill.sandbox.datadog.intake.receiver import Receiver

log = logging.getLogger(__name__)

BUFFER = 4 * 1024 * 1024
"""Bytes that the kernel may hold for us while a flush runs."""
LINUX_SO_RXQ_OVFL = 40
"""Socket option: each datagram tells how many the kernel has dropped so far. Not in Python's socket module."""
LARGEST = 65_535
BATCH = 256
"""Datagrams read before other work gets its turn."""


class StatsdSocket:
    """Reads datagrams into a receiver while entered. ``port`` 0 takes a free one; see :attr:`port`."""

    def __init__(self, receiver: Receiver, port: int, host: str = "127.0.0.1") -> None:
        self._receiver = receiver
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, LINUX_SO_RXQ_OVFL, 1)
        self._socket.setblocking(False)
        self._socket.bind((host, port))
        self._dropped = 0

    @property
    def port(self) -> int:
        """The UDP port."""
        return int(self._socket.getsockname()[1])

    async def __aenter__(self) -> "StatsdSocket":
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._read()
        self._socket.close()

    def _read(self) -> None:
        for _ in range(BATCH):
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(LARGEST, socket.CMSG_SPACE(4))
            except BlockingIOError:
                return
            except OSError as error:
                self._receiver.count("statsd.socket_errors")
                log.warning("DogStatsD socket: %s", error)
                return
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, LINUX_SO_RXQ_OVFL) and len(data) >= 4:
                    self._lost(struct.unpack("I", data[:4])[0])
            self._receiver.datagram(packet)

    def _lost(self, dropped: int) -> None:
        if dropped > self._dropped:
            self._receiver.count("statsd.packets_lost", dropped - self._dropped)
            log.warning("DogStatsD: the kernel dropped %d datagrams", dropped - self._dropped)
            self._dropped = dropped
