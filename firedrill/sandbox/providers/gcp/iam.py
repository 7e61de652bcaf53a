"""Grants of roles: ``*IamMember`` kinds. Their ids are the resource's name, the role and the member."""

from firedrill.sandbox.providers.gcp import made
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import Kind
from firedrill.sandbox.providers.resource import ResourceKind

REGIONAL = {
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": ("services", "name"),
    "gcp:cloudrunv2/jobIamMember:JobIamMember": ("jobs", "name"),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": ("repositories", "repository"),
    "gcp:cloudtasks/queueIamMember:QueueIamMember": ("queues", "name"),
}
"""Token: (collection, property that names the resource), of resources that have a location."""
OF_PROJECT = {
    "gcp:secretmanager/secretIamMember:SecretIamMember": ("secrets", "secretId"),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": ("topics", "topic"),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": ("subscriptions", "subscription"),
}
"""The same of resources that have none."""
ELSEWHERE = {
    "gcp:projects/iAMMember:IAMMember": ("{project}", "project"),
    "gcp:storage/bucketIAMMember:BucketIAMMember": ("b/{bucket!t}", "bucket"),
    "gcp:serviceaccount/iAMMember:IAMMember": ("{serviceAccountId}", "serviceAccountId"),
}
"""Token: (resource part of the id, property that names the resource)."""


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """The table."""
    found: dict[str, ResourceKind] = {}
    for token, (collection, property) in REGIONAL.items():
        resource = f"projects/{{project}}/locations/{{location}}/{collection}/{{{property}!t}}"
        found[token] = _grant(cloud, resource, property, place="location")
    for token, (collection, property) in OF_PROJECT.items():
        found[token] = _grant(cloud, f"projects/{{project}}/{collection}/{{{property}!t}}", property)
    for token, (resource, property) in ELSEWHERE.items():
        found[token] = _grant(cloud, resource, property, project=property == "project")
    return found


def _grant(cloud: Cloud, resource: str, property: str, *, place: str = "", project: bool = True) -> Kind:
    return Kind(
        cloud,
        f"{resource}/{{role}}/{{member}}",
        place=place,
        project=project,
        replace_on=frozenset({property, "role", "member", "condition", "project", "location"}),
        made={"etag": made.etag},
    )
