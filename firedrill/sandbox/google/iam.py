"""The grants that the sandbox holds to: who may read a secret, change a service's traffic, and call a service.

Other roles are recorded only: the sandbox's APIs take any token.
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
LOOKS = {"run.services.get", "run.revisions.list", "run.executions.list"}
RUNS = {
    "roles/run.viewer": LOOKS,
    "roles/run.invoker": {"run.jobs.run"},
    "roles/run.developer": {*LOOKS, "run.services.update", "run.jobs.run"},
}
"""The permissions of a role, of those that the sandbox's Cloud Run asks for."""
RUNS |= dict.fromkeys(("roles/run.admin", "roles/editor", "roles/owner"), RUNS["roles/run.developer"])
READS_SECRETS = {"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"}
EVERYONE = "allUsers"


class Iam:
    """Answers from the IAM members that are declared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _grants(self, kind: str) -> Iterator[dict[str, Any]]:
        for row in self._database.rows("SELECT properties FROM resources WHERE kind = ?", (kind,)):
            yield json.loads(row["properties"])

    def may_access_secret(self, email: str, project: str, secret: str) -> bool:
        """Whether a service account may read a secret's versions."""
        member = f"serviceAccount:{email or f'{PROJECT_NUMBER}-compute@developer.gserviceaccount.com'}"
        for grant in self._grants(SECRET_GRANT):
            on = grant["secretId"].split("/")
            same = on[-1] == secret and (len(on) == 1 or on[1] == project)
            if same and grant["member"] == member and grant["role"] in READS_SECRETS:
                return True
        return any(
            grant["member"] == member and grant["role"] in READS_SECRETS and grant["project"] == project
            for grant in self._grants(PROJECT_GRANT)
        )

    def may_run(self, email: str, project: str, name: str, permission: str) -> bool:
        """Whether a service account has a permission of Cloud Run on a service or job: granted there, or above."""
        member = f"serviceAccount:{email}"
        kind = JOB_GRANT if permission.startswith(("run.jobs.", "run.executions.")) else SERVICE_GRANT
        here = [one for one in self._grants(kind) if _on(one, project, name)]
        above = [one for one in self._grants(PROJECT_GRANT) if one["project"] == project]
        return any(one["member"] == member and permission in RUNS.get(one["role"], set()) for one in (*here, *above))

    def everyone_may_invoke(self, project: str, service: str) -> bool:
        """Whether callers without a token may call a service."""
        return any(
            grant["member"] == EVERYONE and grant["role"] == "roles/run.invoker" and _on(grant, project, service)
            for grant in self._grants(SERVICE_GRANT)
        )


def _on(grant: Mapping[str, Any], project: str, name: str) -> bool:
    """Whether a grant is on the service or job of a name; without a project it is on that of every project."""
    return str(grant["name"]).rsplit("/", 1)[-1] == name and bool(grant.get("project", project) == project)
