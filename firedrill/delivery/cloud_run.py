"""A service in Cloud Run's Admin API v2: its revisions and its traffic, which Pulumi leaves to the deploy command.

https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firedrill.delivery.target import Target, warn
from firedrill.delivery.traffic import SERVED, Share, served_annotation, split_warning
from firedrill.engine import stack
from firedrill.errors import KnownFailure
from firedrill.google import GoogleClient

SERVICE = "gcp:cloudrunv2/service:Service"
DEADLINE = 300.0
"""Seconds for a change of traffic: Cloud Run may have to start an instance of a revision first."""
NO_IMAGE = "0" * 64
"""The digest in the configuration of a stack whose image the deploy command provides."""


@dataclass(frozen=True)
class Revision:
    """A revision that exists. secrets: the versions that it reads, as (secret, version)."""

    name: str
    created: datetime
    ready: bool
    image: str
    secrets: tuple[tuple[str, str], ...] = ()


class CloudRunService:
    """One service. name: ``projects/P/locations/L/services/S``; urn: Pulumi's name of it."""

    def __init__(self, client: GoogleClient, name: str, urn: str) -> None:
        self.name, self.urn = name, urn
        self._client = client

    def get(self) -> dict[str, Any]:
        """Return the service as the API has it."""
        return self._call("GET", self.name)

    def revisions(self) -> list[Revision]:
        """Return all revisions, newest first."""
        revisions: list[Revision] = []
        page = ""
        while True:
            response = self._call("GET", f"{self.name}/revisions" + (f"?pageToken={page}" if page else ""))
            revisions += [_revision(body) for body in response.get("revisions") or ()]
            page = response.get("nextPageToken") or ""
            if not page:
                return sorted(revisions, key=lambda revision: revision.created, reverse=True)

    def latest_ready_revision(self) -> Revision:
        """Return the newest revision that can serve requests."""
        name = short_name(self.get()["latestReadyRevision"])
        return next(revision for revision in self.revisions() if revision.name == name)

    def ready_revision(self, name: str) -> Revision | None:
        """Return a ready revision by its short name; None without one."""
        return next((revision for revision in self.revisions() if revision.name == name and revision.ready), None)

    def traffic(self) -> list[Share]:
        """Return the current division of the requests; "latest" is replaced with the revision's name."""
        service = self.get()
        latest = short_name(service["latestReadyRevision"])
        return [
            Share(
                short_name(status.get("revision") or latest), int(status.get("percent") or 0), status.get("tag") or ""
            )
            for status in service.get("trafficStatuses") or service.get("traffic") or ()
        ]

    def tag_url(self, tag: str) -> str:
        """Return the URL of the revision with a tag."""
        url = next((status["uri"] for status in self.get()["trafficStatuses"] if status.get("tag") == tag), None)
        if url is None:
            raise KnownFailure(f"no revision of {self.name} has the tag {tag}: run `firedrill deploy` again")
        return str(url)

    def move_traffic(self, shares: Sequence[Share], replaced: str = "") -> None:
        """Change the division of the requests, and wait until the change has taken effect.

        replaced: the revision whose requests the first of ``shares`` takes over for good; the service's annotation
        records that in the same call.
        """
        body: dict[str, Any] = {"traffic": [share.body() for share in shares]}
        if replaced:
            annotations = self.get().get("annotations") or {}
            names = served_annotation(annotations.get(SERVED) or "", replaced, shares[0].revision)
            body["annotations"] = annotations | {SERVED: names}
        operation = self._call("PATCH", f"{self.name}?updateMask={','.join(body)}", body)
        deadline = time.monotonic() + DEADLINE
        while not operation.get("done"):
            if time.monotonic() > deadline:
                raise KnownFailure(
                    f"Cloud Run did not move the traffic within {DEADLINE:.0f} s: look at operation {operation['name']}"
                )
            time.sleep(1)
            operation = self._call("GET", operation["name"])
        if operation.get("error"):
            raise KnownFailure(f"Cloud Run did not move the traffic: {operation['error'].get('message')}")

    def secret_state(self, secret: str, version: str) -> str:
        """Return ``ENABLED``, ``DISABLED``, ``DESTROYED`` (also where the version is missing), or the API's error."""
        name = secret if "/" in secret else f"projects/{self.name.split('/')[1]}/secrets/{secret}"
        try:
            versions = self._client.call(f"GET secretmanager/v1/{name}/versions")["versions"]
        except KnownFailure as error:
            return str(error)
        states = {short_name(entry["name"]): str(entry["state"]) for entry in versions}
        return states.get(max(states, key=int, default="") if version == "latest" else version, "DESTROYED")

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return self._client.call(f"{method} run/v2/{path}", body, timeout=DEADLINE)


def short_name(name: str) -> str:
    """Return the last part of a resource's full name."""
    return name.rpartition("/")[2]


def _revision(body: dict[str, Any]) -> Revision:
    ready = any(
        condition.get("type") == "Ready" and condition.get("state") == "CONDITION_SUCCEEDED"
        for condition in body["conditions"]
    )
    [container, *_] = body["containers"]
    references = [(variable.get("valueSource") or {}).get("secretKeyRef") for variable in container.get("env") or ()]
    return Revision(
        short_name(body["name"]),
        datetime.fromisoformat(body["createTime"]),
        ready,
        container.get("image") or "",
        tuple((key["secret"], str(key.get("version") or "latest")) for key in references if key),
    )


def service_of(target: Target) -> CloudRunService | None:
    """Return the stack's service; None before its first deployment."""
    resource = target.first_resource(SERVICE)
    return None if resource is None else CloudRunService(target.google, resource["id"], resource["urn"])


def required_service(target: Target) -> CloudRunService:
    """Return the stack's service.

    Raises:
        KnownFailure: the stack is not deployed.
    """
    service = service_of(target)
    if service is None:
        raise KnownFailure(f"stack {target.name} has no Cloud Run service yet: run `firedrill up`")
    return service


def deployed_image(target: Target) -> dict[str, str]:
    """Return the configuration that keeps the deployed image, where the stack's own configuration names none."""
    image = target.setting("image") or ""
    if target.setting("imageFolder") is not None or (image and not image.endswith(NO_IMAGE)):
        return {}
    resource = target.first_resource(SERVICE)
    if resource is None:
        return {}
    [container, *_] = resource["inputs"]["template"]["containers"]
    return {f"{target.project}:image": str(container["image"])}


def record_traffic(target: Target, service: CloudRunService) -> None:
    """Record the service's present traffic in Pulumi's state (``pulumi refresh --target``)."""
    with stack.pulumi_errors():
        target.stack.refresh(target=[service.urn], on_output=lambda _: None, color="never")


def record_moved_traffic(target: Target) -> None:
    """Before an update, record traffic that was moved outside of Pulumi, so that the update keeps it.

    ``ignore_changes`` keeps what the state has, and an update of the service sends it. Warns of a killed deployment
    that left the requests split; in the sandbox no other command can be running now.
    """
    resource = target.first_resource(SERVICE)
    service = service_of(target)
    if resource is None or service is None:
        return
    real = target.settings is None
    if warning := split_warning(service.traffic(), target.name if real else "", elsewhere=real):
        warn(warning)
    actual = _as_set(service.get().get("traffic") or ())
    recorded = _as_set(resource["inputs"].get("traffics") or ())
    if actual != recorded:
        record_traffic(target, service)


def _as_set(traffic: Sequence[dict[str, Any]]) -> set[tuple[str, int, str]]:
    return {(entry.get("revision") or "", int(entry.get("percent") or 0), entry.get("tag") or "") for entry in traffic}
