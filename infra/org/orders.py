"""The organisation's ordered lists. Each has one owner: two stacks that both declared one would undo each other's.

Every list must name all objects of its sort, also those of Datadog and of other teams: these keep their order, behind
ours. The order of indexes is different, as it decides who pays for which log: people write it down (indexOrder).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_datadog as dd

from infra.org.environments import Environment, all_of


@dataclass(frozen=True)
class OrderArgs:
    """``index_order`` names every log index of the organisation, first match first."""

    environments: Sequence[Environment]
    index_order: Sequence[str]


class Orders(pulumi.ComponentResource):
    """Indexes, archives, pipelines, retention filters, scanner groups."""

    def __init__(self, name: str, args: OrderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:Orders", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def ours_first(export: str, existing: pulumi.Output[Sequence[str]]) -> pulumi.Output[list[str]]:
            ours = all_of(args.environments, export).apply(_ids)
            return pulumi.Output.all(ours=ours, existing=existing).apply(
                lambda ids: [*ids["ours"], *(one for one in ids["existing"] or () if one not in ids["ours"])]
            )

        dd.LogsIndexOrder(
            f"{name}-indexes",
            name="log indexes",
            indexes=all_of(args.environments, "log_index").apply(
                lambda declared: checked_order(args.index_order, declared)
            ),
            opts=child,
        )
        dd.LogsArchiveOrder(
            f"{name}-archives",
            archive_ids=ours_first("log_archive", dd.get_logs_archives_order_output().archive_ids),
            opts=child,
        )
        dd.LogsPipelineOrder(
            f"{name}-pipelines",
            name="log pipelines",
            pipelines=ours_first("log_pipelines", dd.get_logs_pipelines_order_output().pipeline_ids),
            opts=child,
        )
        dd.ApmRetentionFilterOrder(
            f"{name}-retention-filters",
            filter_ids=ours_first("retention_filters", dd.get_apm_retention_filters_order_output().filter_ids),
            opts=child,
        )
        dd.SensitiveDataScannerGroupOrder(
            f"{name}-scanner-groups",
            group_ids=ours_first("scanner_group", dd.get_sensitive_data_scanner_group_order_output().group_ids),
            opts=child,
        )
        self.register_outputs({})


def _ids(exported: Sequence[tuple[str, Any]]) -> list[str]:
    """The ids that the environments export, each one id or several, in the environments' order."""
    return [one for _, value in exported for one in (value if isinstance(value, list) else [value])]


def checked_order(order: Sequence[str], declared: Sequence[tuple[str, str]]) -> list[str]:
    """The order of the indexes, when it names every one that an environment declares.

    Raises :class:`pulumi.RunError` for one that it does not: a new index stands behind the one that takes everything,
    gets no log, and each search of it finds nothing.
    """
    for environment, index in declared:
        if index not in order:
            raise pulumi.RunError(
                f"stack {environment} declares the log index {index!r}, which llm-api-org:indexOrder in "
                f"infra/org/Pulumi.{pulumi.get_stack()}.yaml does not name ({', '.join(order)}): it would get no log. "
                "Name it there, before the index that takes the rest"
            )
    return list(order)
