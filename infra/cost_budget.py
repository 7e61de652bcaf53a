"""What the service may cost at Google in a month: Cloud Cost Management compares, and says before the bill does."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.config import Budget
from infra.identity import Identity


@dataclass(frozen=True)
class CostBudgetArgs:
    """Whose costs, and how much they may be."""

    identity: Identity
    project: str
    budget: Budget


class CostBudget(pulumi.ComponentResource):
    """The hourly alert sees a runaway; the budget sees what grows by a little each day."""

    def __init__(self, name: str, args: CostBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:CostBudget", name, None, opts)
        year = args.budget.year
        months = [year * 100 + month for month in range(1, 13)]
        dd.CostBudget(
            name,
            name=args.identity.named(f"Google Cloud {year}"),
            metrics_query=f"sum:gcp.cost.amortized{{project_id:{args.project}}} by {{service}}",
            start_month=months[0],
            end_month=months[-1],
            budget_lines=[
                # The label of the service, which Google's bill carries too.
                dd.CostBudgetBudgetLineArgs(
                    tag_filters=[
                        dd.CostBudgetBudgetLineTagFilterArgs(tag_key="service", tag_value=args.identity.service)
                    ],
                    amounts={str(month): float(args.budget.dollars_a_month) for month in months},
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
