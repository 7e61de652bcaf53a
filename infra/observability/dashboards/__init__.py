"""The five dashboards, in the order in which an incident needs them. Every widget's title is a question."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_datadog as dd

from infra.contract import with_stand_in
from infra.identity import Identity
from infra.observability.dashboards import health, llm, overview, product, reliability
from infra.observability.dashboards.board import without_products
from infra.observability.products_read import ABSENT
from infra.products import Product

UNKNOWN_ID = ""
"""The stand-in for an id that is known only after deployment."""


@dataclass(frozen=True)
class DashboardArgs:
    """The ids of the SLOs, monitors and workflows that widgets show, by their keys.

    ``off`` are products that the organisation lacks: widgets that show their data are left out.
    """

    identity: Identity
    slo_ids: Mapping[str, pulumi.Input[str]]
    monitor_ids: Mapping[str, pulumi.Input[str]]
    workflow_ids: Mapping[str, pulumi.Input[str]]
    runbooks: str
    off: Set[Product] = frozenset()


class _Ids(dict[str, pulumi.Input[str]]):
    """Ids by key. What is not declared has one by which its widgets are left out."""

    def __missing__(self, key: str) -> str:
        return ABSENT


class Dashboards(pulumi.ComponentResource):
    """The dashboards. ``ids`` by key; ``overview_path`` is the overview's address below the web application."""

    ids: dict[str, pulumi.Output[str]]
    overview_path: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Dashboards", name, None, opts)
        identity = args.identity
        slos, monitors, workflows = map(_Ids, (args.slo_ids, args.monitor_ids, args.workflow_ids))
        bodies: dict[str, dict[str, Any]] = {
            "overview": overview.body(identity, slos, monitors, args.runbooks),
            "llm": llm.body(identity, workflows),
            "reliability": reliability.body(identity, slos, workflows),
            "health": health.body(identity),
            "product": product.body(identity),
        }
        bodies = {key: without_products(body, args.off) for key, body in bodies.items()}
        bodies = {key: body for key, body in bodies.items() if body["widgets"]}
        dashboards = {
            key: dd.DashboardJson(
                f"{name}-{key}",
                dashboard=with_stand_in(
                    pulumi.Output.json_dumps(body, sort_keys=True), json.dumps(body, default=lambda _: UNKNOWN_ID)
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, body in bodies.items()
        }
        self.ids = {key: dashboard.id for key, dashboard in dashboards.items()}
        self.overview_path = dashboards["overview"].url
        dd.DashboardList(
            f"{name}-list",
            name=identity.named("dashboards"),
            dash_items=[
                dd.DashboardListDashItemArgs(type="custom_timeboard", dash_id=dashboard_id)
                for dashboard_id in self.ids.values()
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"ids": self.ids})
