"""The read-only checks of a Google Cloud project for :mod:`firedrill.delivery.doctor`."""

from dataclasses import dataclass
from typing import Any

from firedrill.google import GoogleClient

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
"""The permissions that a deployment needs: one for each role that docs/deploy.md names."""


@dataclass(frozen=True)
class GoogleProject:
    """One project, which also pays for the requests."""

    client: GoogleClient
    project_id: str

    def get(self) -> Any:
        """Return the project.

        Raises:
            GoogleError: it does not exist, or this account may not see it.
        """
        return self._call(f"GET cloudresourcemanager/v3/projects/{self.project_id}")

    def is_enabled(self, api: str) -> bool:
        """Return whether an API such as ``run.googleapis.com`` is enabled."""
        service = self._call(f"GET serviceusage/v1/projects/{self.project_id}/services/{api}")
        return bool(service.get("state") == "ENABLED")

    def forbids(self, constraint: str) -> bool:
        """Return whether an organisation policy such as ``iam.disableServiceAccountKeyCreation`` forbids something.

        A list of allowed values forbids all others.
        https://docs.cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies
        """
        policy = self._call(f"GET orgpolicy/v2/projects/{self.project_id}/policies/{constraint}:getEffectivePolicy")
        rules = (policy.get("spec") or {}).get("rules") or ()
        return any(rule.get("enforce") or (rule.get("values") or {}).get("allowedValues") for rule in rules)

    def missing_permissions(self) -> list[str]:
        """Return the permissions of `PERMISSIONS` that this account lacks."""
        request = f"POST cloudresourcemanager/v3/projects/{self.project_id}:testIamPermissions"
        granted = self._call(request, {"permissions": list(PERMISSIONS)}).get("permissions") or ()
        return [permission for permission in PERMISSIONS if permission not in granted]

    def model(self, location: str, name: str) -> Any:
        """Return one of Google's models.

        Raises:
            GoogleError: the location does not serve it.
        """
        api = "aiplatform" if location == "global" else f"{location}-aiplatform"
        return self._call(f"GET {api}/v1/publishers/google/models/{name}")

    def _call(self, request: str, body: Any = None) -> dict[str, Any]:
        return self.client.call(request, body, quota_project=self.project_id)
