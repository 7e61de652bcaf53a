"""Reads the DogStatsD socket in a process of its own: ``python reader.py SOCKET PIPE`` with two file descriptors.

A server that evaluates monitors holds Python's lock for longer than the kernel's small buffer lasts. This process does
nothing but move datagrams into a queue that is large enough. It is run as a file and imports the standard library only,
which keeps it small.

A batch on the pipe is a :data:`HEAD` (bytes of the batch, datagrams lost so far) and the datagrams, each after its
length as a :data:`LENGTH`. The process ends when the other end of the pipe is closed, after what has arrived.
"""

import select
import socket
import struct
import sys
from contextlib import suppress

HEAD = struct.Struct("=IQ")
LENGTH = struct.Struct("=H")
MAX_DATAGRAM = 65_535
MAX_QUEUE = 128 * 1024 * 1024
"""Bytes that wait for the server; datagrams beyond are lost."""
MAX_BATCH = 512
LINUX_SO_RXQ_OVFL = 40
"""Socket option that adds the number of dropped datagrams to each one. Python's socket module lacks it."""


class Reader:
    """Moves datagrams from a socket to a pipe."""

    def __init__(self, datagrams: socket.socket, pipe: socket.socket) -> None:
        self._datagrams, self._pipe = datagrams, pipe
        self._queue = bytearray()
        self._sent, self._lost, self._dropped, self._reported = 0, 0, 0, 0

    def run(self) -> None:
        """Move datagrams until the server closes its end, then those that have arrived."""
        self._datagrams.setblocking(False)
        self._pipe.setblocking(False)
        while True:
            writing = [self._pipe] if self._queue else []
            readable, writable, _ = select.select([self._datagrams, self._pipe], writing, [])
            if self._datagrams in readable:
                self._read()
            if writable:
                self._write()
            if self._pipe in readable:
                break
        while self._read():
            pass
        self._pipe.setblocking(True)
        self._pipe.sendall(memoryview(self._queue)[self._sent :])

    def _read(self) -> bool:
        """Queue a batch, and return whether there was one."""
        batch = bytearray()
        for _ in range(MAX_BATCH):
            try:
                datagram, ancillary, _, _ = self._datagrams.recvmsg(MAX_DATAGRAM, 64)
            except OSError:  # none is left, or an error that the next call is free of
                break
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, LINUX_SO_RXQ_OVFL) and len(data) >= 4:
                    self._dropped = struct.unpack("I", data[:4])[0]
            if len(self._queue) - self._sent + len(batch) > MAX_QUEUE:
                self._lost += 1
            else:
                batch += LENGTH.pack(len(datagram)) + datagram
        lost = self._dropped + self._lost
        if batch or lost > self._reported:
            self._queue += HEAD.pack(len(batch), lost) + batch
            self._reported = lost
        return bool(batch)

    def _write(self) -> None:
        try:
            self._sent += self._pipe.send(memoryview(self._queue)[self._sent : self._sent + 262_144])
        except BlockingIOError:
            return
        if self._sent == len(self._queue) or self._sent > 1_000_000:
            del self._queue[: self._sent]
            self._sent = 0


def main() -> None:
    """Read until the server is gone."""
    datagrams, pipe = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    with suppress(BrokenPipeError, ConnectionResetError, KeyboardInterrupt):  # the server is gone
        Reader(datagrams, pipe).run()


if __name__ == "__main__":
    main()
