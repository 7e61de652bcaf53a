"""The organisation's ordered lists. Two stacks that both declared one would undo each other's order.

A list must name all objects of its kind, also Datadog's and other teams', which keep their order after ours. The order
of indexes decides who pays for a log, so it is configured (indexOrder).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_datadog as dd

from infra.org.environments import Environment, read_all
from infra.products import Product


@dataclass(frozen=True)
class OrderArgs:
    """``index_order`` names all log indexes of the organisation; the first that matches takes a log."""

    environments: Sequence[Environment]
    index_order: Sequence[str]
    has: Callable[[Product], bool]


class Orders(pulumi.ComponentResource):
    """The orders of indexes, archives, pipelines, retention filters and scanner groups."""

    def __init__(self, name: str, args: OrderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:Orders", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def ours_first(export: str, existing: pulumi.Output[Sequence[str]]) -> pulumi.Output[list[str]]:
            ours = read_all(args.environments, export).apply(_ids)
            return pulumi.Output.all(ours=ours, existing=existing).apply(
                lambda ids: [*ids["ours"], *(other for other in ids["existing"] or () if other not in ids["ours"])]
            )

        if args.has("logs"):
            dd.LogsIndexOrder(
                f"{name}-indexes",
                name="log indexes",
                indexes=read_all(args.environments, "log_index").apply(
                    lambda declared: checked_order(args.index_order, declared)
                ),
                opts=child,
            )
            dd.LogsArchiveOrder(
                f"{name}-archives",
                archive_ids=ours_first("log_archive", dd.get_logs_archives_order_output().archive_ids),
                opts=child,
            )
        if args.has("log-pipelines"):
            dd.LogsPipelineOrder(
                f"{name}-pipelines",
                name="log pipelines",
                pipelines=ours_first("log_pipelines", dd.get_logs_pipelines_order_output().pipeline_ids),
                opts=child,
            )
        if args.has("apm"):
            dd.ApmRetentionFilterOrder(
                f"{name}-retention-filters",
                filter_ids=ours_first("retention_filters", dd.get_apm_retention_filters_order_output().filter_ids),
                opts=child,
            )
        if args.has("sensitive-data-scanner"):
            dd.SensitiveDataScannerGroupOrder(
                f"{name}-scanner-groups",
                group_ids=ours_first("scanner_group", dd.get_sensitive_data_scanner_group_order_output().group_ids),
                opts=child,
            )
        self.register_outputs({})


def _ids(exported: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the ids that the environments export, each a single id or a list, in the environments' order."""
    return [item for _, value in exported for item in (value if isinstance(value, list) else [value])]


def checked_order(order: Sequence[str], declared: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the order of the indexes, if it names every index that an environment declares.

    Raises :class:`pulumi.RunError` for a missing one: it would stand behind the index that takes everything, and stay
    empty.
    """
    for environment, index in declared:
        if index and index not in order:
            raise pulumi.RunError(
                f"stack {environment} declares the log index {index!r}, which llm-api-org:indexOrder in "
                f"infra/org/Pulumi.{pulumi.get_stack()}.yaml does not name ({', '.join(order)}): it would get no logs. "
                "Add it there, before the index that takes the rest"
            )
    return list(order)
