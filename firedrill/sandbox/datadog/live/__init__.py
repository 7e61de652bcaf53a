"""How the sandbox's Datadog behaves: monitors are evaluated, people paged, workflows run, synthetic tests executed.

:class:`Live` puts the parts together for one organisation in the server's process. Each part works without it: a drill
calls :func:`notifications.notify`, :mod:`workflows` and :mod:`paging` with an account's objects and a time of its own.
"""

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
from firedrill.sandbox.datadog.live import seen, status
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.notifications import Means
from firedrill.sandbox.datadog.live.pages import Pages, routing
from firedrill.sandbox.datadog.live.synthetic_runner import SyntheticRunner
from firedrill.sandbox.datadog.live.watch import Watch
from firedrill.sandbox.datadog.live.workflow_runner import WorkflowRunner

TICK = 1.0
"""Seconds between looks at what is due: synthetic tests and escalations."""
PRUNE = 300.0
"""Seconds between deletions of telemetry that is past its retention."""

__all__ = ["Live"]


class Live:
    """The live behaviour of the organisation that owns Agent traffic; ``outside`` is what workflows call with."""

    def __init__(
        self, directory: Directory, receiver: Receiver, statsd: StatsdSocket, outside: httpx.Client | None = None
    ) -> None:
        self._directory, self._receiver, self._statsd = directory, receiver, statsd
        self._org, self._started, self._pruned = receiver.agent_org, time.time(), 0.0
        # The sandbox calls itself and the service on this machine: never through a proxy of the environment.
        self._http = httpx.Client(trust_env=False)
        self.journal = Journal(directory, self._org)
        self.workflows = WorkflowRunner(directory, self._org, self.journal, outside or self._http)
        self.pages = Pages(directory, self._org, self.journal)
        self.synthetics = SyntheticRunner(directory, receiver, self.journal, self._http)
        means = Means(
            lambda: routing(directory, self._org),
            self.pages,
            self.workflows.start_by_monitor,
            self.workflows.declare_incident,
        )
        self.watch = Watch(directory, receiver, self.journal, means)

    def routes(self) -> list[BaseRoute]:
        """``GET /-/status`` and ``GET /-/seen``."""

        async def report(request: Request) -> Response:
            del request
            parts = (self._directory, self._receiver, self.watch, self.journal, self._started)
            return JSONResponse(await run_in_threadpool(status.report, *parts))

        async def what_was_seen(request: Request) -> Response:
            del request
            parts = (self._directory, self._receiver, self.watch)
            return JSONResponse(await run_in_threadpool(seen.report, *parts))

        return [Route("/-/status", report), Route("/-/seen", what_was_seen)]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Listen, flush, evaluate and run while entered. On the way out, the last flush is stored."""
        del app
        await asyncio.to_thread(self.workflows.resume)
        async with self._statsd:
            tasks = [asyncio.create_task(work) for work in
                     (self._receiver.flush_forever(), self.watch.forever(), self._tick_forever())]  # fmt: skip
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
            except Exception as error:  # noqa: BLE001  # the next second must come
                self.journal.error("synthetic tests and escalations", error)
            await asyncio.sleep(TICK)

    def _tick(self, now: float) -> None:
        self.synthetics.start_due(now)
        self.pages.progress(now)
        if now - self._pruned > PRUNE:
            self._receiver.store(self._org).prune(now)
            self._pruned = now

    def _close(self) -> None:
        self.workflows.close()
        self.synthetics.close()
        self._http.close()
