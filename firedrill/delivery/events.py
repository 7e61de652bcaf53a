"""What Datadog is told of a deployment: pipeline and jobs (CI Visibility), the deployment or its failure (DORA).

https://docs.datadoghq.com/api/latest/ci-visibility-pipelines/ , https://docs.datadoghq.com/api/latest/dora-metrics/
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from firedrill.sandbox.providers.datadog.api import Api

PIPELINE = "firedrill deploy"
NANOSECONDS = 10**9


@dataclass
class Pipeline:
    """One run of the deploy command. Telling it costs no deployment: what is refused is kept in ``untold``."""

    api: Api
    service: str
    env: str
    commit: str
    repository: str
    version: str = ""
    began: float = field(default_factory=time.time)
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    untold: list[str] = field(default_factory=list)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """A step of the run, told at its end with its status."""
        began, status = time.time(), "error"
        try:
            yield
            status = "success"
        finally:
            self._send(
                {
                    "level": "job", "id": str(uuid.uuid4()), "name": name, "status": status, "url": self._url(),
                    "pipeline_unique_id": self.identifier, "pipeline_name": PIPELINE, **_span(began),
                }
            )  # fmt: skip

    def end(self, *, good: bool, reason: str = "") -> None:
        """The run itself, and the deployment (or the failure) for DORA."""
        self._send(
            {
                "level": "pipeline", "unique_id": self.identifier, "name": PIPELINE, "url": self._url(),
                "partial_retry": False, "status": "success" if good else "error", **_span(self.began),
            }
        )  # fmt: skip
        moments = {"started_at": int(self.began * NANOSECONDS), "finished_at": time.time_ns()}
        attributes: dict[str, Any] = {**moments, "env": self.env, "version": self.version}
        if self.commit:
            attributes["git"] = {"commit_sha": self.commit, "repository_url": self.repository}
        if good:
            self._call("POST /api/v2/dora/deployment", {**attributes, "service": self.service})
        else:
            failure = {"services": [self.service], "name": reason, "severity": "High"}
            self._call("POST /api/v2/dora/failure", {**attributes, **failure})

    def _send(self, resource: dict[str, Any]) -> None:
        git = {"repository_url": self.repository, "sha": self.commit}
        author = {"author_email": "noreply@example.com"}
        if self.commit:
            resource = {**resource, "git": {**git, **author}}
        attributes = {"provider_name": "firedrill", "service": self.service, "env": self.env, "resource": resource}
        self._call("POST /api/v2/ci/pipeline", attributes, "cipipeline_resource_request")

    def _call(self, request: str, attributes: dict[str, Any], kind: str = "") -> None:
        from firedrill.sandbox.providers.datadog.api import ApiError

        data = {"attributes": attributes} | ({"type": kind} if kind else {})
        try:
            self.api.call(request, {"data": data})
        except ApiError as error:
            self.untold.append(str(error))

    def _url(self) -> str:
        return self.repository or f"https://example.com/{self.service}"


def _span(began: float) -> dict[str, str]:
    start, end = (datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in (began, time.time()))
    return {"start": start, "end": end}
