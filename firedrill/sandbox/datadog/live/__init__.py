"""Live behaviour of the sandbox's Datadog: monitors, notifications, pages, workflows and synthetic tests.

:class:`Live` combines the parts for one organisation in the server's process. A drill uses the parts without it, with
an account's objects and its own clock.
"""

from firedrill.sandbox.datadog.live.live import Live

__all__ = ["Live"]
