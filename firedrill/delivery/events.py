"""Events of a deployment for Datadog: pipeline and jobs (CI Visibility), and the deployment or its failure (DORA).

https://docs.datadoghq.com/api/latest/ci-visibility-pipelines/ , https://docs.datadoghq.com/api/latest/dora-metrics/
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from firedrill.datadog.client import DatadogClient, DatadogError

PIPELINE = "firedrill deploy"
NANOSECONDS = 10**9


@dataclass
class Pipeline:
    """One run of the deploy command. A refused event never fails a deployment; its error is kept in ``refused``."""

    client: DatadogClient
    service: str
    env: str
    commit: str
    repository: str
    version: str = ""
    started: float = field(default_factory=time.time)
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    refused: list[str] = field(default_factory=list)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Provide a job of the run; its event is sent at its end with its status."""
        started, status = time.time(), "error"
        try:
            yield
            status = "success"
        finally:
            self._send_ci(
                {
                    "level": "job", "id": str(uuid.uuid4()), "name": name, "status": status, "url": self._url(),
                    "pipeline_unique_id": self.identifier, "pipeline_name": PIPELINE, **_start_and_end(started),
                }
            )  # fmt: skip

    def end(self, *, good: bool, reason: str = "") -> None:
        """Send the pipeline's event, and for DORA the deployment or the failure with its reason."""
        self._send_ci(
            {
                "level": "pipeline", "unique_id": self.identifier, "name": PIPELINE, "url": self._url(),
                "partial_retry": False, "status": "success" if good else "error", **_start_and_end(self.started),
            }
        )  # fmt: skip
        moments = {"started_at": int(self.started * NANOSECONDS), "finished_at": time.time_ns()}
        attributes: dict[str, Any] = {**moments, "env": self.env, "version": self.version}
        if self.commit:
            attributes["git"] = {"commit_sha": self.commit, "repository_url": self.repository}
        if good:
            self._send("POST /api/v2/dora/deployment", {**attributes, "service": self.service})
        else:
            failure = {"services": [self.service], "name": reason, "severity": "High"}
            self._send("POST /api/v2/dora/failure", {**attributes, **failure})

    def _send_ci(self, resource: dict[str, Any]) -> None:
        if self.commit:
            author = {"author_email": "noreply@example.com"}
            resource = {**resource, "git": {"repository_url": self.repository, "sha": self.commit, **author}}
        attributes = {"provider_name": "firedrill", "service": self.service, "env": self.env, "resource": resource}
        self._send("POST /api/v2/ci/pipeline", attributes, "cipipeline_resource_request")

    def _send(self, request: str, attributes: dict[str, Any], type: str = "") -> None:
        data = {"attributes": attributes} | ({"type": type} if type else {})
        try:
            self.client.call(request, {"data": data})
        except DatadogError as error:
            self.refused.append(str(error))

    def _url(self) -> str:
        return self.repository or f"https://example.com/{self.service}"


def _start_and_end(started: float) -> dict[str, str]:
    moments = (started, time.time())
    start, end = (datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in moments)
    return {"start": start, "end": end}
