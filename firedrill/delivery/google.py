"""The few read-only questions to Google Cloud that :mod:`firedrill.delivery.doctor` asks."""

from dataclasses import dataclass
from typing import Any

import httpx

from firedrill.delivery.target import Target
from firedrill.engine.google import GoogleAccount
from firedrill.errors import KnownFailure

PERMISSIONS = (
    "artifactregistry.repositories.create",
    "cloudscheduler.jobs.create",
    "cloudtasks.queues.create",
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.create",
    "iam.workloadIdentityPools.create",
    "resourcemanager.projects.setIamPolicy",
    "run.services.create",
    "run.services.update",
    "secretmanager.secrets.create",
    "serviceusage.services.enable",
    "storage.buckets.create",
)
"""What whoever deploys needs, one for each role that docs/deploy.md names."""


@dataclass(frozen=True)
class Google:
    """One project. ``base`` replaces the hosts of all APIs: the sandbox's."""

    project_id: str
    auth: httpx.Auth | None = None
    base: str = ""

    @classmethod
    def of(cls, target: Target, project: str) -> "Google":
        """With this environment's account."""
        if target.settings is not None:
            return cls(project, base=target.settings.google_url)
        return cls(project, GoogleAccount())

    def project(self) -> Any:
        """The project, if there is one that this account may see."""
        return self._call("GET", "cloudresourcemanager", f"/v3/projects/{self.project_id}")

    def enabled(self, api: str) -> bool:
        """Whether an API is on."""
        found = self._call("GET", "serviceusage", f"/v1/projects/{self.project_id}/services/{api}")
        return bool(found.get("state") == "ENABLED")

    def lacking(self) -> list[str]:
        """The permissions that this account has not."""
        path = f"/v3/projects/{self.project_id}:testIamPermissions"
        granted = self._call("POST", "cloudresourcemanager", path, {"permissions": list(PERMISSIONS)})
        return [one for one in PERMISSIONS if one not in (granted.get("permissions") or ())]

    def model(self, location: str, name: str) -> Any:
        """A model of Google's, where it is served."""
        host = "aiplatform" if location == "global" else f"{location}-aiplatform"
        return self._call("GET", host, f"/v1/publishers/google/models/{name}")

    def _call(self, method: str, host: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self.base or f'https://{host}.googleapis.com'}{path}"
        headers = {} if self.base else {"x-goog-user-project": self.project_id}
        try:
            answer = httpx.request(
                method, url, auth=self.auth, headers=headers, json=body, timeout=30, trust_env=not self.base
            )
        except httpx.HTTPError as error:
            raise KnownFailure(f"{host}.googleapis.com does not answer: {error or type(error).__name__}") from error
        if not answer.is_success:
            json = "json" in answer.headers.get("content-type", "")
            reason = answer.json().get("error", {}).get("message") if json else answer.text[:200]
            raise KnownFailure(f"{host}.googleapis.com answered {answer.status_code}: {str(reason).strip()}")
        found: dict[str, Any] = answer.json()
        return found
