"""Intake of telemetry: the Agent's endpoints, DogStatsD and the public API, and the API that queries it.

``Receiver`` holds the stores and counters, ``routes`` are the HTTP endpoints, ``StatsdSocket`` is the UDP one.
"""

from starlette.routing import BaseRoute

from firedrill.sandbox.datadog.intake import agent_api, browser_api, public_api, query_api, recording_api, replay_api
from firedrill.sandbox.datadog.intake.dogstatsd.udp import StatsdSocket
from firedrill.sandbox.datadog.intake.receiver import Objects, Receiver

__all__ = ["Objects", "Receiver", "StatsdSocket", "routes"]


def routes(receiver: Receiver, statsd_port: int) -> list[BaseRoute]:
    """Return all intake endpoints, which the server mounts before its generated routes."""
    return [
        *agent_api.routes(receiver, statsd_port),
        *public_api.routes(receiver),
        *browser_api.routes(receiver),
        *query_api.routes(receiver),
        *recording_api.routes(receiver),
        *replay_api.routes(receiver),
    ]
