"""Live behaviour of an organisation in the server's process: evaluation, pages, workflows and synthetic tests."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.intake import Receiver, StatsdSocket
from firedrill.sandbox.datadog.live import activity_report, status_report
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator
from firedrill.sandbox.datadog.live.notifications import NotificationTargets
from firedrill.sandbox.datadog.live.pages import Pages, routing_directory
from firedrill.sandbox.datadog.live.synthetics import screenshots
from firedrill.sandbox.datadog.live.synthetics.runner import SyntheticRunner
from firedrill.sandbox.datadog.live.workflows.runner import WorkflowRunner

TICK_SECONDS = 1.0
"""Seconds between checks for due synthetic tests and escalations."""
PRUNE_SECONDS = 300.0
"""Seconds between deletions of telemetry beyond its retention."""


class Live:
    """The live behaviour of the organisation that owns the Agent's traffic.

    ``outside`` is the HTTP client of workflows.
    """

    def __init__(
        self, directory: Directory, receiver: Receiver, statsd: StatsdSocket, outside: httpx.Client | None = None
    ) -> None:
        self._directory, self._receiver, self._statsd = directory, receiver, statsd
        self._org, self._started, self._pruned = receiver.agent_org, time.time(), 0.0
        # All targets are on this machine, so a proxy from the environment is never used.
        self._http = httpx.Client(trust_env=False)
        self.journal = Journal(directory, self._org)
        self.workflows = WorkflowRunner(directory, self._org, self.journal, outside or self._http)
        self.pages = Pages(directory, self._org, self.journal)
        self.synthetics = SyntheticRunner(directory, receiver, self.journal, self._http)
        targets = NotificationTargets(
            lambda: routing_directory(directory, self._org),
            self.pages,
            self.workflows.start_by_monitor,
            self.workflows.declare_incident,
        )
        self.evaluator = MonitorEvaluator(directory, receiver, self.journal, targets)

    def routes(self) -> list[BaseRoute]:
        """Return the routes ``GET /-/status`` and ``GET /-/seen``."""

        async def status(request: Request) -> Response:
            del request
            parts = (self._directory, self._receiver, self.evaluator, self.journal, self._started)
            return JSONResponse(await run_in_threadpool(status_report.report, *parts))

        async def activity(request: Request) -> Response:
            del request
            parts = (self._directory, self._receiver, self.evaluator)
            return JSONResponse(await run_in_threadpool(activity_report.report, *parts))

        pictures = screenshots.route(self._directory, self._org)
        return [Route("/-/status", status), Route("/-/seen", activity), pictures]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Receive, evaluate and run while entered. On exit the last flush is stored."""
        del app
        await asyncio.to_thread(self.workflows.resume)
        async with self._statsd:
            tasks = [asyncio.create_task(work) for work in
                     (self._receiver.flush_forever(), self.evaluator.run_forever(), self._tick_forever())]  # fmt: skip
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task
                await asyncio.to_thread(self._close)

    async def _tick_forever(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._tick, time.time())
            except Exception as error:  # noqa: BLE001  # the loop must go on
                self.journal.add_error("synthetic tests and escalations", error)
            await asyncio.sleep(TICK_SECONDS)

    def _tick(self, now: float) -> None:
        self.synthetics.start_due(now)
        self.pages.progress(now)
        if now - self._pruned > PRUNE_SECONDS:
            self._receiver.store(self._org).prune(now)
            self._pruned = now

    def _close(self) -> None:
        self.workflows.close()
        self.synthetics.close()
        self._http.close()
