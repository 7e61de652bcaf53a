"""Cloud Run's Admin API v2: a service's revisions and its traffic, which Pulumi leaves to the deploy command.

https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from rich.markup import escape

from firedrill.console import errors
from firedrill.delivery.target import Target
from firedrill.delivery.traffic import SERVED, Share, left_split, served
from firedrill.engine import stack
from firedrill.engine.google import GoogleAccount
from firedrill.errors import KnownFailure

SERVICE = "gcp:cloudrunv2/service:Service"
GOOGLE = "https://run.googleapis.com"
SECRETS_API = "https://secretmanager.googleapis.com"
DEADLINE = 300.0
"""Seconds for a change of traffic: Cloud Run may have to start an instance of a revision first."""
NO_IMAGE = "0" * 64
"""The digest in the file of a stack whose image the deploy command gives."""


@dataclass(frozen=True)
class Revision:
    """A revision that exists. ``secrets`` are the versions it reads: (secret, version)."""

    name: str
    created: datetime
    ready: bool
    image: str
    secrets: tuple[tuple[str, str], ...] = ()


class CloudRun:
    """One service. ``base`` and ``secrets`` are where the two APIs are, ``urn`` is what Pulumi calls the service."""

    def __init__(self, base: str, secrets: str, name: str, urn: str, auth: httpx.Auth | None = None) -> None:
        self.name, self.urn = name, urn
        self._secrets = secrets
        self._client = httpx.Client(base_url=f"{base}/v2", auth=auth, timeout=DEADLINE, trust_env=auth is not None)

    def service(self) -> dict[str, Any]:
        """The service as it is."""
        return self._call("GET", f"/{self.name}")

    def revisions(self) -> list[Revision]:
        """All revisions, newest first."""
        found: list[Revision] = []
        page = ""
        while True:
            answer = self._call("GET", f"/{self.name}/revisions" + (f"?pageToken={page}" if page else ""))
            found += [_revision(one) for one in answer.get("revisions") or ()]
            page = answer.get("nextPageToken") or ""
            if not page:
                return sorted(found, key=lambda one: one.created, reverse=True)

    def traffic(self) -> list[Share]:
        """Who gets the requests now; "latest" is resolved."""
        service = self.service()
        latest = short(service["latestReadyRevision"])
        return [
            Share(short(one.get("revision") or latest), int(one.get("percent") or 0), one.get("tag") or "")
            for one in service.get("trafficStatuses") or service.get("traffic") or ()
        ]

    def address(self, tag: str) -> str:
        """Where a tag's revision answers."""
        found = next((one for one in self.service()["trafficStatuses"] if one.get("tag") == tag), None)
        if found is None:
            raise KnownFailure(f"no revision of {self.name} has the tag {tag}")
        return str(found["uri"])

    def move(self, shares: Sequence[Share], before: str = "") -> None:
        """Send the requests elsewhere, and wait until that is so.

        With ``before``, the revision that has all now, the first one of ``shares`` takes them over for good: the
        service remembers that, in the same call.
        """
        body: dict[str, Any] = {"traffic": [one.body() for one in shares]}
        if before:
            kept = self.service().get("annotations") or {}
            body["annotations"] = kept | {SERVED: served(kept.get(SERVED) or "", before, shares[0].revision)}
        operation = self._call("PATCH", f"/{self.name}?updateMask={','.join(body)}", json=body)
        deadline = time.monotonic() + DEADLINE
        while not operation.get("done"):
            if time.monotonic() > deadline:
                raise KnownFailure(f"Cloud Run has not moved the traffic within {DEADLINE:.0f} s: {operation['name']}")
            time.sleep(1)
            operation = self._call("GET", f"/{operation['name']}")
        if operation.get("error"):
            raise KnownFailure(f"Cloud Run did not move the traffic: {operation['error'].get('message')}")

    def secret_state(self, secret: str, version: str) -> str:
        """``ENABLED``, ``DISABLED``, or ``DESTROYED`` where Secret Manager has no such version any more."""
        place = secret if "/" in secret else f"projects/{self.name.split('/')[1]}/secrets/{secret}"
        try:
            listed = self._call("GET", f"{self._secrets}/v1/{place}/versions")["versions"]
        except KnownFailure as error:
            return str(error)
        states = {short(one["name"]): str(one["state"]) for one in listed}
        return states.get(max(states, key=int, default="") if version == "latest" else version, "DESTROYED")

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise KnownFailure(f"Cloud Run's API does not answer: {error or type(error).__name__}") from error
        if not answer.is_success:
            reason = answer.json()["error"]["message"] if "json" in answer.headers["content-type"] else answer.text
            raise KnownFailure(f"{method} {path.partition('?')[0]} answered {answer.status_code}: {reason.strip()}")
        found: dict[str, Any] = answer.json()
        return found


