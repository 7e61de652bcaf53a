"""Cloud Run jobs: an execution runs the declared container to its end, as a process on this machine.

One task an execution, without retries. What it writes is kept in ``home/jobs`` and shipped as a service's lines are.
https://cloud.google.com/run/docs/create-jobs
"""

import asyncio
import logging
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from firedrill.sandbox.google import cloud_run_environment as environment
from firedrill.sandbox.google import cloud_run_image as image
from firedrill.sandbox.google import cloud_run_processes as processes
from firedrill.sandbox.google.cloud_run_logs import LogFile, Shipper, lines
from firedrill.sandbox.google.cloud_run_revision import Platform
from firedrill.sandbox.google.cloud_run_template import parse, seconds

log = logging.getLogger(__name__)

KIND = "gcp:cloudrunv2/job:Job"
SERVICE_ONLY = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""Variables that a service's containers have and a job's have not."""


@dataclass
class Execution:
    """One run. ``exit_code`` is None until it ended; None at its end when it took too long."""

    name: str
    job: str
    state: Literal["running", "succeeded", "failed"] = "running"
    exit_code: int | None = None


class Jobs:
    """The executions of this process's life."""

    def __init__(self, platform: Platform) -> None:
        self.executions: list[Execution] = []
        self._platform = platform
        self._running: set[asyncio.Task[None]] = set()

    def start(self, name: str, properties: dict[str, Any]) -> Execution:
        """Run a job; GoogleError when its template, image or secrets cannot be had."""
        _, project, _, _, _, job = name.split("/")
        declared = properties["template"]["template"]
        template = parse(declared)
        snapshot = image.pull(self._platform.settings, template.image)
        suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
        execution = Execution(f"{name}/executions/{job}-{suffix}", name)
        folder = self._platform.settings.home / "jobs" / f"{job}-{suffix}"
        folder.mkdir(parents=True)
        variables = environment.declared(template, project, self._platform.secrets, self._platform.iam)
        everything = environment.complete(
            self._platform.settings, job, "", 0, folder, image=snapshot.environment, variables=variables
        )
        own = {"CLOUD_RUN_JOB": job, "CLOUD_RUN_EXECUTION": f"{job}-{suffix}", "CLOUD_RUN_TASK_COUNT": "1"}
        told = {key: value for key, value in everything.items() if key not in SERVICE_ONLY} | own
        command = template.command + (template.arguments or snapshot.command)
        self.executions.append(execution)
        task = asyncio.create_task(
            self._run(execution, command, snapshot.folder, told, seconds(declared.get("timeout") or "600s"))
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return execution

    async def _run(
        self, execution: Execution, command: tuple[str, ...], folder: Path, told: dict[str, str], timeout: float
    ) -> None:
        file = LogFile(Path(told["HOME"]) / "log")
        shipper = Shipper(
            self._platform.http, self._platform.settings.datadog_url, told, [f"job:{told['CLOUD_RUN_JOB']}"]
        )
        sending = asyncio.create_task(shipper.run())
        try:
            process, pipe = await processes.start(command, folder, told)
            reader = asyncio.StreamReader()
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
            reading = asyncio.create_task(_copy(reader, file, shipper))
            try:
                execution.exit_code = await asyncio.wait_for(process.wait(), timeout)
            except TimeoutError:
                log.warning("execution %s took longer than %.0f s", execution.name, timeout)
            finally:
                await processes.end(process)
                await reading
        except OSError as error:
            log.warning("execution %s cannot start: %s", execution.name, error)
        finally:
            sending.cancel()
            await shipper.flush()
            file.close()
            execution.state = "succeeded" if execution.exit_code == 0 else "failed"
        log.info("execution %s: %s, exit code %s", execution.name, execution.state, execution.exit_code)

    async def close(self) -> None:
        """End what still runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, file: LogFile, shipper: Shipper) -> None:
    async for line in lines(reader):
        file.write(line)
        shipper.add(line)
