"""The bucket with the run-time state that instances share: the model in use, the cache switch, the outbox.

A bucket is enough for small JSON objects that are written under a generation precondition, and it keeps every version
for the post-mortem.
"""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import storage

from infra.identity import Identity

KEPT_VERSIONS = 50
"""Old versions of an object: each switch of the model is one, so these are months."""

TEMPORARY, TEMPORARY_DAYS = ("budget/", "conversations/", "evaluation/", "idempotency/", "outbox/"), 7
"""Prefixes of temporary objects, and the days for which they are kept."""


@dataclass(frozen=True)
class StateBucketArgs:
    """``writer`` is the IAM member that reads and writes objects."""

    identity: Identity
    project: str
    region: str
    writer: pulumi.Output[str]


class StateBucket(pulumi.ComponentResource):
    """The bucket. The service gets ``bucket_name`` as STATE_BUCKET, and must wait for ``ready``."""

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
                        age=TEMPORARY_DAYS, matches_prefixes=list(TEMPORARY), with_state="ANY"
                    ),
                ),
            ],
            # The service can write the state again, so destroying the bucket loses nothing.
            force_destroy=True,
            labels=args.identity.labels,
            opts=child,
        )
        writer = storage.BucketIAMMember(
            f"{name}-writer", bucket=bucket.name, role="roles/storage.objectUser", member=args.writer, opts=child
        )
        self.bucket_name, self.ready = bucket.name, [writer]
        self.register_outputs({"bucket_name": self.bucket_name})
