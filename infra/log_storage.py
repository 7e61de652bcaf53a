"""Where this environment's logs are kept: an index to search for two weeks, an archive in a bucket for a year.

Which index a log falls into is the organisation's one ordered list: infra/org/ names this index there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import storage

from infra.identity import Identity
from infra.objectives import LOG_ARCHIVE_DAYS, LOG_DAYS, LOGS_A_DAY, REPEATED_LINES_DROPPED

STORAGE_CLASS_AFTER_DAYS = 30
"""An archive is read in the month of an incident, or not until an audit: then the cheaper class costs less."""


@dataclass(frozen=True)
class LogStorageArgs:
    """``index`` is the index's name; ``archivist`` whom Datadog acts as in the project, once ``ready`` is there."""

    identity: Identity
    project: str
    region: str
    index: str
    archivist: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]


class LogStorage(pulumi.ComponentResource):
    """``index_name`` and ``archive_id`` are what the organisation's order lists name."""

    index_name: pulumi.Output[str]
    archive_id: pulumi.Output[str]
    bucket_name: pulumi.Output[str]

    def __init__(self, name: str, args: LogStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:LogStorage", name, None, opts)
        identity, child = args.identity, pulumi.ResourceOptions(parent=self)
        query = f"service:{identity.service} env:{identity.env}"
        index = dd.LogsIndex(
            f"{name}-index",
            name=args.index,
            filters=[dd.LogsIndexFilterArgs(query=query)],
            retention_days=LOG_DAYS,
            # A loop that logs would else be paid for until somebody sees the bill; the archive keeps it all the same.
            daily_limit=LOGS_A_DAY,
            daily_limit_warning_threshold_percentage=80,
            # Both keys: with one of them left out the provider used to find a difference at every preview.
            daily_limit_reset=dd.LogsIndexDailyLimitResetArgs(reset_time="00:00", reset_utc_offset="+00:00"),
            exclusion_filters=[
                dd.LogsIndexExclusionFilterArgs(
                    name="debug",
                    is_enabled=True,
                    # A library that somebody set to DEBUG must not use up the day's limit.
                    filters=[dd.LogsIndexExclusionFilterFilterArgs(query="status:debug", sample_rate=1.0)],
                ),
                dd.LogsIndexExclusionFilterArgs(
                    name="answers-from-the-cache",
                    is_enabled=True,
                    # They differ in nothing but their time, and llm.logs.chats counts each of them.
                    filters=[
                        dd.LogsIndexExclusionFilterFilterArgs(
                            query="@event:chat @cached:true @outcome:ok", sample_rate=REPEATED_LINES_DROPPED
                        )
                    ],
                ),
            ],
            tags=identity.tags,
            opts=child,
        )
        bucket = storage.Bucket(
            f"{name}-bucket",
            project=args.project,
            name=f"{args.project}-{identity.service}-{identity.env}-logs",
            location=args.region.upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            lifecycle_rules=[
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="SetStorageClass", storage_class="COLDLINE"),
                    condition=storage.BucketLifecycleRuleConditionArgs(age=STORAGE_CLASS_AFTER_DAYS),
                ),
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                    condition=storage.BucketLifecycleRuleConditionArgs(age=LOG_ARCHIVE_DAYS),
                ),
            ],
            # What nothing else holds any more is not deleted because a stack is.
            force_destroy=False,
            labels=identity.labels,
            opts=child,
        )
        member = pulumi.Output.from_input(args.archivist).apply("serviceAccount:{}".format)
        grants: list[pulumi.Resource] = [
            storage.BucketIAMMember(f"{name}-{what}", bucket=bucket.name, role=role, member=member, opts=child)
            for what, role in (
                ("writer", "roles/storage.objectCreator"),
                # To bring archived logs back (rehydration), and for Datadog's own check that it can.
                ("reader", "roles/storage.objectViewer"),
            )
        ]
        archive = dd.LogsArchive(
            f"{name}-archive",
            name=identity.named("everything, for a year"),
            query=query,
            gcs_archive=dd.LogsArchiveGcsArchiveArgs(
                bucket=bucket.name, client_email=args.archivist, path="logs", project_id=args.project
            ),
            # Without its tags a log that is brought back belongs to no version and no team.
            include_tags=True,
            # Datadog writes a test object when the archive is made: the binding must be there.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*grants, *args.ready]),
        )
        self.index_name, self.archive_id, self.bucket_name = index.name, archive.id, bucket.name
        self.register_outputs({"index_name": self.index_name, "archive_id": self.archive_id})
