"""The console: pages for people at the addresses of Datadog's web application, and the control routes that they read.

The pages are built from ``web/console`` into ``static``. They call the public API like any client; ``/-/console/`` has
what only a sandbox knows.
"""

from starlette.routing import BaseRoute

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.console import graphs, monitors, on_call, service_map, shell, slos, tag_values
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live import Live

__all__ = ["routes"]


def routes(directory: Directory, receiver: Receiver, live: Live) -> list[BaseRoute]:
    """Return the routes of the pages and their control routes."""
    return [
        *shell.routes(receiver.agent_org),
        *graphs.routes(live.evaluator, receiver, directory),
        *monitors.routes(directory, receiver, live),
        *on_call.routes(directory, receiver.agent_org),
        *service_map.routes(receiver),
        *slos.routes(live.evaluator, receiver),
        *tag_values.routes(receiver),
    ]
