"""A revision of a service: the instances that run one template."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from firedrill.sandbox.google import cloud_run_environment as environment
from firedrill.sandbox.google import cloud_run_image as image
from firedrill.sandbox.google.cloud_run_instance import Instance, InstanceFailed, Launch
from firedrill.sandbox.google.cloud_run_logs import Shipper
from firedrill.sandbox.google.cloud_run_template import Template, parse
from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.errors import GoogleError
from firedrill.sandbox.google.iam import Iam
from firedrill.sandbox.google.secrets import Secrets
from firedrill.sandbox.settings import Settings


@dataclass(frozen=True)
class Platform:
    """What every revision of the sandbox runs on."""

    settings: Settings
    database: Database
    secrets: Secrets
    iam: Iam
    http: httpx.AsyncClient


@dataclass(frozen=True)
class Place:
    """Where a service stands: project, location and name."""

    project: str
    location: str
    service: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/services/{self.service}"


class Revision:
    """One revision and its running instances. GoogleError when its template, image or secrets cannot be had."""

    def __init__(self, platform: Platform, place: Place, name: str, declared: Mapping[str, Any]) -> None:
        self.name = name
        self.template: Template = parse(declared)
        self.instances: list[Instance] = []
        self._platform = platform
        self._place = place
        self._turn = itertools.count()
        self._image = image.pull(platform.settings, self.template.image)
        self._variables()

    def _variables(self) -> dict[str, str]:
        return environment.declared(self.template, self._place.project, self._platform.secrets, self._platform.iam)

    async def start(self, *, persist: bool = False) -> None:
        """Start all instances. Unless to ``persist``, wait until ready; GoogleError, with none left, if one fails."""
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
        raise GoogleError(
            400,
            f"Revision '{self.name}' is not ready and cannot serve traffic. {error} "
            + (f"Its last log lines:\n{self._without_secrets(lines)}" if lines else "It wrote no log lines."),
            status="FAILED_PRECONDITION",
        )

    def _without_secrets(self, lines: list[str]) -> str:
        text = "\n".join(f"  {line}" for line in lines)
        variables = self._variables()
        for name in environment.secret_names(self.template):
            if variables[name]:
                text = text.replace(variables[name], "***")
        return text

    def _instance(self, number: int) -> Instance:
        settings, service = self._platform.settings, self._place.service
        folder = settings.home / "revisions" / self.name
        container_id = f"{self.name}-instance-{number}"

        def complete(port: int) -> dict[str, str]:
            return environment.complete(
                settings, service, self.name, port, folder / f"home-{number}",
                image=self._image.environment, variables=self._variables(),
            )  # fmt: skip

        launch = Launch(
            revision=self.name,
            template=self.template,
            command=self.template.command + self.template.arguments
            if self.template.command
            else self.template.arguments or self._image.command,
            folder=self._image.folder,
            logs=folder,
            environment=complete,
        )
        tags = [
            f"service_name:{service}",
            f"revision_name:{self.name}",
            f"container_id:{container_id}",
            f"location:{self._place.location}",
            f"project_id:{self._place.project}",
        ]
        shipper = Shipper(self._platform.http, settings.datadog_url, complete(0), tags)
        return Instance(launch, number, self._platform.database, self._platform.http, shipper)

    def ready(self) -> list[Instance]:
        """The instances that may get requests, the next one in turn first."""
        instances = [instance for instance in self.instances if instance.ready]
        first = next(self._turn) % len(instances) if instances else 0
        return instances[first:] + instances[:first]

    async def stop(self) -> None:
        """End all instances after the requests on their way."""
        await asyncio.gather(*(instance.stop() for instance in self.instances))
        self.instances = []

    async def end(self) -> None:
        """End all instances now."""
        await asyncio.gather(*(instance.end() for instance in self.instances))
        self.instances = []
