"""What holds data: secrets, buckets and their objects, topics and subscriptions."""

from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import made
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import LABELLED, Kind, Name
from firedrill.sandbox.providers.resource import ResourceKind

PUBSUB_NAME = r"(?!goog)[A-Za-z][-\w.~+%]{2,254}"
CHECKSUMS = frozenset({"generation", "md5hash", "detectMd5hash", "crc32c"})


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """The table."""
    return {
        "gcp:secretmanager/secret:Secret": Kind(
            cloud,
            "projects/{project}/secrets/{secretId}",
            name=Name("secretId", r"[-\w]{1,255}"),
            replace_on=frozenset({"project", "secretId", "replication", "tags"}),
            computed={**LABELLED, "name": f"projects/{PROJECT_NUMBER}/secrets/{{secretId}}"},
            made={"createTime": made.moment},
        ),
        "gcp:secretmanager/secretVersion:SecretVersion": Kind(
            cloud,
            "",  # the version's number is Secret Manager's
            project=False,
            replace_on=frozenset({"secret", "secretData", "secretDataWo", "secretDataWoVersion", "isSecretDataBase64"}),
            made={"createTime": made.moment},
            lasting=frozenset({"name", "version"}),
            defaults={"enabled": True},
            secret="secretData",  # noqa: S106 (a property's name)
            write_only=frozenset({"secretDataWo"}),
        ),
        "gcp:storage/bucket:Bucket": Kind(
            cloud,
            "{name}",
            name=Name(pattern=r"[a-z0-9][-_.a-z0-9]{1,61}[a-z0-9]"),
            replace_on=frozenset({"name", "location", "project", "customPlacementConfig", "hierarchicalNamespace"}),
            computed={
                **LABELLED,
                "url": "gs://{name}",
                "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
                "projectNumber": lambda _: int(PROJECT_NUMBER),
            },
            made={"timeCreated": made.moment, "updated": made.moment},
            defaults={"storageClass": "STANDARD", "forceDestroy": False},
        ),
        "gcp:storage/bucketObject:BucketObject": Kind(
            cloud,
            "{bucket}-{name}",
            name=Name(),
            project=False,
            replace_on=frozenset(
                {"bucket", "name", "content", "source", "contentType", "storageClass", "cacheControl"}
            ),
            computed={
                "outputName": "{name}",
                "selfLink": "https://www.googleapis.com/storage/v1/b/{bucket}/o/{name}",
                "mediaLink": "https://storage.googleapis.com/download/storage/v1/b/{bucket}/o/{name}?alt=media",
            },
            served=CHECKSUMS,
            defaults={"storageClass": "STANDARD"},
        ),
        "gcp:pubsub/topic:Topic": Kind(
            cloud,
            "projects/{project}/topics/{name}",
            name=Name(pattern=PUBSUB_NAME),
            replace_on=frozenset({"name", "project", "tags"}),
            computed=LABELLED,
        ),
        "gcp:pubsub/subscription:Subscription": Kind(
            cloud,
            "projects/{project}/subscriptions/{name}",
            name=Name(pattern=PUBSUB_NAME),
            replace_on=frozenset({"name", "project", "topic", "filter", "enableMessageOrdering", "tags"}),
            computed=LABELLED,
            defaults={"ackDeadlineSeconds": 10, "messageRetentionDuration": "604800s"},
        ),
    }
