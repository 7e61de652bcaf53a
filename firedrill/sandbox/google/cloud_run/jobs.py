"""Cloud Run jobs: an execution runs the declared container to its end, as a process on this machine.

One task for each execution, no retries. Output is kept in ``home/jobs`` and sent to Datadog as a service's is.
https://cloud.google.com/run/docs/create-jobs
"""

import asyncio
import logging
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from firedrill.sandbox.google.cloud_run import environment, image, processes
from firedrill.sandbox.google.cloud_run.logs import LogFile, LogShipper, read_lines
from firedrill.sandbox.google.cloud_run.revision import Platform
from firedrill.sandbox.google.cloud_run.template import duration_seconds, parse_template

log = logging.getLogger(__name__)

JOB_KIND = "gcp:cloudrunv2/job:Job"
SERVICE_ONLY = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""Variables of a service's containers that a job's do not have."""


@dataclass
class Execution:
    """One run. ``exit_code`` is None while it runs, and when it was ended because it took too long."""

    name: str
    job: str
    state: Literal["running", "succeeded", "failed"] = "running"
    exit_code: int | None = None


class Jobs:
    """The executions since this process started."""

    def __init__(self, platform: Platform) -> None:
        self.executions: list[Execution] = []
        self._platform = platform
        self._running: set[asyncio.Task[None]] = set()

    def start(self, name: str, properties: dict[str, Any]) -> Execution:
        """Start an execution. Raises ErrorResponse when the template, image or a secret is unusable."""
        _, project, _, _, _, job = name.split("/")
        task_template = properties["template"]["template"]
        template = parse_template(task_template)
        snapshot = image.pull(self._platform.settings, template.image)
        suffix = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
        execution = Execution(f"{name}/executions/{job}-{suffix}", name)
        folder = self._platform.settings.home / "jobs" / f"{job}-{suffix}"
        folder.mkdir(parents=True)
        resolved = environment.resolve_variables(template, project, self._platform.secrets, self._platform.iam)
        complete = environment.process_environment(
            self._platform.settings, job, "", 0, folder, image=snapshot.environment, variables=resolved
        )
        job_variables = {"CLOUD_RUN_JOB": job, "CLOUD_RUN_EXECUTION": f"{job}-{suffix}", "CLOUD_RUN_TASK_COUNT": "1"}
        variables = {key: value for key, value in complete.items() if key not in SERVICE_ONLY} | job_variables
        command = template.command + (template.arguments or snapshot.command)
        self.executions.append(execution)
        task = asyncio.create_task(
            self._run(
                execution, command, snapshot.folder, variables, duration_seconds(task_template.get("timeout") or "600s")
            )
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return execution

    async def _run(
        self, execution: Execution, command: tuple[str, ...], folder: Path, variables: dict[str, str], timeout: float
    ) -> None:
        file = LogFile(Path(variables["HOME"]) / "log")
        shipper = LogShipper(
            self._platform.http, self._platform.settings.datadog_url, variables, [f"job:{variables['CLOUD_RUN_JOB']}"]
        )
        sending = asyncio.create_task(shipper.run())
        try:
            process, pipe = await processes.start_process(command, folder, variables)
            reader = asyncio.StreamReader()
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
            reading = asyncio.create_task(_copy(reader, file, shipper))
            try:
                execution.exit_code = await asyncio.wait_for(process.wait(), timeout)
            except TimeoutError:
                log.warning("execution %s ended: it took longer than %.0f s", execution.name, timeout)
            finally:
                await processes.end_process(process)
                await reading
        except OSError as error:
            log.warning("execution %s did not start: %s", execution.name, error)
        finally:
            sending.cancel()
            await shipper.flush()
            file.close()
            execution.state = "succeeded" if execution.exit_code == 0 else "failed"
        log.info("execution %s: %s, exit code %s", execution.name, execution.state, execution.exit_code)

    async def close(self) -> None:
        """End the running executions."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, file: LogFile, shipper: LogShipper) -> None:
    async for line in read_lines(reader):
        file.write(line)
        shipper.add(line)