def short(name: str) -> str:
    """A revision's own name."""
    return name.rpartition("/")[2]


def _revision(body: dict[str, Any]) -> Revision:
    ready = any(one.get("type") == "Ready" and one.get("state") == "CONDITION_SUCCEEDED" for one in body["conditions"])
    [container, *_] = body["containers"]
    keys = [(one.get("valueSource") or {}).get("secretKeyRef") for one in container.get("env") or ()]
    return Revision(
        short(body["name"]),
        datetime.fromisoformat(body["createTime"]),
        ready,
        container.get("image") or "",
        tuple((key["secret"], str(key.get("version") or "latest")) for key in keys if key),
    )


def of(target: Target) -> CloudRun | None:
    """The stack's service, None where it has none yet."""
    found = next((one for one in target.resources() if one["type"] == SERVICE and one.get("id")), None)
    if found is None:
        return None
    if target.settings is not None:
        return CloudRun(target.settings.google_url, target.settings.google_url, found["id"], found["urn"])
    return CloudRun(GOOGLE, SECRETS_API, found["id"], found["urn"], GoogleAccount())


def required(target: Target) -> CloudRun:
    """The stack's service.

    Raises:
        KnownFailure: nothing is deployed.
    """
    service = of(target)
    if service is None:
        raise KnownFailure(f"stack {target.name} has no Cloud Run service yet: `firedrill up` makes it")
    return service


def image_now(target: Target) -> dict[str, str]:
    """The configuration that keeps the deployed image, where the stack's file names none: a digest is no commit's."""
    known = target.own("image") or ""
    if target.own("imageFolder") is not None or (known and not known.endswith(NO_IMAGE)):
        return {}
    found = next((one for one in target.resources() if one["type"] == SERVICE and one.get("id")), None)
    if found is None:
        return {}
    [container, *_] = found["inputs"]["template"]["containers"]
    return {f"{target.project}:image": str(container["image"])}


def record(target: Target, service: CloudRun) -> None:
    """Write into Pulumi's state what the service's traffic is now (``pulumi refresh --target``)."""
    with stack.told():
        target.stack.refresh(target=[service.urn], on_output=lambda _: None, color="never")


def settle(target: Target) -> None:
    """Before an update: a traffic that was moved behind Pulumi's back is recorded, so that it is kept.

    ``ignore_changes`` keeps what the state says, and an update of the service sends it. Where a deployment was killed
    and left the requests split, that is said: in the sandbox no other command can be at work now.
    """
    found = next((one for one in target.resources() if one["type"] == SERVICE and one.get("id")), None)
    service = of(target) if found else None
    if found is None or service is None:
        return
    shares = service.traffic()
    real = target.settings is None
    if told := left_split(shares, target.name if real else "", elsewhere=real):
        errors.print(escape(told), soft_wrap=True)
    actual = {(one.get("revision") or "", int(one.get("percent") or 0), one.get("tag") or "")
              for one in service.service().get("traffic") or ()}  # fmt: skip
    known = {(one.get("revision") or "", int(one.get("percent") or 0), one.get("tag") or "")
             for one in found["inputs"].get("traffics") or ()}  # fmt: skip
    if actual != known:
        record(target, service)
