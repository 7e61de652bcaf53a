"""Cloud Storage: buckets."""

from firedrill.provider.resource import ResourceKind
from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import generated
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import LABELLED, GoogleKind, NameProperty


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """Return the resource kinds by token."""
    return {
        "gcp:storage/bucket:Bucket": GoogleKind(
            cloud,
            "{name}",
            name=NameProperty(pattern=r"[a-z0-9][-_.a-z0-9]{1,61}[a-z0-9]"),
            replace_on=frozenset({"name", "location", "project", "customPlacementConfig", "hierarchicalNamespace"}),
            computed={
                **LABELLED,
                "url": "gs://{name}",
                "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
                "projectNumber": lambda _: int(PROJECT_NUMBER),
            },
            generated={"timeCreated": generated.timestamp, "updated": generated.timestamp},
            defaults={"storageClass": "STANDARD", "forceDestroy": False},
        ),
    }
