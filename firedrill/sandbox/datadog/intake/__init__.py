"""Where telemetry arrives: Agent endpoints, DogStatsD and the public API's intake; and where it is read back.

``Receiver`` holds the stores and counters, ``routes`` are the HTTP endpoints, ``StatsdSocket`` is the UDP one.
"""

from starlette.routing import BaseRoute

from firedrill.sandbox.datadog.intake import agent, public, read_back, recording
from firedrill.sandbox.datadog.intake.receiver import Objects, Receiver
from firedrill.sandbox.datadog.intake.udp import StatsdSocket

__all__ = ["Objects", "Receiver", "StatsdSocket", "routes"]


def routes(receiver: Receiver, statsd_port: int) -> list[BaseRoute]:
    """All intake endpoints, to be mounted at the server's root before its generated routes."""
    return [
        *agent.routes(receiver, statsd_port),
        *public.routes(receiver),
        *read_back.routes(receiver),
        *recording.routes(receiver),
    ]
