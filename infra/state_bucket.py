"""What the service's instances share at run time: the model in use, the cache switch, the outbox, in one bucket.

A bucket and not Firestore: small JSON objects, each written under a generation precondition, need no
database, no index and no second permission model, and every version of it is kept for the post-mortem.
"""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import storage

from infra.identity import Identity

KEPT_VERSIONS = 50
"""Past states of the object: each model switch is one, so this is months of them."""

PASSING, PASSING_DAYS = ("budget/", "conversations/", "evaluation/", "idempotency/", "outbox/"), 7
"""What the service keeps for a while only, and for how many days."""


@dataclass(frozen=True)
class StateBucketArgs:
    """``writer`` is the IAM member that reads and writes the object."""

    identity: Identity
    project: str
    region: str
    writer: pulumi.Output[str]


class StateBucket(pulumi.ComponentResource):
    """``bucket_name`` is what the service gets as STATE_BUCKET; ``ready`` is what it has to wait for."""

    bucket_name: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: StateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:StateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = storage.Bucket(
            f"{name}-bucket",
            project=args.project,
            name=f"{args.project}-{args.identity.service}-{args.identity.env}-state",
            location=args.region.upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=storage.BucketVersioningArgs(enabled=True),
            lifecycle_rules=[
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=storage.BucketLifecycleRuleConditionArgs(num_newer_versions=KEPT_VERSIONS),
                ),
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=storage.BucketLifecycleRuleConditionArgs(
                        age=PASSING_DAYS, matches_prefixes=list(PASSING), with_state="ANY"
                    ),
                ),
            ],
            # The object can be written again by the service at any time: nothing that a destroy must protect.
            force_destroy=True,
            labels=args.identity.labels,
            opts=child,
        )
        writer = storage.BucketIAMMember(
            f"{name}-writer", bucket=bucket.name, role="roles/storage.objectUser", member=args.writer, opts=child
        )
        self.bucket_name, self.ready = bucket.name, [writer]
        self.register_outputs({"bucket_name": self.bucket_name})
