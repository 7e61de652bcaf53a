"""What people look at: five dashboards, each a question, in the order in which it is asked during an incident."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_datadog as dd

from infra.dashboards import health, llm, overview, product, reliability
from infra.identity import Identity


@dataclass(frozen=True)
class DashboardArgs:
    """The ids of what the widgets show: of objectives, monitors and workflows by their key."""

    identity: Identity
    slo_ids: Mapping[str, pulumi.Input[str]]
    monitor_ids: Mapping[str, pulumi.Input[str]]
    workflow_ids: Mapping[str, pulumi.Input[str]]
    runbooks: str


class Dashboards(pulumi.ComponentResource):
    """``overview_id`` and ``overview_path``, relative to the Datadog site; ``ids`` of all by key."""

    ids: dict[str, pulumi.Output[str]]
    overview_id: pulumi.Output[str]
    overview_path: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Dashboards", name, None, opts)
        identity = args.identity
        boards: dict[str, dict[str, Any]] = {
            "overview": overview.body(identity, args.slo_ids, args.monitor_ids, args.runbooks),
            "llm": llm.body(identity, args.workflow_ids),
            "reliability": reliability.body(identity, args.slo_ids, args.workflow_ids),
            "health": health.body(identity),
            "product": product.body(identity),
        }
        made = {
            key: dd.DashboardJson(
                f"{name}-{key}",
                dashboard=pulumi.Output.json_dumps(body, sort_keys=True),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, body in boards.items()
        }
        self.ids = {key: one.id for key, one in made.items()}
        self.overview_id, self.overview_path = made["overview"].id, made["overview"].url
        dd.DashboardList(
            f"{name}-list",
            name=identity.named("dashboards"),
            dash_items=[dd.DashboardListDashItemArgs(type="custom_timeboard", dash_id=one.id) for one in made.values()],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"ids": self.ids})
