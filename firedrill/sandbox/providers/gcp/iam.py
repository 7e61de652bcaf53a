"""IAM members: ``*IamMember`` kinds. An id consists of the resource's name, the role and the member."""

from firedrill.provider.resource import ResourceKind
from firedrill.sandbox.providers.gcp import generated
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import GoogleKind

IAM_MEMBERS = {
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": (
        "projects/{project}/locations/{location}/services/{name!t}",
        "name",
    ),
    "gcp:cloudrunv2/jobIamMember:JobIamMember": ("projects/{project}/locations/{location}/jobs/{name!t}", "name"),
    "gcp:secretmanager/secretIamMember:SecretIamMember": ("projects/{project}/secrets/{secretId!t}", "secretId"),
    "gcp:projects/iAMMember:IAMMember": ("{project}", "project"),
    "gcp:storage/bucketIAMMember:BucketIAMMember": ("b/{bucket!t}", "bucket"),
    "gcp:serviceaccount/iAMMember:IAMMember": ("{serviceAccountId}", "serviceAccountId"),
}
"""Token: (template of the resource's part of the id, property that names the resource)."""


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """Return the resource kinds by token."""
    return {
        token: GoogleKind(
            cloud,
            f"{resource}/{{role}}/{{member}}",
            location="location" if "{location}" in resource else "",
            has_project="{project}" in resource,
            replace_on=frozenset({name, "role", "member", "condition", "project", "location"}),
            generated={"etag": generated.etag},
        )
        for token, (resource, name) in IAM_MEMBERS.items()
    }
