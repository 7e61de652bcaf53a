"""IAM grants that the sandbox enforces: reading secrets, Cloud Run's Admin API, and calling a service.

Other roles are recorded only: the sandbox's APIs accept any token.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from firedrill.sandbox.google.database import Database
from firedrill.sandbox.google.metadata import PROJECT_NUMBER

SECRET_GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"  # noqa: S105 (a kind of resource)
SERVICE_GRANT = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
JOB_GRANT = "gcp:cloudrunv2/jobIamMember:JobIamMember"
PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember"
READ_PERMISSIONS = {"run.services.get", "run.revisions.list", "run.executions.list"}
PERMISSIONS_BY_ROLE = {
    "roles/run.viewer": READ_PERMISSIONS,
    "roles/run.invoker": {"run.jobs.run"},
    "roles/run.developer": {*READ_PERMISSIONS, "run.services.update", "run.jobs.run"},
}
"""The permissions of each role, limited to those that the sandbox's Cloud Run checks."""
PERMISSIONS_BY_ROLE |= dict.fromkeys(
    ("roles/run.admin", "roles/editor", "roles/owner"), PERMISSIONS_BY_ROLE["roles/run.developer"]
)
SECRET_READER_ROLES = {"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"}
EVERYONE = "allUsers"


class Iam:
    """Permission checks against the declared IAM members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _grants(self, kind: str) -> Iterator[dict[str, Any]]:
        for row in self._database.rows("SELECT properties FROM resources WHERE kind = ?", (kind,)):
            yield json.loads(row["properties"])

    def may_access_secret(self, email: str, project: str, secret: str) -> bool:
        """Return whether a service account may read a secret's versions."""
        member = f"serviceAccount:{email or f'{PROJECT_NUMBER}-compute@developer.gserviceaccount.com'}"
        for grant in self._grants(SECRET_GRANT):
            secret_id = grant["secretId"].split("/")
            is_same_secret = secret_id[-1] == secret and (len(secret_id) == 1 or secret_id[1] == project)
            if is_same_secret and grant["member"] == member and grant["role"] in SECRET_READER_ROLES:
                return True
        return any(
            grant["member"] == member and grant["role"] in SECRET_READER_ROLES and grant["project"] == project
            for grant in self._grants(PROJECT_GRANT)
        )

    def may_run(self, email: str, project: str, name: str, permission: str) -> bool:
        """Return whether a service account has a Cloud Run permission on a service or job or on its project."""
        member = f"serviceAccount:{email}"
        kind = JOB_GRANT if permission.startswith(("run.jobs.", "run.executions.")) else SERVICE_GRANT
        resource_grants = [grant for grant in self._grants(kind) if _is_on(grant, project, name)]
        project_grants = [grant for grant in self._grants(PROJECT_GRANT) if grant["project"] == project]
        return any(
            grant["member"] == member and permission in PERMISSIONS_BY_ROLE.get(grant["role"], set())
            for grant in (*resource_grants, *project_grants)
        )

    def everyone_may_invoke(self, project: str, service: str) -> bool:
        """Return whether callers without a token may call a service."""
        return any(
            grant["member"] == EVERYONE and grant["role"] == "roles/run.invoker" and _is_on(grant, project, service)
            for grant in self._grants(SERVICE_GRANT)
        )


def _is_on(grant: Mapping[str, Any], project: str, name: str) -> bool:
    """Return whether a grant is on the named service or job; one without a project counts for every project."""
    return str(grant["name"]).rsplit("/", 1)[-1] == name and bool(grant.get("project", project) == project)
