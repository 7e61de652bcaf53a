"""A revision of a service: the instances that run one template."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from firedrill.sandbox.google.cloud_run import environment, image
from firedrill.sandbox.google.cloud_run.instance import Instance, InstanceFailed, Launch
from firedrill.sandbox.google.cloud_run.logs import LogShipper
from firedrill.sandbox.google.cloud_run.template import Template, parse_template
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import ErrorResponse
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.secrets import Secrets
from firedrill.settings import Settings


@dataclass(frozen=True)
class Platform:
    """The parts of the sandbox that every revision uses."""

    settings: Settings
    database: Database
    secrets: Secrets
    iam: Iam
    http: httpx.AsyncClient


@dataclass(frozen=True)
class ServiceName:
    """A service's full name: project, location and service."""

    project: str
    location: str
    service: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/services/{self.service}"


class Revision:
    """A revision and its running instances. Raises ErrorResponse when the template, image or a secret is unusable."""

    def __init__(self, platform: Platform, service_name: ServiceName, name: str, declared: Mapping[str, Any]) -> None:
        self.name = name
        self.template: Template = parse_template(declared)
        self.instances: list[Instance] = []
        self._platform = platform
        self._service_name = service_name
        self._turn = itertools.count()
        self._image = image.pull(platform.settings, self.template.image)
        self._resolve_variables()

    def _resolve_variables(self) -> dict[str, str]:
        return environment.resolve_variables(
            self.template, self._service_name.project, self._platform.secrets, self._platform.iam
        )

    async def start(self, *, persist: bool = False) -> None:
        """Start all instances and wait until they are ready; with ``persist``, keep trying in the background.

        Raises ErrorResponse when one fails; then none is left running.
        """
        self.instances = [self._instance(number) for number in range(self.template.instances)]
        results = await asyncio.gather(
            *(instance.start(persist=persist) for instance in self.instances), return_exceptions=True
        )
        failed = [(index, error) for index, error in enumerate(results) if isinstance(error, BaseException)]
        if not failed:
            return
        index, error = failed[0]
        lines = list(self.instances[index].tail)
        await self.end()
        if not isinstance(error, InstanceFailed):
            raise error
        raise ErrorResponse(
            400,
            f"Revision '{self.name}' is not ready and cannot serve traffic. {error} "
            + (f"Its last log lines:\n{self._masked_lines(lines)}" if lines else "It wrote no log lines."),
            status="FAILED_PRECONDITION",
        )

    def _masked_lines(self, lines: list[str]) -> str:
        text = "\n".join(f"  {line}" for line in lines)
        variables = self._resolve_variables()
        for name in environment.secret_names(self.template):
            if variables[name]:
                text = text.replace(variables[name], "***")
        return text

    def _instance(self, number: int) -> Instance:
        settings, service = self._platform.settings, self._service_name.service
        folder = settings.home / "revisions" / self.name
        container_id = f"{self.name}-instance-{number}"

        def environment_for(port: int) -> dict[str, str]:
            return environment.process_environment(
                settings, service, self.name, port, folder / f"home-{number}",
                image=self._image.environment, variables=self._resolve_variables(),
            )  # fmt: skip

        launch = Launch(
            revision=self.name,
            template=self.template,
            command=self.template.command + self.template.arguments
            if self.template.command
            else self.template.arguments or self._image.command,
            folder=self._image.folder,
            logs=folder,
            environment=environment_for,
        )
        tags = [
            f"service_name:{service}",
            f"revision_name:{self.name}",
            f"container_id:{container_id}",
            f"location:{self._service_name.location}",
            f"project_id:{self._service_name.project}",
        ]
        shipper = LogShipper(self._platform.http, settings.datadog_url, environment_for(0), tags)
        return Instance(launch, number, self._platform.database, self._platform.http, shipper)

    def ready(self) -> list[Instance]:
        """Return the ready instances, the next one in turn first."""
        instances = [instance for instance in self.instances if instance.ready]
        first = next(self._turn) % len(instances) if instances else 0
        return instances[first:] + instances[:first]

    async def stop(self) -> None:
        """End all instances after the requests in progress."""
        await asyncio.gather(*(instance.stop() for instance in self.instances))
        self.instances = []

    async def end(self) -> None:
        """End all instances now."""
        await asyncio.gather(*(instance.end() for instance in self.instances))
        self.instances = []
