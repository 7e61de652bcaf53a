"""Refuses connections to other machines in every Python process that has this folder on PYTHONPATH.

The tests put it there, so that a test which would reach another host fails, wherever in the process tree it runs.
"""

import ipaddress
import sys
from typing import Any


def _local(address: object) -> bool:
    if not isinstance(address, tuple):  # a Unix socket's path
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host in {"", "localhost"}


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Handle an audit event: see https://docs.python.org/3/library/audit_events.html."""
    if event == "socket.connect" and not _local(arguments[1]):
        raise PermissionError(f"a test tried to reach {arguments[1]}: tests stay on this machine")
    if event == "socket.getaddrinfo" and arguments[0] and not _local((_text(arguments[0]), 0)):
        raise PermissionError(f"a test tried to look up {_text(arguments[0])}: tests stay on this machine")


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)


sys.addaudithook(guard)
