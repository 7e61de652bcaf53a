"""Cloud Storage buckets."""

from collections.abc import Iterator

from policies.policy import Resource, Stack, policy


@policy(
    "bucket-closed",
    "gcp:storage:Bucket",
    description="A bucket prevents public access and has no permissions on single objects.",
    prevents="An access list on one object makes a private bucket public. This is the most common leak, and one of "
    "the two rules for Google Cloud in Pulumi's public policy packs.",
    link="https://cloud.google.com/storage/docs/public-access-prevention",
)
def bucket_closed(bucket: Resource, stack: Stack) -> Iterator[str]:
    """Check public access prevention and uniform access."""
    if bucket.get("publicAccessPrevention") != "enforced":
        yield 'Set publicAccessPrevention to "enforced": the bucket can be made public.'
    if not bucket.get("uniformBucketLevelAccess"):
        yield "Set uniformBucketLevelAccess to true: single objects can have access lists of their own."
