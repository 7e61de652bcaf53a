"""Log storage: an index for searches over two weeks, and an archive in a bucket for a year.

The organisation's ordered list of indexes (infra/org/) decides which index takes a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import storage

from infra.identity import Identity
from infra.objectives import LOG_ARCHIVE_DAYS, LOG_DAYS, LOGS_A_DAY, REPEATED_LINES_DROPPED

STORAGE_CLASS_AFTER_DAYS = 30
"""An archive is read within a month of an incident, or in an audit, for which the colder class costs less."""


@dataclass(frozen=True)
class LogStorageArgs:
    """``index`` is the index's name; Datadog writes as the account ``archivist`` once ``ready`` exists.

    Without an account there is no archive.
    """

    identity: Identity
    project: str
    region: str
    index: str
    archivist: pulumi.Input[str] | None
    ready: Sequence[pulumi.Resource]


class LogStorage(pulumi.ComponentResource):
    """Index, bucket and archive. The organisation's lists name ``index_name`` and ``archive_ids``, one or none."""

    index_name: pulumi.Output[str]
    archive_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: LogStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:LogStorage", name, None, opts)
        identity, child = args.identity, pulumi.ResourceOptions(parent=self)
        query = f"service:{identity.service} env:{identity.env}"
        index = dd.LogsIndex(
            f"{name}-index",
            name=args.index,
            filters=[dd.LogsIndexFilterArgs(query=query)],
            retention_days=LOG_DAYS,
            # Limits the cost of a logging loop; the archive keeps everything.
            daily_limit=LOGS_A_DAY,
            # Stated, because otherwise an update of another property can turn the limit off (policy log-index-bounded).
            disable_daily_limit=False,
            daily_limit_warning_threshold_percentage=80,
            # The provider finds a difference at every preview if one of the keys is left out.
            daily_limit_reset=dd.LogsIndexDailyLimitResetArgs(reset_time="00:00", reset_utc_offset="+00:00"),
            exclusion_filters=[
                dd.LogsIndexExclusionFilterArgs(
                    name="debug",
                    is_enabled=True,
                    # A library at level DEBUG must not use up the daily limit.
                    filters=[dd.LogsIndexExclusionFilterFilterArgs(query="status:debug", sample_rate=1.0)],
                ),
                dd.LogsIndexExclusionFilterArgs(
                    name="answers-from-the-cache",
                    is_enabled=True,
                    # These lines differ only in their time, and llm.logs.chats counts each of them.
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
        self.index_name = index.name
        self.archive_ids = [] if args.archivist is None else [self._archive(name, args, query, args.archivist)]
        self.register_outputs({"index_name": self.index_name, "archive_ids": self.archive_ids})

    def _archive(self, name: str, args: LogStorageArgs, query: str, archivist: pulumi.Input[str]) -> pulumi.Output[str]:
        """Declare the bucket, the archive in it and Datadog's access; return the archive's id."""
        identity, child = args.identity, pulumi.ResourceOptions(parent=self)
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
            # Destroying the stack must not delete the only copy of old logs.
            force_destroy=False,
            labels=identity.labels,
            opts=child,
        )
        member = pulumi.Output.from_input(archivist).apply("serviceAccount:{}".format)
        grants: list[pulumi.Resource] = [
            storage.BucketIAMMember(f"{name}-{key}", bucket=bucket.name, role=role, member=member, opts=child)
            for key, role in (
                ("writer", "roles/storage.objectCreator"),
                # For rehydration, and for Datadog's own check of it.
                ("reader", "roles/storage.objectViewer"),
            )
        ]
        archive = dd.LogsArchive(
            f"{name}-archive",
            name=identity.named("All logs, for a year"),
            query=query,
            gcs_archive=dd.LogsArchiveGcsArchiveArgs(
                bucket=bucket.name, client_email=archivist, path="logs", project_id=args.project
            ),
            # Without tags a rehydrated log belongs to no version and no team.
            include_tags=True,
            # Datadog writes a test object when the archive is created, for which it needs the grants.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*grants, *args.ready]),
        )
        return archive.id
